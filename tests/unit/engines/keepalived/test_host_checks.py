# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only the director can tell of a health check: whether its program runs, whether PCRE2 takes its pattern."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived import daemon
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.host_checks import refusals
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.programs import flaw
from ansible_collections.evenkeel.lb.plugins.module_utils._host import pcre2
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed, HostFault
from ansible_collections.evenkeel.lb.plugins.module_utils._model.services import services
from ansible_collections.evenkeel.lb.tests.unit.engines.keepalived.test_checkers import configuration
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

FOLDER = stat.S_IFDIR | 0o755
PROGRAM = stat.S_IFREG | 0o755
SCRIPT = "/usr/local/bin/check"


class Host(FakeSystem):
    """A host with files that have owners and modes, and a keepalived of some version."""

    def __init__(self, keepalived: str = "2.2.7") -> None:
        super().__init__()
        self.tree: dict[str, tuple[int, int, int]] = {
            **dict.fromkeys(("/", "/usr", "/usr/local", "/usr/local/bin", "/bin", "/srv"), (FOLDER, 0, 0)),
            SCRIPT: (PROGRAM, 0, 0),
            "/bin/sh": (PROGRAM, 0, 0),
        }
        self.links: dict[str, str] = {}
        self.files[SCRIPT] = "#!/bin/sh\nexit 0\n"
        version = Completed(0, "", f"Keepalived v{keepalived} (01/16,2022)\n")
        self.programs = {
            "realpath": self._realpath,
            "stat": self._stat,
            "head": lambda argv: Completed(0, self.files.get(argv[-1], "")[:256], ""),
            "test": lambda argv: Completed(0 if argv[-1] in self.tree else 1, "", ""),
            "keepalived": lambda _argv: version,
        }

    def _realpath(self, argv: Sequence[str]) -> Completed:
        path = self.links.get(argv[-1], argv[-1])
        return Completed(0, f"{path}\n", "") if path in self.tree else Completed(1, "", "No such file or directory")

    def _stat(self, argv: Sequence[str]) -> Completed:
        assert argv[1:3] == ("--format", "%f %u %g") or list(argv[1:3]) == ["--format", "%f %u %g"]
        paths = argv[argv.index("--") + 1 :]
        lines = [f"{mode:x} {uid} {gid}\n" for mode, uid, gid in map(self.tree.__getitem__, paths)]
        return Completed(0, "".join(lines), "")


def test_a_program_of_root_runs():
    assert flaw(Host(), SCRIPT) is None


def test_machine_code_runs():
    host = Host()
    host.files[SCRIPT] = "\x7fELF\x02\x01"
    assert flaw(host, SCRIPT) is None


def test_a_link_is_followed_and_its_own_place_does_not_count():
    host = Host()
    host.links["/home/me/check"] = SCRIPT
    assert flaw(host, "/home/me/check") is None


@pytest.mark.parametrize(
    ("path", "file", "message"),
    [
        (SCRIPT, (stat.S_IFREG | 0o644, 0, 0), "is no program that may be executed"),
        (SCRIPT, (stat.S_IFDIR | 0o755, 0, 0), "is no program that may be executed"),
        (SCRIPT, (PROGRAM, 1000, 0), "can be changed by others than root"),
        (SCRIPT, (stat.S_IFREG | 0o757, 0, 0), "can be changed by others than root"),
        (SCRIPT, (stat.S_IFREG | 0o775, 0, 50), "can be changed by others than root"),
        ("/usr/local/bin", (stat.S_IFDIR | 0o775, 0, 50), "/usr/local/bin around it can be changed"),
        ("/usr/local", (FOLDER, 1000, 0), "/usr/local around it can be changed"),
    ],
)
def test_a_program_that_keepalived_leaves_out_has_a_flaw(path, file, message):
    host = Host()
    host.tree[path] = file
    found = flaw(host, SCRIPT)
    assert found is not None and message in found.message and found.allowed


@pytest.mark.parametrize("file", [(stat.S_IFDIR | 0o1777, 0, 0), (stat.S_IFDIR | 0o775, 0, 0)])
def test_folders_where_others_can_change_nothing_of_roots_are_fine(file):
    host = Host()
    host.tree["/usr/local"] = file
    assert flaw(host, SCRIPT) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exit 0\n", "does not say what it is to be run by"),
        ("#!\nexit 0\n", "does not say what it is to be run by"),
        ("", "does not say what it is to be run by"),
        ("#! /opt/python -E\n", "is to be run by /opt/python, which is not here"),
    ],
)
def test_what_the_kernel_could_not_start_has_a_flaw(text, message):
    """keepalived would take it for a success, for ever."""
    host = Host()
    host.files[SCRIPT] = text
    found = flaw(host, SCRIPT)
    assert found is not None and message in found.message and found.allowed


