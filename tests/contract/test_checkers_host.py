# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every type of health check on real directors, with the keepalived of Debian 12 and 13, against real servers."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.words import flaw, quoted
from ansible_collections.evenkeel.lb.tests.contract.checker_cases import (
    EVERY_TYPE,
    FAST,
    HTTP,
    HTTP_PORT,
    INTERVAL,
    NOBODY,
    PARAMETERS,
    PROGRAM,
    QUIET,
    REFUSED,
    RETRIES,
    SCRIPT,
    SIGNS,
    SOURCE,
    SOURCE6,
    WEB,
    WEB6,
    timed,
)
from ansible_collections.evenkeel.lb.tests.contract.checker_lab import (
    Servers,
    Watch,
    document,
    ports_with_servers,
    reconcile,
    settled,
)
from ansible_collections.evenkeel.lb.tests.contract.director import REPOSITORY, Director, lab
from ansible_collections.evenkeel.lb.tests.contract.targets import PORTS
from ansible_collections.evenkeel.lb.tests.unit.engines.keepalived.test_words import hostile

SPEC = REPOSITORY / "tests/contract/checkers.yml"
LAB_NAME = f"contract-checks-{os.getpid()}"
# Between what the kernel holds and what we see of it, on a machine that has other things to do too.
SLACK = 1.5
HOSTILE_TEXTS = 40
SELF_SIGNED = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=www.example.com".split()
# With nothing at all to do keepalived would not tell systemd that it is ready.
MAIN = "static_routes {\\n}\\ninclude /etc/keepalived/evenkeel.conf\\n"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    lab("up", str(SPEC), "--name", LAB_NAME)
    try:
        certificate = tmp_path_factory.mktemp("tls") / "web.pem"
        subprocess.run(
            [*SELF_SIGNED, "-keyout", certificate, "-out", certificate.with_suffix(".crt")],
            check=True,
            capture_output=True,
        )
        with certificate.open("a") as file:
            file.write(certificate.with_suffix(".crt").read_text())
        running = Servers(LAB_NAME, certificate)
        yield running
        running.close()
    finally:
        lab("down", LAB_NAME)


@pytest.fixture(scope="module", params=["lb1", "lb2"], ids=["Debian 12", "Debian 13"])
def host(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Director]:
    """A director with keepalived, addresses to test from, and a program that tests."""
    director = Director(LAB_NAME, request.param)
    director.equip("keepalived", "ipvsadm")
    director.shell(
        f"modprobe ip_vs; printf '{MAIN}' > /etc/keepalived/keepalived.conf;"
        f"ip address add {SOURCE}/24 dev eth1; ip address add {SOURCE6}/64 dev eth1 nodad;"
        f"cat > {SCRIPT}; chmod 755 {SCRIPT}",
        PROGRAM.encode(),
    )
    servers.forget_neighbours()
    yield director
    director.shell(f"ip address del {SOURCE}/24 dev eth1; ip address del {SOURCE6}/64 dev eth1")
    director.close()


@pytest.fixture
def director(host: Director, servers: Servers) -> Iterator[Director]:
    """The director with nothing of ours, while all servers are up."""
    servers.all("up")
    host.shell("touch /run/well; rm -f /run/slow")
    yield host
    assert reconcile(host, {})["state"] in ("applied", "unchanged")


