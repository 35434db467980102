# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real browser without a screen: Chromium, driven by the DevTools protocol over two pipes."""

from __future__ import annotations

import base64
import json
import os
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Root cannot have Chromium's sandbox; the pages are our own. The rest keeps it from talking to anybody by itself.
_FLAGS = """
    --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --remote-debugging-pipe
""".split()
# Seconds that one answer may take on a machine where much else goes on.
_PATIENCE = 60.0

Message = dict[str, Any]


class Browser:
    """A running Chromium. `events` are those it told and nobody asked for, in order."""

    def __init__(self, commands: int, answers: int) -> None:
        """The file descriptors that commands are written to and answers are read from."""
        self.events: list[Message] = []
        self._commands, self._answers = commands, answers
        self._number = 0
        self._rest = b""

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Message:
        """What the browser answers to a command. RuntimeError when it refuses."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        data = json.dumps(message if session is None else {**message, "sessionId": session}).encode() + b"\0"
        while data:
            data = data[os.write(self._commands, data) :]
        answer = self._next(lambda told: told.get("id") == self._number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        result: Message = answer["result"]
        return result

    def await_event(self, method: str, session: str) -> None:
        """Return once the event was told in the session."""

        def wanted(told: Message) -> bool:
            return told.get("method") == method and told.get("sessionId") == session

        if not any(map(wanted, self.events)):
            self._next(wanted)

    def _next(self, wanted: Callable[[Message], bool]) -> Message:
        """The next message that is wanted; events before it, and it, are kept. TimeoutError when it does not come."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            while b"\0" not in self._rest:
                if not select.select([self._answers], [], [], max(0.0, deadline - time.monotonic()))[0]:
                    raise TimeoutError(f"the browser was silent for {_PATIENCE:.0f} s")
                data = os.read(self._answers, 1 << 20)
                if not data:
                    raise RuntimeError("the browser ended")
                self._rest += data
            told, _zero, self._rest = self._rest.partition(b"\0")
            message: Message = json.loads(told)
            if "method" in message:
                self.events.append(message)
            if wanted(message):
                return message


class Page:
    """A page that was opened and has loaded."""

    def __init__(self, browser: Browser, address: str, width: int, dark: bool = False) -> None:
        """Open the address in a window of that many CSS pixels."""
        self._browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self._call("Emulation.setScrollbarsHidden", hidden=True)
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call("Page.navigate", url=address)
        browser.await_event("Page.loadEventFired", self._session)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript in the page. RuntimeError when it throws."""
        told = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in told:
            raise RuntimeError(f"{expression}: {told['exceptionDetails']}")
        return told["result"].get("value")

    def errors(self) -> list[Message]:
        """What the page told on the console as an error, and exceptions that nobody caught."""
        return [
            params
            for method, params in self._told()
            if method == "Runtime.exceptionThrown"
            or (method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"))
            or (method == "Log.entryAdded" and params["entry"]["level"] == "error")
        ]

    def requests(self) -> list[str]:
        """Addresses of everything that the page asked for, itself the first."""
        return [params["request"]["url"] for method, params in self._told() if method == "Network.requestWillBeSent"]

    def screenshot(self, whole: bool = True) -> bytes:
        """A picture of the page in PNG."""
        told = self._call("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(told["data"])

    def _told(self) -> Iterator[tuple[str, Message]]:
        # One more answer, so that what was told until now has arrived.
        self._call("Runtime.evaluate", expression="0")
        for event in self._browser.events:
            if event.get("sessionId") == self._session:
                yield event["method"], event["params"]

    def _call(self, method: str, **parameters: Any) -> Message:
        return self._browser.call(method, self._session, **parameters)


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """A new browser, with an empty directory for its profile and its log; it has ended afterwards."""
    ours_in, theirs_out = os.pipe()
    theirs_in, ours_out = os.pipe()
    log = profile / "log"
    write = os.O_WRONLY | os.O_CREAT
    # Chromium reads commands from 3 and answers on 4.
    process = os.posix_spawnp(
        "chromium",
        ["chromium", *_FLAGS, f"--user-data-dir={profile / 'data'}", "about:blank"],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, str(log), write, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            (os.POSIX_SPAWN_DUP2, theirs_in, 3),
            (os.POSIX_SPAWN_DUP2, theirs_out, 4),
        ],
    )
    os.close(theirs_in)
    os.close(theirs_out)
    browser = Browser(ours_out, ours_in)
    try:
        yield browser
        browser.call("Browser.close")
    finally:
        # It ends by itself when nobody is at the other end of its pipes.
        os.close(ours_out)
        os.close(ours_in)
        os.waitpid(process, 0)
