# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated ALOHA: answers requests to its configuration API as documented, and otherwise as its switches say."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .switches import Fault, Switches
from .tree import CHILDREN, NAME, ROOTS, Refusal, Thing, Tree, listed

SCOPES = ("root", "spare")
_STATUS = {2: 400, 3: 400, 4: 400, 1: 400, 20: 404, 21: 404, 22: 404, 23: 400, 24: 400, 25: 400}
_HTML = "<html><head><title>Error</title></head><body><h1>It is broken</h1></body></html>"


class Dropped(Exception):
    """The connection ends without an answer."""


@dataclass
class Reply:
    """What goes back."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass
class Request:
    """What came, for tests to look at."""

    method: str
    path: str
    body: str = ""


class Appliance:
    """One appliance. ``ignored`` are values that came and are neither text nor null. ``faults`` are of requests to
    come, by their number from now on, the first is 1; ``ambushes`` are of the next requests with a method and a path,
    one after the other; ``always`` is of every request. ``before`` is called with each request before it is looked at.
    """

    def __init__(
        self, switches: Switches | None = None, user: str = "admin", password: str = "s3cr3t-0f-aloha"
    ) -> None:
        self.switches = switches or Switches()
        self.user, self.password = user, password
        self.scopes = {name: Tree(self.switches) for name in SCOPES}
        self._saved = {name: tree.copy() for name, tree in self.scopes.items()}
        self.requests: list[Request] = []
        self.ignored: list[tuple[str, str, Any]] = []
        self.faults: dict[int, Fault] = {}
        self.ambushes: dict[tuple[str, str], list[Fault]] = {}
        self.always: Fault | None = None
        self.before: Callable[[Request], None] | None = None
        self.is_saved = True
        self._stale: dict[str, tuple[int, str]] = {}
        self._lock = threading.Lock()

    @property
    def root(self) -> Tree:
        return self.scopes["root"]

    @property
    def holds_anything(self) -> bool:
        """Whether there is any object in the usual scope."""
        return any(self.root.roots.values())

    def strike(self, number: int, fault: Fault) -> None:
        """Let the request with that number from now on meet a fault."""
        self.faults[len(self.requests) + number] = fault

    def ambush(self, method: str, path: str, *faults: Fault) -> None:
        """Let the next requests with that method and path meet faults, one each."""
        self.ambushes[method, path] = list(faults)

    def is_slow(self, method: str, path: str) -> bool:
        """Whether the request that comes now is one that nobody answers; it is none then."""
        fault = self.faults.get(len(self.requests) + 1) or next(iter(self.ambushes.get((method, path), [])), None)
        if fault is None or fault.kind != "slow":
            return False
        if self.faults.pop(len(self.requests) + 1, None) is None:
            self.ambushes[method, path].pop(0)
        return True

    def reboot(self) -> None:
        """Forget what was not saved."""
        self.scopes = {name: tree.copy() for name, tree in self._saved.items()}
        self.is_saved = True

    def answer(self, method: str, path: str, content_type: str = "", body: str = "") -> Reply:
        """What comes back for a request whose credentials are right. Raises Dropped."""
        with self._lock:
            request = Request(method, path, body)
            self.requests.append(request)
            self.ignored += _ignored(path, body)
            if self.before is not None:
                self.before(request)
            lying = self.ambushes.get((method, path), [])
            fault = self.faults.pop(len(self.requests), None) or (lying.pop(0) if lying else self.always)
            if fault is None:
                return self._done(method, path, content_type, body)
            return self._struck(fault, method, path, content_type, body)

    def _struck(self, fault: Fault, method: str, path: str, content_type: str, body: str) -> Reply:
        if fault.kind == "drop":
            raise Dropped
        if fault.kind == "drop_after":
            self._done(method, path, content_type, body)
            raise Dropped
        if fault.kind == "lock":
            headers = {"X-Alctl-Errno": "100", "X-Alctl-Errstr": "locked"} if self.switches.lock_errno else {}
            return self._error(Reply(self.switches.lock_status, headers))
        if fault.kind == "html":
            return Reply(502, {"Content-Type": "text/html"}, _HTML)
        if fault.kind == "status":
            return Reply(fault.number)
        if fault.number == 122 and method != "GET":
            self._done(method, path, content_type, body)
        headers = {"X-Alctl-Errno": str(fault.number), "X-Alctl-Errstr": f"error number {fault.number}"}
        return self._error(Reply(_STATUS.get(fault.number, 500), headers))

    def _error(self, reply: Reply) -> Reply:
        if self.switches.error_body == "html":
            reply.body = _HTML
        return reply

    def _done(self, method: str, path: str, content_type: str, body: str) -> Reply:
        if path == "/simulated/save" and method == "POST":
            self._saved = {name: tree.copy() for name, tree in self.scopes.items()}
            self.is_saved = True
            return Reply(200)
        if method in ("POST", "PUT") and content_type.partition(";")[0] != "application/json":
            return self._error(Reply(415))
        try:
            return self._routed(method, path, body)
        except Refusal as refusal:
            status = _STATUS.get(refusal.errno, 500)
            headers = {"X-Alctl-Errno": str(refusal.errno), "X-Alctl-Errstr": str(refusal)}
            if refusal.errno == 22 and not self.switches.missing_errno:
                headers = {}
            return self._error(Reply(status, headers))

    def _routed(self, method: str, path: str, body: str) -> Reply:
        parts = path.split("/")
        if parts[:4] != ["", "api", "2", "scope"] or len(parts) < 7 or not all(map(NAME.fullmatch, parts[4:])):
            return self._error(Reply(404))
        scope, kind = parts[4], ROOTS.get((parts[5], parts[6]))
        if scope not in self.scopes or kind is None:
            return self._error(Reply(404))
        tree, rest = self.scopes[scope], parts[7:]
        if len(rest) in (0, 2):
            siblings = tree.roots[kind]
            if rest:
                if rest[1] != CHILDREN[kind][0]:
                    return self._error(Reply(404))
                if rest[0] not in siblings:
                    raise Refusal(22, "no such object")
                siblings = siblings[rest[0]].children
            if method != "GET":
                return self._error(Reply(405))
            return Reply(200, body=listed(sorted(siblings), self.switches.listing == "braces"))
        if len(rest) == 3 and rest[1] == CHILDREN[kind][0]:
            if rest[0] not in tree.roots[kind]:
                raise Refusal(22, "no such object")
            siblings, kind, name = tree.roots[kind][rest[0]].children, CHILDREN[kind][1], rest[2]
        elif len(rest) == 1:
            siblings, name = tree.roots[kind], rest[0]
        else:
            return self._error(Reply(404))
        if method == "GET":
            return self._read(tree, siblings, name, path)
        before = copy.deepcopy(siblings.get(name))
        shown = json.dumps(tree.shown(siblings[name])) if name in siblings else ""
        reply = self._written(method, tree, siblings, kind, name, body)
        if reply.status == 200:
            broken = tree.dangling() or ("" if self.switches.duplicates else tree.conflicts())
            if broken:
                siblings.pop(name, None)
                if before is not None:
                    siblings[name] = before
                raise Refusal(101, broken)
            self.is_saved = False
            if self.switches.stale_reads:
                self._stale[path] = (self.switches.stale_reads, shown)
        return reply

    def _read(self, tree: Tree, siblings: dict[str, Thing], name: str, path: str) -> Reply:
        left, shown = self._stale.pop(path, (0, ""))
        if left > 1:
            self._stale[path] = (left - 1, shown)
        if left and shown:
            return Reply(200, body=shown)
        if name not in siblings or left:
            raise Refusal(22, "no such object")
        return Reply(200, body=json.dumps(tree.shown(siblings[name])))

    def _written(self, method: str, tree: Tree, siblings: dict[str, Thing], kind: str, name: str, body: str) -> Reply:
        create = self.switches.create
        if method == "DELETE":
            if name not in siblings:
                raise Refusal(22, "no such object")
            if siblings[name].children and not self.switches.cascade:
                raise Refusal(25, "the object is not empty")
            del siblings[name]
            return Reply(200)
        document = self._document(body)
        if method == "POST":
            if create == "put":
                return self._error(Reply(405))
            if name in siblings:
                raise Refusal(23, "object exists")
            siblings[name] = Thing(kind, tree.accepted(kind, document, siblings, name, {}))
            return Reply(200)
        if method != "PUT":
            return self._error(Reply(405))
        if name not in siblings:
            if create == "post":
                raise Refusal(22, "no such object")
            siblings[name] = Thing(kind, tree.accepted(kind, document, siblings, name, {}))
            return Reply(200)
        base = siblings[name].values if self.switches.put == "partial" else {}
        siblings[name].values = tree.accepted(kind, document, siblings, name, base)
        return Reply(200)

    @staticmethod
    def _document(body: str) -> dict[str, Any]:
        try:
            document = json.loads(body.encode().decode("ascii"))
        except ValueError:
            raise Refusal(1, "no JSON in US-ASCII") from None
        if not isinstance(document, dict):
            raise Refusal(1, "no JSON object")
        return document


def _ignored(path: str, body: str) -> list[tuple[str, str, Any]]:
    """The values of a document that an appliance ignores without a word."""
    try:
        document = json.loads(body)
    except ValueError:
        return []
    said = document.items() if isinstance(document, dict) else ()
    return [(path, name, value) for name, value in said if value is not None and not isinstance(value, str)]
