# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draining on a real kernel: clients keep connections open through a director on which the module lb_server waits."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.contract.director import FOLDER, LAB, lab
from ansible_collections.evenkeel.lb.tests.contract.drain_scene import (
    ADDRESSES,
    LAB_NAME,
    SECONDS_OF_A_RUN,
    SPEC,
    VIP,
    Flow,
    Scene,
    eventually,
)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    lab("up", str(SPEC), "--name", LAB_NAME)
    try:
        made = Scene()
        try:
            made.prepare()
            yield made
        finally:
            made.close()
    finally:
        lab("down", LAB_NAME)


@pytest.fixture(params=["ipvs", "keepalived"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def document(engine: str, port: int = 80, protocol: str = "tcp", **farm: Any) -> dict[str, Any]:
    servers = [{"name": name, "address": address, "weight": 1} for name, address in ADDRESSES.items()]
    servers[1]["weight"] = 7
    return {
        "farms": [{"name": "web", "balance": "round_robin", "servers": servers, **farm}],
        "virtual_servers": [
            {"name": "web", "vip": VIP, "port": port, "protocol": protocol, "farm": "web", "engine": engine}
        ],
    }


@pytest.fixture
def balanced(scene: Scene, engine: str) -> Scene:
    """Both servers take connections, by one of the engines, and nothing is left of the test before."""
    scene.converge({})
    scene.converge(document(engine))
    return scene


def test_a_held_connection_keeps_the_server_until_it_ends(balanced: Scene) -> None:
    with balanced.held() as holder:
        assert balanced.active("web2") == 1
        short = balanced.server("drained", wait={"timeout": 2})
        assert short["failed"] and short["changed"] and short["took"] < 2 + SECONDS_OF_A_RUN, short
        assert short["waited"] == {
            "for": "drained", "state": "timeout", "seconds": pytest.approx(2, abs=0.6), "connections": 1,
            "inactive": 0, "flows": 0, "persistent": 0, "virtual_servers": ["web"],
        }  # fmt: skip
        assert "1 connection is left on virtual server web" in short["msg"]
        assert (balanced.weight("web2"), balanced.active("web2")) == (0, 1)
        again = balanced.begin("drained", wait={"timeout": 60})
        time.sleep(1)
        assert not again.done() and balanced.active("web2") == 1
        let_go = time.monotonic()
        report = holder.let_go()
        answer = again.result(30)
    print(f"ended {time.monotonic() - let_go:.2f} s after the client closed")
    assert time.monotonic() - let_go < 1 + SECONDS_OF_A_RUN
    assert answer["waited"]["state"] == "drained" and not answer["changed"], answer
    assert answer["waited"]["connections"] == 0 and answer["waited"]["inactive"] == 1
    assert report["failed"] == 0 and set(report["by_server"]) == {"web1", "web2"}
    nothing_left = balanced.server("drained", wait={})
    assert nothing_left["waited"]["state"] == "already_drained" and nothing_left["waited"]["seconds"] < 0.5


def test_it_ends_within_a_second_of_the_kernels_count(balanced: Scene) -> None:
    """Both moments by the director's own clock."""
    with balanced.held() as holder:
        waiting = balanced.director.shell
        command = f"PYTHONPATH={FOLDER} python3 {FOLDER}/run_module.py lb_server; date +%s.%N"
        arguments = {"farm": "web", "name": "web2", "state": "drained", "wait": {"timeout": 60}}
        with ThreadPoolExecutor() as pool:
            module = pool.submit(waiting, command, json.dumps(arguments).encode())
            eventually(lambda: balanced.weight("web2") == 0, 30)
            time.sleep(2)
            look = f"until ipvsadm -Ln | grep -q '{ADDRESSES['web2']}:80 .* 0  *0  *[0-9]* *$'; do :; done; date +%s.%N"
            kernel = pool.submit(waiting, look)
            time.sleep(1)
            holder.let_go()
            counted = float(kernel.result(30))
            *_answer, ended = module.result(30).split()
    late = float(ended) - counted
    print(f"the module ended {late:.2f} s after the kernel counted no connection")
    assert -0.5 < late < 1.5


def test_a_removal_waits_and_cuts_nothing(balanced: Scene) -> None:
    with balanced.held(4) as holder:
        removal = balanced.begin("absent", wait={"timeout": 60})
        time.sleep(3)
        assert not removal.done() and (balanced.weight("web2"), balanced.active("web2")) == (0, 2)
        # a removal at this moment would have the client's next question on each answered by a reset
        report = holder.let_go()
        answer = removal.result(30)
    assert report["failed"] == 0 and report["opened"] == 4, report
    assert answer["waited"]["state"] == "drained" and answer["waited"]["seconds"] > 2
    assert answer["transaction"]["state"] == "applied" and len(answer["transaction"]["done"]) >= 2
    assert balanced.weight("web2") is None and balanced.weight("web1") == 1
    assert balanced.server("absent", wait={})["changed"] is False


def test_a_removal_without_wait_cuts(balanced: Scene) -> None:
    """So what the test before shows is the wait's doing."""
    with balanced.held(4) as holder:
        answer = balanced.server("absent")
        assert "waited" not in answer and balanced.weight("web2") is None
        time.sleep(1)
        assert holder.let_go()["failed"] >= 1


def test_a_removal_that_times_out_leaves_the_server(balanced: Scene) -> None:
    with balanced.held() as holder:
        answer = balanced.server("absent", wait={"timeout": 2})
        assert answer["failed"] and answer["waited"]["state"] == "timeout"
        assert "was not removed" in answer["msg"] and balanced.weight("web2") == 0
        assert holder.let_go()["failed"] == 0


def test_another_run_is_not_held_up_and_ends_the_wait(balanced: Scene) -> None:
    with balanced.held() as holder:
        waiting = balanced.begin("absent", wait={"timeout": 60})
        other = balanced.run("lb_server", farm="web", name="web1", weight=3)
        assert other["changed"] and not waiting.done()
        back = balanced.server("present")
        assert back["changed"] and back["server"]["weight"] == 7
        answer = waiting.result(10)
        assert holder.let_go()["failed"] == 0
    assert answer["failed"] and answer["waited"]["state"] == "taken_back"
    assert answer["msg"].endswith("another run made it enabled meanwhile; it was not removed")
    assert (balanced.weight("web1"), balanced.weight("web2")) == (3, 7)


def test_check_mode_says_what_would_be_waited_for(balanced: Scene) -> None:
    with balanced.held() as holder:
        planned = balanced.server("absent", wait={}, _ansible_check_mode=True)
        assert planned["waited"]["state"] == "planned" and planned["waited"]["connections"] == 1
        assert planned["took"] < SECONDS_OF_A_RUN and balanced.weight("web2") == 7
        holder.let_go()
    real = balanced.server("absent", wait={})
    assert (planned["steps"], planned["impact"]) == (real["steps"], real["impact"])


def test_a_server_that_fails_its_check_is_down(scene: Scene) -> None:
    checked: dict[str, Any] = {"health_check": "alive"}
    wanted = document("keepalived", **checked)
    wanted["health_checks"] = [{"name": "alive", "type": "tcp", "interval": 0.3, "timeout": 0.3, "retries": 1}]
    scene.converge({})
    scene.converge(wanted)
    eventually(lambda: scene.weight("web2") == 7, 10)
    with scene.held():
        waiting = scene.begin("drained", wait={"timeout": 60})
        time.sleep(1)
        assert not waiting.done()
        # not its end but its silence: what is open stays open
        scene.inside("web2", "ip", "link", "set", "eth1", "down")
        try:
            while_waiting = waiting.result(30)
            assert while_waiting["waited"]["state"] == "down" and "failed" not in while_waiting, while_waiting
            assert scene.weight("web2") is None
            from_the_start = scene.server("drained", wait={})
            assert from_the_start["waited"]["state"] == "down" and from_the_start["waited"]["seconds"] < 0.5
        finally:
            scene.inside("web2", "ip", "link", "set", "eth1", "up")
    scene.inside("web2", "ip", "route", "replace", "10.10.0.0/24", "via", "10.20.0.11")
    # when it is well again it is still drained
    eventually(lambda: scene.weight("web2") is not None, 20)
    assert scene.weight("web2") == 0


def test_a_server_that_somebody_took_out_by_hand_is_down(scene: Scene) -> None:
    scene.converge({})
    scene.converge(document("ipvs"))
    with scene.held():
        waiting = scene.begin("drained", wait={"timeout": 60})
        scene.director.shell(f"ipvsadm -d -t {VIP}:80 -r {ADDRESSES['web2']}:80")
        assert waiting.result(30)["waited"]["state"] == "down"


def test_a_drain_survives_reboots_and_tasks_that_do_not_mention_it(balanced: Scene, engine: str) -> None:
    assert balanced.server("drained", wait={})["waited"]["state"] == "already_drained"
    balanced.director.close()
    lab("kill", LAB_NAME, "lb1")
    lab("boot", LAB_NAME, "lb1")
    eventually(lambda: balanced.weight("web2") is not None, 60)
    assert (balanced.weight("web1"), balanced.weight("web2")) == (1, 0)
    balanced.settle()
    servers = [{"name": name, "address": address} for name, address in ADDRESSES.items()]
    later = balanced.run("lb_farm", name="web", servers=servers, balance="weighted_round_robin")
    assert later["changed"] and balanced.weight("web2") == 0
    other = balanced.run("lb_virtual_server", name="web", vip=VIP, port=80, farm="web", engine=engine)
    assert not other["changed"] and balanced.weight("web2") == 0
    assert balanced.server("present")["server"]["weight"] == 7 and balanced.weight("web2") == 7


def test_a_long_wait_tells_the_log(scene: Scene) -> None:
    scene.converge({})
    scene.converge(document("ipvs"))
    with scene.held():
        scene.server("drained", wait={"timeout": 12})
    said = scene.director.shell("journalctl -q -o cat -g 'waiting for server'").splitlines()
    assert said[-1].endswith(
        "waiting for server web2 of farm web to drain: 1 connection is left on virtual server web after 10 of 12 s"
    )


def test_flows_of_datagrams_stay_until_the_server_is_removed(scene: Scene, engine: str) -> None:
    scene.converge({})
    scene.converge(document(engine, 5353, "udp"))
    flow = Flow(scene)
    try:
        flow.open_to("web2")
        answer = scene.server("drained", wait={})
        assert answer["waited"]["state"] == "already_drained" and answer["waited"]["flows"] >= 1, answer
        assert any("flows of datagrams may still go to server web2" in str(text) for text in answer["warnings"])
        assert scene.weight("web2", 5353) == 0 and flow.ask() == "web2"
        gone = scene.server("absent", wait={})
        assert gone["waited"]["state"] == "already_drained" and gone["took"] < 2 * SECONDS_OF_A_RUN + 3
        eventually(lambda: flow.ask() == "web1", 5)
    finally:
        flow.close()


def test_persistent_clients_are_told_of(scene: Scene) -> None:
    scene.converge({})
    scene.converge(document("ipvs", persistence_timeout=300))
    scene.director.shell("sysctl -q -w net.ipv4.vs.expire_quiescent_template=0")
    try:
        with scene.held(1) as holder:
            favourite = next(name for name in ADDRESSES if scene.active(name))
            holder.let_go()
        answer = scene.run("lb_server", farm="web", name=favourite, state="drained", wait={})
        assert answer["waited"]["persistent"] == 1 and answer["waited"]["connections"] == 0, answer
        assert any("persistence holds 1 clients" in str(text) for text in answer["warnings"])
        with scene.held(1) as holder:
            assert list(holder.let_go()["by_server"]) == [favourite]
        scene.director.shell("sysctl -q -w net.ipv4.vs.expire_quiescent_template=1")
        quiet = scene.run("lb_server", farm="web", name=favourite, state="drained", wait={})
        assert "warnings" not in quiet
        with scene.held(1) as holder:
            assert favourite not in holder.let_go()["by_server"]
    finally:
        scene.director.shell("sysctl -q -w net.ipv4.vs.expire_quiescent_template=1")


# This machine's kernel may not know SCTP, so its server and client live in namespaces of the director.
SCTP_SERVER, SCTP_CLIENT = "10.30.1.2", "10.30.2.2"
SCTP_NAMESPACES = f"""
modprobe sctp
for side in server:{SCTP_SERVER} client:{SCTP_CLIENT}; do
  name=${{side%:*}} address=${{side#*:}}
  ip netns add $name
  ip link add $name type veth peer name eth0 netns $name
  ip address add ${{address%.2}}.1/24 dev $name
  ip link set $name up
  ip -n $name address add $address/24 dev eth0
  ip -n $name link set eth0 up
  ip -n $name link set lo up
  ip -n $name route add default via ${{address%.2}}.1
done
ip netns exec server setsid python3 /share/traffic/server.py web2 --sctp {SCTP_SERVER} > /dev/null 2>&1 < /dev/null &
"""
SCTP_HOLD = f"""
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)
sock.settimeout(5)
sock.bind(("{SCTP_CLIENT}", 0))
sock.connect(("{VIP}", 2905))
sock.send(b"?")
assert sock.recv(99) == b"web2"
sys.stdin.read()
sock.close()
"""


def test_associations_of_sctp_are_waited_for(scene: Scene, engine: str) -> None:
    scene.converge({})
    wanted = document(engine, 2905, "sctp")
    wanted["farms"][0]["servers"] = [{"name": "web2", "address": SCTP_SERVER}]
    scene.converge(wanted)
    if "server" not in scene.director.shell("ip netns list"):
        scene.director.shell(SCTP_NAMESPACES)
        listens = "until ip netns exec server ss -ln --sctp | grep -q 2905; do sleep 0.1; done"
        scene.director.shell(f"timeout 10 sh -c {shlex.quote(listens)}")
    hold = f"ip netns exec client python3 -c {shlex.quote(SCTP_HOLD)}"
    argv = [str(LAB), "ssh", LAB_NAME, "lb1", hold]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, start_new_session=True) as client:
        count = f"ipvsadm -Ln | awk '/-> {SCTP_SERVER}/ {{print $5}}'"
        eventually(lambda: scene.director.shell(count).strip() == "1", 10)
        short = scene.server("drained", wait={"timeout": 2})
        assert short["waited"]["state"] == "timeout" and short["waited"]["connections"] == 1, short
        waiting = scene.submit("drained", wait={"timeout": 60})
        time.sleep(2)
        assert not waiting.done()
        assert client.stdin is not None
        client.stdin.close()
        assert waiting.result(30)["waited"]["state"] == "drained"
    assert client.returncode == 0