def asked(check: dict[str, Any], host: Host) -> list[tuple[str, str]]:
    found = refusals(services(configuration(check), "keepalived"), host)
    assert all(problem.allowed for problem in found)
    return [(problem.path, problem.message) for problem in found]


def test_a_missing_program_is_a_problem_of_its_field():
    check = {"type": "script", "script": "/usr/local/bin/other"}
    assert asked(check, Host()) == [
        ("health_checks[alive].script", "there is no /usr/local/bin/other on this director")
    ]
    assert asked({"type": "script", "script": SCRIPT}, Host()) == []
    assert asked({"type": "none"}, Host()) == []


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a(b", "missing closing parenthesis, at byte 3"),
        ("[z-a]", "range out of order in character class, at byte 3"),
        (r"\bok", "looks behind where it matches, which needs keepalived 2.4.0, here is keepalived 2.2.7"),
        ("(?<=a)b", "looks behind where it matches"),
        (r"\Aok", "looks behind where it matches"),
    ],
)
def test_a_pattern_that_keepalived_would_stumble_over_is_a_problem_of_its_field(pattern, message):
    ((path, said),) = asked({"type": "http", "expect": pattern, "regex": True}, Host())
    assert path == "health_checks[alive].expect" and message in said


@pytest.mark.parametrize("pattern", ["ok|fine", "^ok", "o+k{2,3}[^x]", "(?i)ok", "a(?=b)", "a(?!b)", r"\d\\b"])
def test_other_patterns_are_fine(pattern):
    assert asked({"type": "https", "expect": pattern, "regex": True}, Host()) == []
    assert asked({"type": "https", "expect": "a(b"}, Host()) == []


def test_from_2_4_0_on_a_pattern_may_look_behind():
    assert asked({"type": "http", "expect": r"\bok", "regex": True}, Host("2.4.0")) == []


def test_before_2_3_3_a_datagram_cannot_end_with_a_certain_byte():
    check = {"type": "udp", "send": r"\xff\xff", "expect": r"\xffa"}
    (problem,) = asked(check, Host("2.3.2"))
    message = r"ends with \xff, which needs keepalived 2.3.3, here is keepalived 2.3.2"
    assert problem == ("health_checks[alive].send", message)
    assert asked(check, Host("2.3.3")) == []


def test_without_pcre2_nothing_is_said(monkeypatch):
    monkeypatch.setattr(pcre2, "_LIBRARY", "libno-such.so")
    assert asked({"type": "http", "expect": "a(b", "regex": True}, Host()) == []


class Checked(FakeSystem):
    """A host whose keepalived says something about every configuration, and lets root ping on the way."""

    def __init__(self, said: str, rc: int) -> None:
        super().__init__()
        self.files = {daemon.MAIN: f"include {daemon.FILE}\n", daemon._PING_GROUPS: "1\t0\n"}
        self._said = Completed(rc, "", said)
        self.programs = {"keepalived": self._keepalived}

    def _keepalived(self, argv: Sequence[str]) -> Completed:
        self.files[daemon._PING_GROUPS] = "0\t0\n"
        candidate = argv[-1] != daemon.MAIN
        return self._said if candidate else Completed(0, "", "")


NO_SECURITY = "SECURITY VIOLATION - check scripts are being executed but script_security not enabled."


def test_a_program_that_tests_is_no_complaint_and_pinging_is_left_as_it_was():
    host = Checked(f"{NO_SECURITY}\n", 6)
    assert daemon.refusals(host, {}) == []
    assert host.files[daemon._PING_GROUPS] == "1\t0\n"


def test_a_program_that_is_not_safe_stays_a_complaint():
    (problem,) = daemon.refusals(Checked(f"{NO_SECURITY} There are insecure scripts.\n", 6), {})
    assert "insecure scripts" in problem.message


@pytest.mark.parametrize("stuck", [daemon._CANDIDATE, daemon._CANDIDATE_MAIN])
def test_of_two_candidates_one_is_removed_also_where_the_other_cannot_be(stuck):
    class Stuck(Checked):
        def remove(self, path: str) -> None:
            if path == stuck:
                raise HostFault(f"cannot remove {path}")
            super().remove(path)

    host = Stuck("", 0)
    with pytest.raises(HostFault, match="cannot remove"):
        daemon.refusals(host, {})
    assert {path for path in host.files if ".evenkeel-" in path} == {stuck}