def test_a_server_leaves_after_so_many_failures_and_is_back_after_one_success(
    director: Director, servers: Servers, request: pytest.FixtureRequest
) -> None:
    """Refused or unanswered, by every type of check, within what interval, timeout and retries say; never sooner."""
    name = request.node.callspec.params["host"]
    checks = {port: (address, timed(check)) for port, (address, check) in EVERY_TYPE.items()}
    assert reconcile(director, document(checks))["state"] == "applied"
    all_ports = set(checks)
    assert settled(director, all_ports) == all_ports
    watch = Watch(LAB_NAME, name)
    try:
        for mode in ("closed", "silent"):

            def fail(mode: str = mode) -> None:
                servers.all(mode)
                director.shell("rm /run/well" if mode == "closed" else "touch /run/slow")

            def recover() -> None:
                servers.all("up")
                director.shell("touch /run/well; rm -f /run/slow")

            failing = all_ports if mode == "closed" else all_ports - QUIET
            limit = RETRIES * (INTERVAL + 1) + 4 * SLACK
            gone = watch.seconds_until(fail, all_ports - failing, limit)
            print(name, mode, gone)
            for port, seconds in gone.items():
                # who does not answer to pings does so in silence
                silent = mode == "silent" or checks[port][1]["type"] == "icmp"
                timeout = checks[port][1]["timeout"] if silent else 0
                before = checks[port][1]["timeout"] if port in QUIET else 0  # is waited for by a test that succeeds
                most = before + RETRIES * (INTERVAL + timeout) + SLACK
                assert (RETRIES - 1) * INTERVAL - 0.1 < seconds < most, (mode, port)
            back = watch.seconds_until(recover, all_ports, limit)
            print(name, "back", back)
            for port, seconds in back.items():
                tests = 2 if port in HTTP else 1
                assert seconds < tests * INTERVAL + checks[port][1]["timeout"] + SLACK, (mode, port)
    finally:
        watch.close()


def test_one_failure_short_of_retries_is_nothing(director: Director, servers: Servers) -> None:
    checks = {port: (address, timed(check) | {"retries": 40}) for port, (address, check) in EVERY_TYPE.items()}
    assert reconcile(director, document(checks))["state"] == "applied"
    assert settled(director, set(checks)) == set(checks)
    servers.all("closed")
    director.shell("rm /run/well")
    time.sleep(4)
    assert ports_with_servers(director) == set(checks)


def test_when_keepalived_starts_one_failure_is_enough(director: Director, servers: Servers) -> None:
    """But not for servers that are new to one that runs, and not with SMTP."""
    servers.all("closed")
    director.shell("rm /run/well; systemctl start keepalived")
    checks = {port: (address, timed(check) | {"retries": 100}) for port, (address, check) in EVERY_TYPE.items()}
    assert reconcile(director, document(checks))["state"] == "applied"
    time.sleep(4)
    assert ports_with_servers(director) == set(checks)
    director.shell("systemctl restart keepalived")
    smtp = {port for port, (_address, check) in checks.items() if check["type"] == "smtp"}
    assert settled(director, smtp) == smtp


def test_each_parameter_makes_the_difference(director: Director, servers: Servers) -> None:
    checks = {
        port: (WEB, {**FAST, **check} if check["type"] != "none" else check)
        for port, (check, _healthy) in enumerate(PARAMETERS, 100)
    }
    # a host that is gone: silence is enough to tell, but for a datagram without an expected answer
    gone = [{"type": "icmp"}, {"type": "tcp"}, {"type": "dns"}, {"type": "udp", "timeout": 4}]
    checks |= {port: (NOBODY, {**FAST, **check}) for port, check in enumerate(gone, 90)}
    from_ = {port: {**FAST, **HTTP_PORT, "uri": f"/from/{SOURCE6}", "source": SOURCE6} for port in (80,)}
    checks |= {port: (WEB6, check) for port, check in from_.items()}
    assert reconcile(director, document(checks))["state"] == "applied"
    expected = {80} | {port for port, (_check, healthy) in enumerate(PARAMETERS, 100) if healthy}
    found = settled(director, expected)
    wrong = {port: checks[port] for port in found ^ expected}
    assert not wrong
    assert director.shell("cat /run/said").split() in (["2", WEB, "9000", "root"], ["2", WEB, "9001", "root"])


@pytest.mark.parametrize("type_", ["tcp", "dns", "udp", "smtp"])
def test_a_test_comes_from_the_address_that_is_asked_for(director: Director, servers: Servers, type_: str) -> None:
    """Of HTTP this is among the parameters above."""
    check = {**FAST, "type": type_, "port": PORTS[type_], "source": SOURCE}
    servers.tell("asked")
    more = {"expect": "pong"} if type_ == "udp" else {}
    assert reconcile(director, document({1: (WEB, check | more)}))["state"] == "applied"
    end = time.monotonic() + 10
    senders: set[str] = set()
    while not senders and time.monotonic() < end:
        time.sleep(0.1)
        senders = {sender for name, sender, _said in servers.tell("asked") if name == type_}
    assert senders == {SOURCE}


