# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HAProxy engine on real directors with HAProxy 2.6 and 3.0: files, process, and what a failure leaves."""

from __future__ import annotations

import copy
import shlex
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.filter.lb_parse import lb_parse
from ansible_collections.evenkeel.lb.tests.contract.director import Director
from ansible_collections.evenkeel.lb.tests.contract.haproxy_lab import (
    CERTIFICATE,
    FILE,
    HOSTS,
    USERS,
    reconcile,
)
from ansible_collections.evenkeel.lb.tests.contract.haproxy_tls import (
    CERTIFY_ISSUER,
    chain_shown,
    end_of,
    fingerprint,
    issue,
    shown,
    told_of_certificates,
    with_tls,
)

STATE = f"""
for file in {FILE} {USERS} /etc/haproxy/evenkeel/* /etc/evenkeel/lb.json; do echo "== $file"; cat $file; done 2>&1
ls -A /etc/haproxy; systemctl show -p ActiveState -p MainPID -p NRestarts haproxy
ss -H -l -t -n | awk '{{print $4}}' | sort
"""
# A client that keeps a connection until it is let go, and then asks on it once more.
HOLD = """
import http.client, pathlib, time
held = http.client.HTTPConnection('127.0.0.1', 8083, timeout=5)
for step, after in (('held', 'go'), ('gone', None)):
    held.request('GET', '/')
    pathlib.Path(f'/run/hold/{step}').write_bytes(held.getresponse().read())
    while after and not pathlib.Path(f'/run/hold/{after}').exists(): time.sleep(0.05)
"""
# A module begins to wait within that.
SECONDS_OF_A_RUN = 3
PROCESSES = "echo 'show proc;quit' | python3 /root/ask.py /run/haproxy-master.sock"


@pytest.fixture(params=HOSTS)
def director(haproxy_hosts: dict[str, Director], request: pytest.FixtureRequest) -> Director:
    """Each test begins with a director that holds nothing of ours."""
    host = haproxy_hosts[request.param]
    host.shell("systemctl stop hold flapping 2>/dev/null || true")
    answer = reconcile(host, {})
    assert answer["state"] in ("applied", "unchanged"), answer
    return host


def web() -> dict[str, Any]:
    """An HTTP service with two servers and a test of them."""
    servers = [{"name": f"s{number}", "address": "127.0.0.1", "port": 7000 + number, "weight": 10} for number in (1, 2)]
    return {
        "health_checks": [{"name": "http", "type": "http", "interval": 0.5, "retries": 2}],
        "farms": [{"name": "web", "health_check": "http", "balance": "weighted_round_robin", "servers": servers}],
        "virtual_servers": [
            {"name": "web", "vip": "127.0.0.1", "port": 8080, "type": "layer7", "protocol": "http", "farm": "web"}
        ],
    }


def answers(director: Director, url: str = "http://127.0.0.1:8080/", count: int = 20) -> dict[str, int]:
    """Which servers answered, by their ports."""
    script = f"for i in $(seq {count}); do curl -sk --max-time 5 {url} || echo none; echo; done"
    found: dict[str, int] = {}
    for line in director.shell(script).split("\n"):
        if line:
            found[line.split()[0]] = found.get(line.split()[0], 0) + 1
    return found


def worker(director: Director) -> str:
    """The process that serves."""
    return director.shell("echo 'show info' | python3 /root/ask.py | grep ^Pid:")


# As somebody has it who knows nothing of this collection.
BY_HAND = """
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    option httpchk GET /alive
    default-server inter 300ms fall 2 rise 1
frontend shop
    bind 127.0.0.1:8080
    acl no path /no
    http-request deny deny_status 403 if no
    use_backend sorry if { nbsrv(shop) lt 1 }
    default_backend shop
backend shop
    balance roundrobin
    cookie SRV insert indirect nocache
    retries 2
    server a 127.0.0.1:7001 check weight 30 cookie a
    server b 127.0.0.1:7002 check weight 10 maxconn 50 cookie b
    server c 127.0.0.1:7009 check backup
backend sorry
    server last 127.0.0.1:7003
"""


