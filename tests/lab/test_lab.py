# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab program on real labs. Needs root; takes about a minute when the cache is warm."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

LAB = Path(__file__).resolve().parent / "lab"
SPEC = LAB.parent / "specs" / "demo.yml"
TRAFFIC = LAB.parent / "traffic"
HOSTS = ("lb1", "lb2", "web1", "web2")
SCHEDULERS = ("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "mh", "sed", "nq", "fo", "ovf")

SMALL = """
name: small
networks:
  mgmt: {ipv4: 172.31.0.0/24}
hosts:
  lb1: {id: 11, kind: vm, distro: bookworm}
  web1: {id: 21, kind: ct, distro: bookworm}
  client: {id: 100, kind: ns}
"""


@pytest.fixture(scope="module")
def run_directory() -> Iterator[Path]:
    """A place of its own for running labs: short, because sockets are in it."""
    with tempfile.TemporaryDirectory(prefix="lab-") as directory:
        yield Path(directory)


@pytest.fixture(scope="module")
def lab(run_directory):
    """Runs the lab program."""

    def run(*words: str | Path, status: int = 0) -> str:
        done = subprocess.run(
            [str(LAB), *map(str, words)],
            env={**os.environ, "LAB_RUN": str(run_directory)},
            text=True,
            capture_output=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout if status == 0 else done.stderr

    return run


@pytest.fixture(scope="module")
def name(lab, run_directory) -> Iterator[str]:
    """A lab that is up, of this test run only."""
    lab("prepare", SPEC)
    name = f"t{os.getpid()}"
    lab("up", SPEC, "--name", name)
    yield name
    lab("down", name)
    assert left_of(name, run_directory) == []


@pytest.fixture
def small(tmp_path) -> Path:
    """A lab with one host of each kind."""
    path = tmp_path / "small.yml"
    path.write_text(SMALL)
    return path


def left_of(name: str, run_directory: Path) -> list[str]:
    """Whatever on this machine belongs to a lab: processes, namespaces, mounts, files, control groups."""
    left = [str(path) for path in run_directory.rglob("*") if name in str(path)]
    for place in ("/run/netns", "/run/systemd/nspawn", "/sys/fs/cgroup"):
        # Others may end something while find looks at it, which is no fault.
        words = ["find", place, "-name", f"*{name}*"]
        found = subprocess.run(words, text=True, stdout=subprocess.PIPE, check=False).stdout
        left += found.splitlines()
    left += [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if f"-{name}" in line]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        except OSError:
            continue  # ended meanwhile
        if f"-{name}" in words or f"{run_directory}/{name}" in words:
            left.append(words)
    return left


def reaches(lab, name: str, address: str) -> bool:
    """Whether the client can open a connection to sshd at this address."""
    script = "import socket, sys; socket.create_connection((sys.argv[1], 22), 1)"
    try:
        lab("ns", name, "client", "python3", "-c", script, address)
    except AssertionError:
        return False
    return True


def test_every_host_answers_and_its_system_is_well(lab, name):
    for host in HOSTS:
        assert lab("ssh", name, host, "hostname").strip() == host
        assert lab("ssh", name, host, "systemctl is-system-running --wait").strip() == "running"
    status = json.loads(lab("status", name, "--json"))
    assert status["phase"] == "up"
    assert {host: about["power"] for host, about in status["hosts"].items()} == dict.fromkeys((*HOSTS, "client"), "on")


def test_hosts_have_the_addresses_of_the_inventory(lab, name):
    hostvars = json.loads(lab("inventory", SPEC, "--name", name))["_meta"]["hostvars"]
    assert sorted(hostvars) == sorted(HOSTS)
    for host, about in hostvars.items():
        shown = json.loads(lab("ssh", name, host, "ip -j address"))
        got = {link["ifname"]: {f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"]} for link in shown}
        for interface in about["lab_interfaces"].values():
            assert interface["ipv4"] in got[interface["device"]]
            assert interface["ipv6"] is None or interface["ipv6"] in got[interface["device"]]


def test_directors_have_all_of_ipvs_and_every_tunnel(lab, name):
    modules = ["ip_vs", "ip_vs_ftp", *(f"ip_vs_{scheduler}" for scheduler in SCHEDULERS), "ipip", "ip6_tunnel", "sit"]
    lab("ssh", name, "lb1", "modprobe -a " + " ".join(modules))
    loaded = lab("ssh", name, "lb1", "lsmod; cat /proc/net/ip_vs")
    assert {word.split()[0] for word in loaded.splitlines()} >= set(modules)
    assert "IP Virtual Server" in loaded


def test_packages_come_from_the_offline_repository(lab, name):
    lists = lab("ssh", name, "lb1", "apt-cache policy")
    assert "file:/share/repo/bookworm" in lists
    assert "http" not in lists
    lab("ssh", name, "lb1", "DEBIAN_FRONTEND=noninteractive apt-get -qq install -y keepalived ipvsadm")
    assert "Keepalived v2." in lab("ssh", name, "lb1", "keepalived --version 2>&1")
    assert lab("ssh", name, "lb1", "systemctl is-enabled keepalived").strip() == "enabled"


def test_a_power_cut_keeps_what_was_written(lab, name):
    lab("ssh", name, "lb1", "echo kept > /etc/kept && sync /etc/kept")
    lab("kill", name, "lb1")
    status = json.loads(lab("status", name, "--json"))
    assert status["hosts"]["lb1"]["power"] == "off"
    assert not reaches(lab, name, "10.10.0.11")
    lab("boot", name, "lb1")
    assert lab("ssh", name, "lb1", "cat /etc/kept").strip() == "kept"
    # Installed just before the cut, by a dpkg that never waits for the disk.
    assert "IP Virtual Server" in lab("ssh", name, "lb1", "modprobe ip_vs && ipvsadm -Ln")
    assert lab("ssh", name, "lb1", "systemctl is-system-running --wait").strip() == "running"


def test_a_container_keeps_its_files_and_loses_its_network_state(lab, name):
    lab("ssh", name, "web1", "echo kept > /etc/kept && ip address add 10.99.0.1/32 dev lo")
    lab("kill", name, "web1")
    lab("boot", name, "web1")
    assert lab("ssh", name, "web1", "cat /etc/kept").strip() == "kept"
    assert "10.99.0.1" not in lab("ssh", name, "web1", "ip -o address")


@pytest.mark.parametrize(("host", "address"), [("lb2", "10.20.0.12/24"), ("web2", "10.20.0.22/24")])
def test_a_host_can_reboot_itself(lab, name, host, address):
    up_since = "stat -c %y /proc/1"
    before = lab("ssh", name, host, up_since)
    lab("ssh", name, host, "systemctl reboot --no-block")
    deadline = time.monotonic() + 60
    while True:
        time.sleep(0.5)
        try:
            after = lab("ssh", name, host, up_since)
        except AssertionError:
            assert time.monotonic() < deadline, f"{host} does not come back"
            continue
        if after != before:
            break
    assert address in lab("ssh", name, host, "ip -o -4 address")


def test_a_host_that_went_off_by_itself_can_be_booted(lab, name):
    lab("ssh", name, "web2", "systemctl poweroff --no-block")
    deadline = time.monotonic() + 30
    while json.loads(lab("status", name, "--json"))["hosts"]["web2"]["power"] == "on":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    lab("boot", name, "web2")
    assert "is on" in lab("boot", name, "web2", status=1)
    assert lab("ssh", name, "web2", "hostname").strip() == "web2"


def test_a_link_can_be_cut_and_joined(lab, name):
    assert reaches(lab, name, "10.10.0.12")
    lab("cut", name, "lb2", "front")
    assert not reaches(lab, name, "10.10.0.12")
    assert lab("ssh", name, "lb2", "cat /sys/class/net/eth1/operstate").strip() != "down"
    assert json.loads(lab("status", name, "--json"))["hosts"]["lb2"]["cut"] == ["front"]
    lab("join", name, "lb2", "front")
    assert reaches(lab, name, "10.10.0.12")


def test_servers_say_who_they_are(lab, name):
    for host in ("web1", "web2"):
        lab("ssh", name, host, f"systemd-run -q --unit traffic python3 /share/traffic/server.py {host}")
    for host, number in (("web1", 21), ("web2", 22)):
        for address in (f"10.20.0.{number}", f"fd20::{number}"):
            for protocol, port in (("tcp", 80), ("udp", 5353)):
                words = ("python3", TRAFFIC / "client.py", protocol, address, port, "10")
                answers = json.loads(lab("ns", name, "-", *words))
                assert answers == {"sent": 10, "failed": 0, "by_server": {host: 10}, "errors": {}}


def test_the_prober_sees_an_outage(lab, name, run_directory, tmp_path):
    ready = tmp_path / "ready"
    words = ("python3", TRAFFIC / "prober.py", "tcp", "10.20.0.22", "80", "--ready", ready)
    environment = {**os.environ, "LAB_RUN": str(run_directory)}
    with subprocess.Popen([LAB, "ns", name, "-", *words], env=environment, stdout=subprocess.PIPE) as prober:
        deadline = time.monotonic() + 20
        while not ready.exists():
            assert time.monotonic() < deadline, "nothing was answered"
            time.sleep(0.05)
        lab("cut", name, "web2", "back")
        time.sleep(0.5)
        lab("join", name, "web2", "back")
        time.sleep(1.5)
        prober.terminate()
        told = json.loads(prober.communicate(timeout=30)[0])
    longest = max(told["outages"], key=lambda outage: outage["failed"])
    assert longest["failed"] >= 10
    assert longest["length_ms"] >= 500
    assert told["sent"] - told["failed"] == told["by_server"]["web2"] > 0


def test_a_lab_that_is_up_is_not_started_again(lab, name):
    assert "is up already" in lab("up", SPEC, "--name", name, status=1)
    assert lab("ssh", name, "lb1", "hostname").strip() == "lb1"


def test_two_labs_with_the_same_addresses_run_side_by_side(lab, name, small, run_directory):
    lab("ssh", name, "lb1", "touch /tmp/first")
    other = f"{name}-b"
    lab("up", small, "--name", other)
    try:
        assert lab("ssh", other, "lb1", "ls /tmp/first 2>/dev/null; hostname -I").split()[0] == "172.31.0.11"
        assert lab("ssh", name, "lb1", "ls /tmp/first").strip() == "/tmp/first"
        assert reaches(lab, other, "172.31.0.21")
    finally:
        lab("down", other)
    assert left_of(other, run_directory) == []
    assert lab("ssh", name, "web1", "hostname").strip() == "web1"


def test_logs_are_collected_on_the_way_down(lab, small, run_directory, tmp_path):
    name = f"l{os.getpid()}"
    lab("up", small, "--name", name)
    lab("ssh", name, "web1", "logger told by the test")
    lab("down", name, "--logs", tmp_path / "logs")
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == [
        "lb1.console.log",
        "lb1.journal.log",
        "web1.console.log",
        "web1.journal.log",
    ]
    assert "told by the test" in (tmp_path / "logs" / "web1.journal.log").read_text()
    assert "systemd" in (tmp_path / "logs" / "lb1.console.log").read_text()
    assert left_of(name, run_directory) == []
    lab("down", name)


def start(small: Path, name: str, run_directory: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [LAB, "up", small, "--name", name],
        env={**os.environ, "LAB_RUN": str(run_directory)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("seconds", [0.2, 0.35, 0.5, 0.8, 1.5])
def test_nothing_is_left_of_a_killed_start(lab, small, run_directory, seconds):
    name = f"k{os.getpid()}"
    starting = start(small, name, run_directory)
    time.sleep(seconds)
    starting.kill()
    starting.wait()
    lab("down", name)
    assert left_of(name, run_directory) == []


def test_an_interrupted_start_cleans_up_itself(lab, small, run_directory):
    name = f"i{os.getpid()}"
    starting = start(small, name, run_directory)
    deadline = time.monotonic() + 10
    while not (run_directory / name / "lb1" / "console.log").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    # held, so that it cannot be ready before the other one has looked
    starting.send_signal(signal.SIGSTOP)
    try:
        assert "being started" in lab("up", small, "--name", name, status=1)
    finally:
        starting.send_signal(signal.SIGINT)
        starting.send_signal(signal.SIGCONT)
    assert starting.wait(30) == 130
    assert left_of(name, run_directory) == []


def test_a_killed_start_does_not_hinder_the_next(lab, small, run_directory):
    name = f"n{os.getpid()}"
    starting = start(small, name, run_directory)
    time.sleep(0.6)
    starting.kill()
    starting.wait()
    lab("up", small, "--name", name)
    assert lab("ssh", name, "lb1", "hostname").strip() == "lb1"
    lab("down", name)
    assert left_of(name, run_directory) == []


def test_nothing_is_left_of_a_container_whose_supervisor_was_killed(lab, small, run_directory):
    name = f"s{os.getpid()}"
    lab("up", small, "--name", name)
    record = json.loads((run_directory / name / "state.json").read_text())
    started = record["processes"]["web1"]["pid"]
    (supervisor,) = Path(f"/proc/{started}/task/{started}/children").read_text().split()
    os.kill(int(supervisor), signal.SIGKILL)
    lab("down", name)
    assert left_of(name, run_directory) == []
