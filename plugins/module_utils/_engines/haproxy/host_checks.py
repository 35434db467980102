# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only the director can tell of a candidate, before anything moves. Private to evenkeel.lb.

``haproxy -c`` is asked about the candidate together with the user's files. It does not mind two proxies on one port,
nor a port that another program has; those are found here.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from typing import Dict, Iterator, List, Sequence, Tuple

from ..._host.system import HostFault, System
from ..._model.addresses import version_of
from ..._model.problems import Problem, in_order
from ..blocks import subject_at
from . import files, programs, unit
from .parse import Complaint, binds_in, complaints, listeners_in, proxies_in
from .render import document, header
from .state import Desired
from .words import FILE, FOLDER

# In memory: a candidate holds keys.
_CANDIDATE = "/run/evenkeel/haproxy"
# configuration is fine; nothing to listen on, which cannot be as our file has a socket
_RC_FINE = 0


def looked(desired: Desired, system: System) -> List[Problem]:
    """What is wrong that needs no more than looking."""
    found = unit.lacking(system)
    if found:
        return found
    problems = [
        Problem(path, f"there is no file {file} on the director", "the path of a file that is there, in PEM")
        for path, file in files.missing(system, list(desired.files))
    ]
    problems += _addresses(desired, system)
    problems += _quic(desired, system)
    theirs = _theirs(system)
    problems += unallowed(desired.programs, theirs, system)
    problems += _names(desired, theirs)
    problems += _binds(desired, theirs, system)
    return list(in_order(problems))


def refusals(desired: Desired, system: System) -> List[Problem]:
    """What is wrong, also in the eyes of ``haproxy -c``."""
    found = looked(desired, system)
    return found or _asked(desired, system)


def _theirs(system: System) -> Dict[str, str]:
    """The user's files: those that the unit loads beside ours, also of folders."""
    found: Dict[str, str] = {}
    for file in unit.command(system).files:
        if file == FILE:
            continue
        inside = system.listed(file)
        for name in [file] if inside is None else [name for name in inside if name.endswith(".cfg")]:
            text = system.read(name)
            if text is not None:
                found[name] = text
    return found


def unallowed(wanted: Sequence[Tuple[str, str]], theirs: Dict[str, str], system: System) -> Iterator[Problem]:
    """What stands against programs (path in the model, file): in the user's files, and in the programs themselves."""
    said = {
        word: (argument, f"{file} line {number}")
        for file, text in sorted(theirs.items())
        for number, word, argument in programs.settings_in(text)
    }
    for path, script in wanted:
        lacking = [word for word in programs.CONSENT if word not in said]
        folder, where = said.get("chroot", ("/", ""))
        if lacking:
            message = f"cannot be run: the global section of haproxy.cfg does not say {' and '.join(lacking)}"
            yield Problem(path, message, "both there, where it is yours to decide, or a type that needs no program")
        elif folder != "/":
            message = f"cannot be run: {where} shuts HAProxy into {folder}, where no program is"
            yield Problem(path, message, "no chroot in your global section, or a type that needs no program")
        elif system.run(["test", "-f", script, "-a", "-x", script]).rc != 0:
            message = f"{script} is no program of this director that may be executed"
            yield Problem(path, message, "a file that is there, with mode 0755")


def _names(desired: Desired, theirs: Dict[str, str]) -> Iterator[Problem]:
    for file, text in theirs.items():
        taken = proxies_in(text)
        for name, path in sorted(desired.proxies.items()):
            if name in taken:
                yield Problem(path, f"{name} is a proxy of {file} line {taken[name]} already", "another name")