def test_a_haproxy_cfg_by_hand_is_brought_over_and_our_own_file_comes_back(director: Director) -> None:
    brought = lb_parse(BY_HAND, "haproxy", on_loss="report")
    assert (brought["left_out"], "frontend" in brought["rest"]) == ([], False)
    assert reconcile(director, brought["configuration"])["state"] == "applied"
    assert answers(director) == {"7001": 15, "7002": 5}
    assert director.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/no") == "403"
    # it is the same to HAProxy, and recorded as what the text says: with a weight for each server, for one
    again = reconcile(director, lb_parse(director.shell(f"cat {FILE}"), "haproxy"))
    assert (again["steps"], again["reload"], again["problems"]) == ([], [], [])


def test_from_nothing_to_a_service_and_again(director: Director) -> None:
    planned = reconcile(director, web(), check=True)
    assert planned["state"] == "planned"
    applied = reconcile(director, web())
    assert (applied["state"], applied["steps"]) == ("applied", planned["steps"]), applied
    assert [entry.partition(";")[0] for entry in applied["reload"]] == ["haproxy reload"]
    assert answers(director) == {"7001": 10, "7002": 10}
    assert director.shell(f"stat -c %a {FILE} /etc/evenkeel/lb.json").split() == ["600", "600"]
    again = reconcile(director, web())
    assert again["state"] == "unchanged", again
    assert director.shell("curl -s http://127.0.0.1:9999/").startswith("7001")


@pytest.mark.parametrize(
    ("change", "expected", "impact"),
    [
        ({"weight": 30}, {"7001": 15, "7002": 5}, "new_connections"),
        ({"state": "drained"}, {"7002": 20}, "new_connections"),
        ({"state": "disabled"}, {"7002": 20}, "reset"),
        ({"port": 7003}, {"7002": 10, "7003": 10}, "new_connections"),
    ],
)
def test_what_the_process_can_be_told_needs_no_reload(
    director: Director, change: dict[str, Any], expected: dict[str, int], impact: str
) -> None:
    reconcile(director, web())
    before = worker(director)
    document = web()
    document["farms"][0]["servers"][0].update(change)
    planned = reconcile(director, document, check=True)
    assert [step[2] for step in planned["steps"]] == [impact]
    applied = reconcile(director, document)
    assert (applied["state"], applied["reload"], applied["steps"]) == ("applied", [], planned["steps"]), applied
    assert worker(director) == before
    assert answers(director) == expected
    assert reconcile(director, document)["state"] == "unchanged"
    # and back
    assert (reconcile(director, web())["reload"], worker(director)) == ([], before)
    assert answers(director) == {"7001": 10, "7002": 10}


def test_members_come_and_go_without_a_reload(director: Director) -> None:
    reconcile(director, web())
    before = worker(director)
    document = web()
    document["farms"][0]["servers"].append({"name": "s3", "address": "127.0.0.1", "port": 7003, "weight": 10})
    applied = reconcile(director, document)
    assert (applied["state"], applied["reload"]) == ("applied", []), applied
    assert answers(director, count=30) == {"7001": 10, "7002": 10, "7003": 10}
    removed = reconcile(director, web())
    assert (removed["state"], removed["reload"], removed["steps"]) == (
        "applied", [], [["change", "farm web as web:http", "drain"]]
    ), removed  # fmt: skip
    assert (worker(director), answers(director)) == (before, {"7001": 10, "7002": 10})
    # what was told is what a new process finds in the file
    director.shell("systemctl restart haproxy")
    assert reconcile(director, web())["state"] == "unchanged"


@pytest.mark.parametrize(
    ("command", "subject"),
    [
        ("set weight web:http/s1 99", "farm web as web:http"),
        ("set server web:http/s1 state maint", "farm web as web:http"),
        ("set server web:http/s1 state drain", "farm web as web:http"),
        ("set server web:http/s1 addr 127.0.0.9 port 7009", "farm web as web:http"),
        ("add server web:http/x 127.0.0.1:7003", "farm web as web:http"),
        ("set server web:http/s1 state maint; del server web:http/s1", "farm web as web:http"),
    ],
)
def test_what_somebody_told_the_process_is_seen_and_put_back(director: Director, command: str, subject: str) -> None:
    reconcile(director, web())
    before = worker(director)
    director.shell(f"echo '{command}' | python3 /root/ask.py")
    seen = reconcile(director, web(), check=True)
    assert [step[:2] for step in seen["steps"]] == [["repair", subject]]
    answer = reconcile(director, web())
    assert (answer["state"], answer["reload"], worker(director)) == ("applied", [], before), answer
    assert reconcile(director, web())["state"] == "unchanged"