def test_what_is_asked_is_what_was_said(director: Director, servers: Servers) -> None:
    """The requests as they reach the servers, byte for byte."""
    servers.tell("asked")
    checks = {
        1: (WEB, {**FAST, "type": "dns", "port": PORTS["dns"], "query": "WWW.Example.com.", "record_type": "MX"}),
        2: (WEB, {**FAST, "type": "smtp", "port": PORTS["smtp"], "host": "lb1.example.com"}),
        3: (WEB, {**FAST, "type": "udp", "port": PORTS["udp"], "send": r"\x00\xfe" + SIGNS, "expect": "x"}),
        4: (WEB6, {**FAST, **HTTP_PORT, "uri": "/a?b=%20&c;d+e,f:g=h", "http_version": "1.1"}),
    }
    assert reconcile(director, document(checks))["state"] == "applied"
    time.sleep(2)
    asked = {(name, said) for name, _sender, said in servers.tell("asked")}
    assert ("dns", str(("www.example.com", 15))) in asked
    assert ("smtp", "HELO lb1.example.com") in asked
    assert ("udp", (b"\x00\xfe" + SIGNS.encode()).hex()) in asked
    request = "GET /a?b=%20&c;d+e,f:g=h HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\n"
    assert ("http", f"{request}Host: [{WEB6}]:8080\r\n\r\n") in asked


def hostile_texts(count: int) -> tuple[int, list[str]]:
    """Different texts in one line, full of what means something to keepalived; of a seed that is printed."""
    seed = int(os.environ.get("EVENKEEL_SEED") or secrets.randbits(32))
    print(f"EVENKEEL_SEED={seed}")
    found: dict[str, None] = dict.fromkeys(['"', "{", "}", "\\", "$", "~SEQ(x, 1, 9) a", "${_HASH}", "@x y", "!#'"])
    line = hostile | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)

    @seeded(seed)
    @settings(max_examples=20 * count, phases=[Phase.generate], database=None)
    @given(line.filter(lambda text: 0 < len(text) < 60 and text.isprintable()))
    def draw(text: str) -> None:
        found[text] = None

    draw()
    return seed, list(found)[:count]


def test_no_expected_text_is_misunderstood(director: Director, servers: Servers) -> None:
    """Whatever the text is: an answer that holds it is fine, one that differs in its last byte is not."""
    _seed, texts = hostile_texts(HOSTILE_TEXTS)
    checks: dict[int, tuple[str, dict[str, Any]]] = {}
    for number, text in enumerate(texts):
        octets = text.encode()
        other = octets[:-1] + bytes([octets[-1] ^ 1])
        expect = text.replace("\\", "\\\\")
        for port, body in ((1000 + number, octets), (2000 + number, other)):
            checks[port] = (WEB, {**FAST, **HTTP_PORT, "uri": f"/body/{body.hex()}", "expect": expect})
        sent = b"say " + octets
        send = "".join(f"\\x{octet:02x}" for octet in sent)
        checks[3000 + number] = (WEB, {**FAST, "type": "udp", "port": PORTS["udp"], "send": send, "expect": expect})
    answer = reconcile(director, document(checks))
    assert answer["state"] == "applied", answer
    expected = {port for port in checks if not 2000 <= port < 3000}
    found = settled(director, expected, 30)
    assert {port: checks[port][1] for port in found ^ expected} == {}