def _binds(desired: Desired, theirs: Dict[str, str], system: System) -> Iterator[Problem]:
    others = [bind for file, text in theirs.items() for bind in binds_in(text, file)]
    done = system.run(["ss", "-H", "-l", "-t", "-n", "-p"])
    others += listeners_in(done.stdout, ("haproxy",))
    by_port: Dict[int, list] = {}  # type: ignore[type-arg]
    for other in others:
        if other.first == other.last:
            by_port.setdefault(other.first, []).append(other)
    ranges = [other for other in others if other.first != other.last]
    for path, bind in desired.binds:
        near = [*ranges, *(other for port in range(bind.first, bind.last + 1) for other in by_port.get(port, ()))]
        for other in near:
            if bind.meets(other):
                ports = str(bind.first) if bind.first == bind.last else f"{bind.first}-{bind.last}"
                message = f"{bind.address} port {ports} is taken by {other.owner}"
                yield Problem(path, message, "an address and port that nothing else listens on")
                break


def _addresses(desired: Desired, system: System) -> Iterator[Problem]:
    """``haproxy -c`` does not mind an address that nobody has, and a reload fails for it."""
    known: Dict[str, bool] = {}
    for path, address in desired.addresses:
        if address not in known:
            known[address] = _can_listen(address, system)
        if not known[address]:
            message = f"{address} is no address of this director"
            yield Problem(path, message, "an address it has, a VIP of an HA group, or sysctl net.ipv4.ip_nonlocal_bind")


def _can_listen(address: str, system: System) -> bool:
    family = socket.AF_INET6 if version_of(address) == 6 else socket.AF_INET
    try:
        with contextlib.closing(system.socket(family, socket.SOCK_STREAM)) as door:
            door.bind((address, 0))
    except OSError as error:
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            return False
        raise HostFault(f"cannot listen on {address}: {error.strerror}") from error
    return True


def _quic(desired: Desired, system: System) -> Iterator[Problem]:
    if not desired.quic:
        return
    built = system.run(["haproxy", "-vv"]).stdout
    for path in desired.quic:
        if "+QUIC " not in built:
            yield Problem(path, "quic: the HAProxy of this director is built without QUIC", "protocol: https")


def _asked(desired: Desired, system: System) -> List[Problem]:
    candidate = {
        file.replace(FOLDER, _CANDIDATE) if file != FILE else f"{_CANDIDATE}/evenkeel.cfg": text.replace(
            f"{FOLDER}/", f"{_CANDIDATE}/"
        )
        for file, text in files.wanted(system, desired.blocks).items()
    }
    own = f"{_CANDIDATE}/evenkeel.cfg"
    try:
        for file, text in candidate.items():
            system.write(file, text, mode=files.mode_of(file))
        others = [file for file in unit.command(system).files if file != FILE]
        words = ["haproxy", "-c", *(word for file in [*others, own] for word in ("-f", file))]
        done = system.run(words, timeout=120)
    finally:
        for file in candidate:
            system.remove(file)
    if done.rc == _RC_FINE:
        return []
    found = complaints(done.stderr + done.stdout)
    if not found:
        return [Problem("haproxy", f"haproxy -c ended with status {done.rc} and said nothing", "see journalctl")]
    said, paths = document(desired.blocks), _paths(desired)
    return list(in_order(_problem(complaint, own, said, paths) for complaint in found))


def _problem(complaint: Complaint, own: str, said: str, paths: Dict[int, str]) -> Problem:
    text = complaint.text.replace(f"{_CANDIDATE}/", f"{FOLDER}/")
    if complaint.file == own:
        where = paths.get(complaint.line) or subject_at(said, complaint.line) or FILE
        return Problem(where, f"haproxy -c says: {text}")
    if complaint.file:
        return Problem(complaint.file, f"haproxy -c says of line {complaint.line}: {text}")
    return Problem("haproxy", f"haproxy -c says: {text}")


def _paths(desired: Desired) -> Dict[int, str]:
    """The path in the model of each line of the file, counted from 1, where there is one."""
    found: Dict[int, str] = {}
    number = len(header(desired.blocks).splitlines())
    for section in desired.sections:  # by their subjects, as their blocks are
        number += 2  # a gap, and the mark
        for path in section.paths:
            number += 1
            found[number] = path
    return found