@pytest.mark.parametrize(
    "damage",
    [
        f"sed -i s/roundrobin/leastconn/ {FILE}",
        f": > {FILE}",
        f"rm {FILE}",
        "systemctl stop haproxy",
        f"sed -i s/roundrobin/leastconn/ {FILE}; systemctl restart haproxy",
        f"sed -i 's/timeout client.*/timeout client 9s/' {FILE}; systemctl restart haproxy",
    ],
)
def test_what_somebody_did_to_our_file_or_the_daemon_is_seen_and_put_back(director: Director, damage: str) -> None:
    reconcile(director, web())
    text = director.shell(f"cat {FILE}")
    director.shell(damage)
    seen = reconcile(director, web(), check=True)
    assert seen["steps"]
    answer = reconcile(director, web())
    assert (answer["state"], answer["steps"]) == ("applied", seen["steps"]), answer
    assert director.shell(f"cat {FILE}") == text
    assert reconcile(director, web())["state"] == "unchanged"
    assert answers(director, count=2) == {"7001": 1, "7002": 1}


def refused(director: Director, document: dict[str, Any]) -> list[str]:
    """The problems of a document that is refused on the host, which is as it was afterwards."""
    assert reconcile(director, web())["state"] in ("applied", "unchanged")
    before = director.shell(STATE)
    answer = reconcile(director, document)
    assert (answer["state"], director.shell(STATE)) == ("refused", before), answer
    assert director.shell("ls -A /run/evenkeel/haproxy 2>/dev/null || true") == ""
    problems: list[str] = answer["problems"]
    return problems


def test_a_line_that_haproxy_does_not_take_is_refused_by_its_path(director: Director) -> None:
    document = web()
    document["farms"][0]["extra_config"] = ["option forwardfor", "option no-such-thing"]
    document["virtual_servers"][0]["extra_config"] = ["http-request nonsense"]
    problems = refused(director, document)
    assert [problem.partition(": ")[0] for problem in problems] == [
        "farms[web].extra_config",
        "virtual_servers[web].extra_config",
    ]
    assert "no-such-thing" in problems[0]


def test_a_certificate_that_is_not_there_or_is_none_is_refused(director: Director) -> None:
    document = web()
    document["virtual_servers"][0].update(protocol="https", ssl_offload=True, certificate_profiles=["one"])
    document["certificate_profiles"] = [{"name": "one", "certificate_file": "/etc/ssl/nothing.pem"}]
    assert refused(director, document) == [
        "certificate_profiles[one].certificate_file: there is no file /etc/ssl/nothing.pem on the director;"
        " allowed: the path of a file that is there, in PEM"
    ]
    document["certificate_profiles"] = [{"name": "one", "certificate_file": "/etc/hostname"}]
    director.shell("echo name > /etc/hostname")
    problems = refused(director, document)
    assert problems and all("/etc/haproxy/evenkeel" in problem for problem in problems)


def test_a_port_or_a_name_that_is_taken_is_refused(director: Director) -> None:
    document = web()
    document["virtual_servers"][0].update(port=7002)
    [problem] = refused(director, document)
    assert problem.startswith("virtual_servers[web].port: 127.0.0.1 port 7002 is taken by python3")
    document["virtual_servers"][0].update(port=9999)
    [problem] = refused(director, document)
    assert problem.startswith(
        f"virtual_servers[web].port: 127.0.0.1 port 9999 is taken by frontend theirs ({USERS} line "
    )
    document["virtual_servers"][0].update(port=8081, name="theirs")
    [problem] = refused(director, document)
    assert problem.startswith(f"virtual_servers[theirs].name: theirs is a proxy of {USERS} line ")