def test_what_is_quoted_arrives_and_breaks_out_of_nothing(director: Director, servers: Servers) -> None:
    """Any text without a flaw as the name of a web server: the whole configuration is taken, and that name arrives."""
    _seed, texts = hostile_texts(2 * HOSTILE_TEXTS)
    names = [text for text in texts if flaw(text) is None]
    assert len(names) > 20
    lines = []
    for number, text in enumerate(names):
        lines += [
            f"virtual_server 10.10.0.60 {1000 + number} {{",
            "  protocol TCP",
            "  lvs_sched rr",
            "  lvs_method NAT",
            f"  real_server {WEB} {PORTS['http']} {{",
            "    delay_loop 1",
            "    HTTP_GET {",
            "      url {",
            f"        path {quoted(f'/named/{number}')}",
            f"        virtualhost {quoted(text)}",
            "      }",
            "    }",
            "  }",
            "}",
        ]
    director.shell("cat > /root/hostile.conf", "\n".join([*lines, ""]).encode())
    assert director.shell("keepalived -t -f /root/hostile.conf 2>&1; echo $?") == "0\n"
    servers.tell("asked")
    director.shell(
        "cp -a /etc/keepalived/keepalived.conf /root/keep && cp /root/hostile.conf /etc/keepalived/keepalived.conf"
    )
    try:
        director.shell("systemctl restart keepalived")
        arrived: dict[int, str] = {}
        end = time.monotonic() + 20
        while len(arrived) < len(names) and time.monotonic() < end:
            time.sleep(0.2)
            for name, _sender, said in servers.tell("asked"):
                if name == "http":
                    path, host = said.split(" ", 2)[1], said.partition("\r\nHost: ")[2]
                    arrived[int(path.rpartition("/")[2])] = host.encode("latin-1").decode().removesuffix("\r\n\r\n")
        assert [arrived.get(number) for number in range(len(names))] == names
    finally:
        director.shell("mv /root/keep /etc/keepalived/keepalived.conf; systemctl restart keepalived")


@pytest.mark.parametrize("case", REFUSED)
def test_what_keepalived_would_do_wrong_in_silence_is_refused(director: Director, case: str) -> None:
    check, message = REFUSED[case]
    director.shell(
        f"install -m 777 {SCRIPT} /tmp/others; echo 'exit 0' > /usr/local/sbin/text; chmod 755 /usr/local/sbin/text"
    )
    answer = reconcile(director, document({1: (WEB, check)}))
    assert answer["state"] == "refused"
    (problem,) = (problem for problem in answer["problems"] if problem.startswith("health_checks[c1]."))
    assert message in problem


def test_testing_a_configuration_changes_nothing(director: Director) -> None:
    """keepalived -t that reads a PING_CHECK changes a setting of the kernel, which is put back."""
    director.shell("systemctl stop keepalived; printf '5\\t9\\n' > /proc/sys/net/ipv4/ping_group_range")
    try:
        answer = reconcile(director, document({1: (WEB, {"type": "icmp"})}), check=True)
        assert answer["state"] == "planned"
        assert director.shell("cat /proc/sys/net/ipv4/ping_group_range").split() == ["5", "9"]
    finally:
        director.shell("printf '1\\t0\\n' > /proc/sys/net/ipv4/ping_group_range; systemctl start keepalived")


@pytest.mark.parametrize("globals_", ["enable_script_security", "enable_script_security\\n script_user nobody", ""])
def test_programs_run_whatever_the_user_set_for_his_own(director: Director, globals_: str) -> None:
    main = f"global_defs {{\\n {globals_}\\n}}\\n{MAIN}"
    director.shell(
        f"cp -a /etc/keepalived/keepalived.conf /root/keep; printf '{main}' > /etc/keepalived/keepalived.conf"
    )
    try:
        answer = reconcile(director, document({1: (WEB, {**FAST, "type": "script", "script": SCRIPT, "port": 9000})}))
        assert answer["state"] == "applied", answer
        assert settled(director, {1}) == {1}
        director.shell("rm /run/well")
        assert settled(director, set()) == set()
        assert director.shell("cat /run/said").split()[-1] == "root"
    finally:
        assert reconcile(director, {})["state"] == "applied"
        director.shell("mv /root/keep /etc/keepalived/keepalived.conf; systemctl reload keepalived")
