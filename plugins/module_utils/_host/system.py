# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only door to the host: programs, files, sockets, locks and the clock. Private to evenkeel.lb.

Everything that touches the machine goes through :class:`System`, so that unit tests can put a fake in its place and a
reader can see in one file what the collection is able to do to a host.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, TypeVar


class HostFault(Exception):
    """The host refused or did not answer; the message names the file or program."""


@dataclass(frozen=True)
class Completed:
    """How a program ended."""

    rc: int
    stdout: str
    stderr: str


_Seen = TypeVar("_Seen")


class System:
    """This machine. ``record`` is where the intended configuration lies, ``run_lock`` what keeps runs apart."""

    record = "/etc/evenkeel/lb.json"
    run_lock = "/run/lock/evenkeel-lb.lock"
    _seen: Optional[Dict[Any, Any]] = None

    @classmethod
    def keeping(cls, folder: str) -> System:
        """This machine where it works for a director that has no room for a record of ours, which lies in ``folder``
        instead."""
        machine = cls()
        machine.record, machine.run_lock = os.path.join(folder, "lb.json"), os.path.join(folder, "lock")
        return machine

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        """A block in which we change nothing: what is looked at by ``once`` is looked at once."""
        self._seen = {}
        try:
            yield
        finally:
            self._seen = None

    def once(self, look: Callable[[System], _Seen]) -> _Seen:
        """What ``look`` finds on this machine now, or found since the begin of a block that is still."""
        if self._seen is None:
            return look(self)
        if look not in self._seen:
            self._seen[look] = look(self)
        found: _Seen = self._seen[look]
        return found

    def which(self, program: str) -> Optional[str]:
        """Where a program is, also in the system directories a plain user's PATH lacks."""
        return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin")

    def run(self, argv: Sequence[str], timeout: float = 30.0, given: str = "") -> Completed:
        """Run a program in the C locale with ``given`` as its standard input; a missing program or one that exceeds
        ``timeout`` seconds is a HostFault."""
        program = self.which(argv[0])
        if program is None:
            raise HostFault(f"{argv[0]} is not installed")
        try:
            # runs below every layer that knows AnsibleModule, so its run_command is not at hand
            done = subprocess.run(  # pylint: disable=ansible-bad-function
                [program, *argv[1:]],
                input=given.encode("utf-8"),
                capture_output=True,
                timeout=timeout,
                env={**os.environ, "LC_ALL": "C"},
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise HostFault(f"{' '.join(argv)} did not end within {timeout:g} s") from None
        except OSError as error:
            raise HostFault(f"{' '.join(argv)}: {error.strerror}") from error
        return Completed(
            done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        )

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder of that name."""
        return os.path.exists(path)

    def listed(self, folder: str) -> Optional[List[str]]:
        """The paths of what is in a folder, sorted; None where it is no folder."""
        try:
            return sorted(os.path.join(folder, name) for name in os.listdir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise HostFault(f"cannot look into {folder}: {error}") from error

    def read(self, path: str) -> Optional[str]:
        """The text of a file, or None when there is none."""
        try:
            with open(path, encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise HostFault(f"cannot read {path}: {error}") from error

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Replace a file as a whole: readers see the old text or the new, also after a power cut."""
        folder = os.path.dirname(path)
        try:
            os.makedirs(folder, mode=0o755, exist_ok=True)
            # always of the same name, so that runs which are killed here leave one at most, until the next one writes
            temporary = os.path.join(folder, f".evenkeel-{os.path.basename(path)}")
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    os.fchmod(file.fileno(), mode)
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                os.rename(temporary, path)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)
                raise
            self._sync_folder(folder)
        except OSError as error:
            raise HostFault(f"cannot write {path}: {error}") from error

    def write_in_place(self, path: str, text: str) -> None:
        """Write to a file that cannot be replaced, because it is a setting of the kernel."""
        try:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise HostFault(f"cannot write {path}: {error}") from error

    def rename(self, path: str, new: str) -> None:
        """Give a file another name in its folder, replacing what had that name; nothing can be seen in between."""
        try:
            os.rename(path, new)
            self._sync_folder(os.path.dirname(new))
        except OSError as error:
            raise HostFault(f"cannot rename {path} to {new}: {error}") from error

    def remove(self, path: str) -> None:
        """Remove a file; one that is not there is fine."""
        try:
            os.unlink(path)
            self._sync_folder(os.path.dirname(path))
        except FileNotFoundError:
            return
        except OSError as error:
            raise HostFault(f"cannot remove {path}: {error}") from error

    @staticmethod
    def _sync_folder(folder: str) -> None:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def lock(self, path: str, timeout: float) -> Iterator[None]:
        """Hold an exclusive lock (flock) while the block runs; the kernel gives it back when the process dies."""
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            end = self.now() + timeout
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError as error:
                    if error.errno not in (errno.EAGAIN, errno.EACCES):
                        raise HostFault(f"cannot lock {path}: {error}") from error
                if self.now() >= end:
                    raise HostFault(f"another run holds {path} for more than {timeout:g} s")
                self.sleep(0.1)
            yield
        finally:
            os.close(handle)

    def socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """A socket of this machine."""
        return socket.socket(family, kind | socket.SOCK_CLOEXEC, protocol)

    def now(self) -> float:
        """Seconds of a clock that never goes back."""
        return time.monotonic()

    def clock(self) -> float:
        """Seconds since 1970 by the machine's own clock, which people may set."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