def test_an_address_of_nobody_is_refused_unless_it_is_of_an_ha_group(director: Director) -> None:
    reconcile(director, web())
    director.shell("sysctl -q -w net.ipv4.ip_nonlocal_bind=0")
    try:
        document = web()
        document["virtual_servers"][0].update(vip="10.99.0.1")
        [problem] = refused(director, document)
        assert problem.startswith("virtual_servers[web].vip: 10.99.0.1 is no address of this director")
        members = [{"name": "lb1", "priority": 150}]
        group = {"name": "main", "virtual_router_id": 51, "interface": "eth1", "member": "lb1", "members": members}
        document["ha_groups"] = [group]
        document["vips"] = [{"name": "public", "address": "10.99.0.1/24", "ha_group": "main"}]
        document["virtual_servers"][0].update(vip="public")
        assert reconcile(director, document)["state"] == "applied"
        assert "10.99.0.1:8080" in director.shell("ss -H -l -t -n")
        assert reconcile(director, document)["state"] == "unchanged"
    finally:
        director.shell("sysctl -q -w net.ipv4.ip_nonlocal_bind=1")


def test_what_cannot_be_loaded_the_first_time_leaves_a_process_without_ours(director: Director) -> None:
    director.shell(f": > {FILE}; systemctl restart haproxy; rm -f /etc/evenkeel/lb.json")
    before = director.shell(STATE)
    answer = director.drive("converge", {"document": web(), "engines": ["haproxy"], "break_at_apply": USERS})
    assert answer["state"] == "restored", answer
    assert director.shell(STATE) == before
    assert reconcile(director, web())["state"] == "applied"


def test_quic_is_served_or_refused_by_what_the_build_can(director: Director) -> None:
    document = with_tls(web())
    document["virtual_servers"][0].update(protocol="quic")
    build = director.shell("haproxy -vv")
    if "+QUIC " not in build:
        assert refused(director, document) == [
            "virtual_servers[web].protocol: quic: the HAProxy of this director is built without QUIC;"
            " allowed: protocol: https"
        ]
        return
    assert reconcile(director, document)["state"] == "applied"
    assert "127.0.0.1:8080" in director.shell("ss -H -l -u -n")
    assert 'h3=":8080"' in director.shell("curl -sk -D - -o /dev/null https://127.0.0.1:8080/")
    assert reconcile(director, document)["state"] == "unchanged"


def test_certificates_are_shown_by_name_and_replaced_while_it_runs(director: Director) -> None:
    document = with_tls(web())
    assert reconcile(director, document)["state"] == "applied"
    assert reconcile(director, document)["state"] == "unchanged"
    assert [shown(director, name) for name in ("one", "two", "other")] == [
        fingerprint(director, name) for name in ("one", "two", "one")
    ]
    assert answers(director, "https://127.0.0.1:8080/", 4) == {"7001": 2, "7002": 2}
    told = told_of_certificates(director, document)
    assert {name: (one["not_after"], one["subject"]) for name, one in told.items()} == {
        name: (end_of(director, name), f"/CN={name}") for name in ("one", "two")
    }
    before, process = shown(director, "two"), worker(director)
    director.shell(CERTIFICATE.format(name="two").replace("-days 30", "-days 9"))
    # the running process has the former one still, whatever the file says
    assert told_of_certificates(director, document) == told
    answer = reconcile(director, document)
    assert (answer["state"], answer["reload"]) == ("applied", []), answer
    assert answer["steps"] == [["change", "certificate profile two", "new_connections"]]
    assert "PRIVATE" not in str(answer["texts"])
    assert worker(director) == process
    assert before != shown(director, "two") == fingerprint(director, "two")
    again = told_of_certificates(director, document)
    assert (again["one"], again["two"]["not_after"]) == (told["one"], end_of(director, "two"))
    assert 20 * 86400 < told["two"]["not_after"] - again["two"]["not_after"] < 22 * 86400
    assert reconcile(director, document)["state"] == "unchanged"
    assert reconcile(director, web())["state"] == "applied"
    assert director.shell("ls -A /etc/haproxy/evenkeel") == ""


def test_mutual_tls_asks_clients_for_a_certificate(director: Director) -> None:
    document = with_tls(web())
    document["virtual_servers"][0]["certificate_profiles"] = ["one"]
    document["certificate_profiles"][0].update(type="mutual_tls", chain_file="/etc/ssl/certs/two.pem")
    assert reconcile(director, document)["state"] == "applied"
    assert answers(director, "https://127.0.0.1:8080/", 1) == {"none": 1}
    own = "--cert /etc/ssl/certs/two.pem --key /etc/ssl/private/two.key"
    assert answers(director, f"{own} https://127.0.0.1:8080/", 2) == {"7001": 1, "7002": 1}
    # another authority is believed, and the first no more
    director.shell(CERTIFICATE.format(name="two"))
    assert answers(director, f"{own} https://127.0.0.1:8080/", 1) == {"none": 1}
    planned = reconcile(director, document, check=True)
    answer = reconcile(director, document)
    assert (answer["state"], answer["steps"], len(answer["reload"])) == ("applied", planned["steps"], 1), answer
    assert answer["steps"][0] == ["change", "certificate profile one", "new_connections"]
    assert answers(director, f"{own} https://127.0.0.1:8080/", 2) == {"7001": 1, "7002": 1}
    assert reconcile(director, document)["state"] == "unchanged"


def test_until_when_a_chain_and_authorities_are_valid_or_that_nobody_tells(director: Director) -> None:
    issue(director)
    document = with_tls(web())
    chained, trusting = document["certificate_profiles"]
    of_chain = {"certificate_file": "/etc/ssl/certs/chained.pem", "key_file": "/etc/ssl/private/chained.key"}
    chained.update(of_chain, chain_file="/etc/ssl/certs/issuer.pem")
    trusting.update(type="mutual_tls", chain_file="/etc/ssl/certs/clients.pem")
    assert reconcile(director, document)["state"] == "applied"
    told = told_of_certificates(director, document)
    assert told["one"]["not_after"] == end_of(director, "chained")
    assert told["one"]["behind"] == [
        {"part": "chain", "subject": "/CN=issuer", "not_after": end_of(director, "issuer")}
    ]
    assert sorted(told["two"]["behind"], key=lambda one: one["subject"]) == [
        {"part": "authority", "subject": f"/CN={name}", "not_after": end_of(director, name)}
        for name in ("customers", "partners")
    ]
    assert chain_shown(director) == end_of(director, "issuer") < told["one"]["not_after"]
    # the issuer is certified anew, and the process was not given that yet
    director.shell(CERTIFY_ISSUER.format(days=99))
    assert told_of_certificates(director, document) == told
    assert chain_shown(director) == told["one"]["behind"][0]["not_after"] != end_of(director, "issuer")
    answer = reconcile(director, document)
    assert (answer["state"], answer["reload"]) == ("applied", []), answer
    told = told_of_certificates(director, document)
    [issuer] = told["one"]["behind"]
    assert issuer["not_after"] == chain_shown(director) == end_of(director, "issuer")
    assert [one["state"] for one in told.values()] == ["present", "present"]
    # one that the process was never given, and nobody who answers
    document["certificate_profiles"].append({**chained, "name": "three"})
    document["virtual_servers"][0]["certificate_profiles"] = ["one", "three", "two"]
    more = told_of_certificates(director, document)
    assert more["three"]["state"] == "missing" and more == {**told, "three": more["three"]}
    director.shell("systemctl stop haproxy")
    assert {one["state"] for one in told_of_certificates(director, document).values()} == {"unknown"}
    director.shell("systemctl start haproxy")


def test_the_sorry_server_serves_while_no_other_is_left(director: Director) -> None:
    document = web()
    document["farms"][0]["sorry_server"] = {"address": "127.0.0.1", "port": 7003}
    for server in document["farms"][0]["servers"]:
        server["state"] = "drained"
    assert reconcile(director, document)["state"] == "applied"
    assert answers(director, count=3) == {"7003": 3}
    document["farms"][0]["servers"][1]["state"] = "enabled"
    answer = reconcile(director, document)
    assert (answer["state"], answer["reload"], answers(director, count=3)) == ("applied", [], {"7002": 3})


def test_what_runs_is_told(director: Director) -> None:
    document = web()
    document["farms"][0]["servers"].append({"name": "dead", "address": "127.0.0.1", "port": 7009})
    assert reconcile(director, document)["state"] == "applied"
    answers(director, count=4)
    healths(director, document, {"web": {"s1": "up", "s2": "up", "dead": "down"}})
    [service] = director.drive("status", {"document": document, "engines": ["haproxy"]})
    assert (service["runs"], service["is_open"], service["on_sorry_server"]) == (True, True, False)
    assert service["servers"]["s1"]["counters"][0] >= 1


def held() -> dict[str, Any]:
    """The same service, and one whose connections last as long as the client likes, on a farm of its own."""
    document = web()
    [farm], [service] = document["farms"], document["virtual_servers"]
    document["farms"].append({**farm, "name": "held", "servers": [dict(farm["servers"][0])]})
    document["virtual_servers"].append({**service, "name": "held", "port": 8083, "protocol": "tcp", "farm": "held"})
    return document


def with_one_more(document: dict[str, Any]) -> dict[str, Any]:
    """What needs a reload."""
    more = copy.deepcopy(document)
    more["virtual_servers"].append({**web()["virtual_servers"][0], "name": "more", "port": 8082})
    return more


def hold(director: Director) -> None:
    """Have a client open a connection and keep it."""
    director.shell("rm -rf /run/hold; mkdir /run/hold; cat > /root/hold.py", HOLD.encode())
    director.shell("systemd-run --quiet --collect --unit hold python3 /root/hold.py")
    director.shell("timeout 10 sh -c 'until [ -s /run/hold/held ]; do sleep 0.05; done'")


def let_go(director: Director) -> None:
    """Have it ask once more, which has to be answered on the same connection, and close it."""
    director.shell("touch /run/hold/go; timeout 10 sh -c 'until [ -s /run/hold/gone ]; do sleep 0.05; done'")
    assert director.shell("cat /run/hold/gone") == director.shell("cat /run/hold/held")


def test_a_reload_tells_which_workers_go_on_and_with_how_many_connections(director: Director) -> None:
    assert reconcile(director, held())["state"] == "applied"
    first = worker(director).split()[1]
    hold(director)
    tells = f"haproxy reload; 1 worker of before goes on: {first} with 1 connection"
    assert reconcile(director, with_one_more(held()))["reload"] == [tells]
    # and the next: the one between has nothing to do and goes
    assert reconcile(director, held())["reload"] == [tells]
    assert first != worker(director).split()[1]
    let_go(director)
    director.shell(f"timeout 10 sh -c {shlex.quote(f'while {PROCESSES} | grep -q ^{first}; do sleep 0.05; done')}")
    assert reconcile(director, with_one_more(held()))["reload"] == ["haproxy reload"]


def test_a_drain_waits_for_the_connections_of_a_server_also_of_before_a_reload(director: Director) -> None:
    def counted() -> Any:
        argument = {"document": held(), "engines": ["haproxy"], "farm": "held", "server": "s1"}
        return director.drive("connections", argument)

    assert reconcile(director, held())["state"] == "applied"
    assert counted() == {"held": [0, 0]}
    hold(director)
    assert counted() == {"held": [1, 0]}
    # the connection stays with the worker of before
    assert reconcile(director, with_one_more(held()))["state"] == "applied"
    assert counted() == {"held": [1, 0]}
    drain = {"farm": "held", "name": "s1", "state": "drained"}
    short = director.module("lb_server", **drain, wait={"timeout": 1})
    assert (short["failed"], short["reload"], short["waited"]["state"]) == (True, [], "timeout"), short
    assert (short["waited"]["connections"], short["waited"]["virtual_servers"]) == (1, ["held"])
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(director.module, "lb_server", **drain, wait={"timeout": 60})
        time.sleep(SECONDS_OF_A_RUN)
        assert not waiting.done()
        let_go(director)
        answer = waiting.result(30)
    assert (answer["waited"]["state"], answer["waited"]["connections"]) == ("drained", 0), answer
    assert counted() == {"held": [0, 0]}


def test_health_that_comes_and_goes_changes_nothing(director: Director) -> None:
    document = web()
    document["farms"][0]["servers"].append({"name": "s3", "address": "127.0.0.1", "port": 7009, "weight": 10})
    assert reconcile(director, document)["state"] == "applied"
    for command, health in (
        ("true", "down"),
        ("systemd-run --quiet --collect --unit flapping python3 /root/server.py 7009", "up"),
        ("systemctl stop flapping", "down"),
    ):
        director.shell(command)
        end = time.monotonic() + 20
        seen = ""
        while seen != health:
            assert time.monotonic() < end, (command, seen)
            [service] = director.drive("status", {"document": document, "engines": ["haproxy"]})
            seen = service["servers"]["s3"]["health"]
        answer = reconcile(director, document)
        assert (answer["state"], answer["steps"]) == ("unchanged", []), (health, answer)


def healths(director: Director, document: dict[str, Any], wanted: dict[str, dict[str, str]]) -> None:
    """Wait until the servers of each virtual server are as healthy as wanted."""
    for _time in range(20):
        told = director.drive("status", {"document": document, "engines": ["haproxy"]})
        found = {
            service["name"]: {name: server["health"] for name, server in service["servers"].items()} for service in told
        }
        if found == wanted:
            return
        director.shell("sleep 0.3")
    assert found == wanted


def test_databases_are_asked_in_their_own_words(director: Director) -> None:
    kinds = {"mysql": {"user": "tester"}, "postgresql": {"user": "tester"}, "redis": {}, "ldap": {}}
    document: dict[str, Any] = {"health_checks": [], "farms": [], "virtual_servers": []}
    for number, (kind, more) in enumerate(kinds.items()):
        servers = [{"name": name, "address": "127.0.0.1", "port": port} for name, port in _greeters(number)]
        document["health_checks"].append({"name": kind, "type": kind, "interval": 0.3, "timeout": 1, **more})
        document["farms"].append({"name": kind, "health_check": kind, "servers": servers})
        document["virtual_servers"].append(
            {"name": kind, "vip": "127.0.0.1", "port": 8090 + number, "engine": "haproxy", "farm": kind}
        )
    assert reconcile(director, document)["state"] == "applied"
    healths(director, document, {kind: {"well": "up", "wrong": "down"} for kind in kinds})
    assert reconcile(director, document)["state"] == "unchanged"


def _greeters(number: int) -> list[tuple[str, int]]:
    return [("well", 7101 + number), ("wrong", 7111 + number)]


def test_tests_come_from_their_address_and_traffic_does_not(director: Director) -> None:
    document = web()
    document["health_checks"] = [{"name": "http", "source": "127.0.0.5", "send": "x", "interval": 0.2}]
    document["farms"][0]["servers"] = [{"name": "s1", "address": "127.0.0.1", "port": 7105}]
    director.shell("rm -f /run/came")
    assert reconcile(director, document)["state"] == "applied"
    healths(director, document, {"web": {"s1": "up"}})
    assert set(director.shell("sleep 0.5; cat /run/came").split()) == {"127.0.0.5"}
    director.shell("curl -s --max-time 3 http://127.0.0.1:8080/ -o /dev/null || true")
    assert set(director.shell("cat /run/came").split()) == {"127.0.0.5", "127.0.0.1"}
    assert reconcile(director, document)["state"] == "unchanged"


def test_programs_test_where_the_user_allows_it(director: Director) -> None:
    document = web()
    check = {"name": "http", "type": "script", "script": "/usr/local/bin/tested", "interval": 2, "timeout": 1.5}
    check["retries"] = 1
    document["health_checks"] = [check]
    document["farms"][0]["servers"].append({"name": "s3", "address": "127.0.0.1", "port": 7003})
    director.shell(f"rm -f /tmp/tested; cp {USERS} /root/users; sed -i 's/^    external-check/chroot \\/srv/' {USERS}")
    try:
        assert "does not say external-check" in refused(director, document)[0]
        director.shell(f"sed -i 's/^    insecure-fork-wanted/&\\nexternal-check/' {USERS}")
        assert "shuts HAProxy into /srv" in refused(director, document)[0]
    finally:
        director.shell(f"cp /root/users {USERS}")
    check["script"] = "/etc/hostname"
    assert "is no program of this director" in refused(director, document)[0]
    check["script"] = "/usr/local/bin/tested"
    assert reconcile(director, document)["state"] == "applied"
    healths(director, document, {"web": {"s1": "up", "s2": "down", "s3": "down"}})
    assert set(director.shell("cat /tmp/tested").splitlines()) == {
        f"haproxy 2: 127.0.0.1 {port}" for port in (7001, 7002, 7003)
    }
    assert reconcile(director, document)["state"] == "unchanged"
    assert reconcile(director, web())["state"] == "applied"
    assert director.shell("ls -A /etc/haproxy/evenkeel") == ""


def in_force(director: Director, weight: int, state: int) -> bool:
    """Whether both servers come to have that weight, and bits of administrative state, in the running process."""
    words = "echo 'show servers state' | python3 /root/ask.py | awk '$2 == \"web:http\" {print $8, $7}'"
    for _time in range(20):
        if director.shell(words).splitlines() == [f"{weight} {state}"] * 2:
            return True
        director.shell("sleep 0.2")
    return False


def test_what_an_agent_says_counts_and_is_no_drift(director: Director) -> None:
    document = web()
    document["farms"][0]["agent"] = {"port": 7120, "interval": 0.2, "send": r"how are you\n"}
    for server in document["farms"][0]["servers"]:
        server["weight"] = 40
    director.shell("echo up ready 100% > /run/agent")
    assert reconcile(director, document)["state"] == "applied"
    assert in_force(director, 40, 0) and answers(director, count=4) == {"7001": 2, "7002": 2}
    for words, weight, state in (("50%", 20, 0), ("drain", 20, 8), ("maint", 20, 1), ("ready down #broken", 20, 0)):
        director.shell(f"echo '{words}' > /run/agent")
        assert in_force(director, weight, state), words
        assert reconcile(director, document)["state"] == "unchanged", words
    healths(director, document, {"web": {"s1": "down", "s2": "down"}})
    director.shell("echo up 75% > /run/agent")
    assert in_force(director, 30, 0) and answers(director, count=4) == {"7001": 2, "7002": 2}
    # another weight to take a share of, and a server that the agent cannot call back
    for server in document["farms"][0]["servers"]:
        server["weight"] = 80
    planned = reconcile(director, document, check=True)
    applied = reconcile(director, document)
    assert (applied["state"], applied["steps"], len(applied["reload"])) == ("applied", planned["steps"], 1), applied
    assert in_force(director, 60, 0)
    director.shell("echo ready up 100% > /run/agent")
    document["farms"][0]["servers"][0]["state"] = "drained"
    assert len(reconcile(director, document)["reload"]) == 1
    director.shell("sleep 0.5")
    assert answers(director, count=4) == {"7002": 4}
    assert reconcile(director, document)["state"] == "unchanged"
    # without the words for the agent, which the socket reads in another way, a server joins without a reload
    del document["farms"][0]["agent"]["send"]
    assert reconcile(director, document)["state"] == "applied"
    document["farms"][0]["servers"].append({"name": "s3", "address": "127.0.0.1", "port": 7003, "weight": 80})
    answer = reconcile(director, document)
    assert (answer["state"], answer["reload"]) == ("applied", []), answer
    assert reconcile(director, document)["state"] == "unchanged"


def test_a_queue_is_as_long_and_waits_as_long_as_it_may(director: Director) -> None:
    """A server takes a request at a time and long for each. Of three of one client, who is sent there, the first is
    served, the second waits in vain, and the third finds no place to wait and is served by the other server."""
    document = web()
    farm = document["farms"][0] | {"queue_limit": 1, "queue_timeout": 0.8, "persistence_timeout": 60}
    farm["servers"] = [
        {"name": f"s{port}", "address": "127.0.0.1", "port": port, "max_connections": 1} for port in (7130, 7131)
    ]
    del farm["health_check"]
    document["farms"] = [farm]
    assert reconcile(director, document)["state"] == "applied"
    assert reconcile(director, document)["state"] == "unchanged"
    first = next(iter(answers(director, count=1)))
    ask = "curl -s -f --max-time 9 -w ' %{http_code} %{time_total}' http://127.0.0.1:8080/"
    told = director.shell(f"for i in 1 2 3; do (echo $({ask})) & sleep 0.2; done; wait").splitlines()
    found = {tuple(line.split()[:-1]): float(line.split()[-1]) for line in told}
    other = {"7130": "7131", "7131": "7130"}[first]
    assert set(found) == {(first, "200"), ("503",), (other, "200")}
    assert 0.7 < found[("503",)] < 5, found


def test_a_reload_that_fails_leaves_everything_as_it_was(director: Director) -> None:
    """The user's own file is broken between the check and the reload: nothing of ours is left then."""
    assert reconcile(director, web())["state"] == "applied"
    before, process = director.shell(STATE), worker(director)
    document = web()
    document["virtual_servers"].append({**document["virtual_servers"][0], "name": "more", "port": 8082})
    answer = director.drive("converge", {"document": document, "engines": ["haproxy"], "break_at_apply": USERS})
    assert answer["state"] in ("restored", "failed"), answer
    assert "did not load its files" in answer["fault"]
    assert (director.shell(STATE), worker(director), answers(director, count=2)) == (
        before, process, {"7001": 1, "7002": 1}
    )  # fmt: skip
    assert reconcile(director, web())["state"] == "unchanged"
