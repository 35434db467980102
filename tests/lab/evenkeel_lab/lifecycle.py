# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a description to a running lab and back."""

from __future__ import annotations

import contextlib
import functools
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evenkeel_lab import ct, interrupts, kernels, network, packages, processes, rootfs, ssh, state, vm
from evenkeel_lab.base import HERE, LabError, cache, run_directory, tail
from evenkeel_lab.lock import Held, exclusive
from evenkeel_lab.plan import Host, Plan, namespace
from evenkeel_lab.progress import say
from evenkeel_lab.spec import Spec
from evenkeel_lab.state import UP, Parts, State

#: Seconds a host has from power to an answering sshd.
PATIENCE = 90.0
# Bytes a socket's path may have.
_SOCKET_PATH = 107


def prepare(spec: Spec) -> Parts:
    """Everything the lab is made of, made where the cache does not have it."""
    check_places(spec)
    packages.install_tools()
    parts = Parts()
    for distro in spec.distros:
        made = rootfs.provide(distro)
        parts.roots[distro] = str(made / "root")
        parts.repositories[distro] = str(made / "repository")
    if "vm" in spec.kinds:
        parts.kernel = kernels.provide(spec.kernel)
    return parts


def check_places(spec: Spec) -> None:
    """Refuse, with a LabError, directories that cannot be passed on to kernels or hold their sockets."""
    for place in (cache(), run_directory(), HERE):
        if any(character in str(place) for character in " \t,:'\""):
            raise LabError(f"{place}: kernels cannot be told a path with blanks, commas, colons or quotes")
    longest = max(len(host.name) for host in spec.hosts)
    # Of the control socket each kernel has. ssh's are shorter.
    length = len(str(state.directory(spec.name) / "uml" / "mconsole")) + 2 * (longest + 1)
    if length > _SOCKET_PATH:
        raise LabError(f"{run_directory()}: {length - _SOCKET_PATH} characters too long for the sockets below it")


def up(plan: Plan, document: dict[str, Any]) -> None:
    """Start a lab and wait until every host answers. When that fails or is interrupted nothing of it is left."""
    started = time.monotonic()
    with _changing(plan.name, wait=False):
        before = state.read(plan.name)
        if before is not None and before.phase == UP:
            raise LabError(f"lab {plan.name} is up already; `lab down {plan.name}` ends it")
        if before is not None or network.namespaces(plan.name):
            say(f"lab {plan.name}: removing what a killed start left")
            _clear(plan.name)
        record = State(document=document, parts=prepare(plan.spec))
        if record.parts.kernel is not None:
            say(f"kernel: {record.parts.kernel.origin}")
        try:
            _build(plan, record)
        except BaseException:
            interrupts.ignore()
            say(f"lab {plan.name}: start failed, removing what there is of it")
            _clear(plan.name)
            raise
    say(f"lab {plan.name} is up after {time.monotonic() - started:.1f} s")


def _build(plan: Plan, record: State) -> None:
    state.write(plan.name, record)
    place = state.directory(plan.name)
    (place / "ssh_config").write_text(ssh.configuration(plan, place))
    network.create(plan)
    for host in plan.hosts:
        if host.kind == "ns":
            network.connect_namespace(plan, host)
            continue
        {"vm": vm.create, "ct": ct.create}[host.kind](plan, host)
        _power_on(plan, host, record)
    _wait(plan, record, [host for host in plan.hosts if host.kind != "ns"])
    record.phase = UP
    state.write(plan.name, record)


def _power_on(plan: Plan, host: Host, record: State) -> None:
    power_on = {"vm": vm.power_on, "ct": ct.power_on}[host.kind]
    record.processes[host.name] = power_on(plan, host, record)
    state.write(plan.name, record)


def _power_off(lab: str, host: Host, record: State) -> None:
    process = record.processes.pop(host.name)
    if host.kind == "vm":
        vm.power_off(process)
    else:
        ct.power_off(host, process)
    ssh.disconnect(state.directory(lab), host.address)
    state.write(lab, record)


def _wait(plan: Plan, record: State, hosts: list[Host]) -> None:
    started = time.monotonic()
    waiting = list(hosts)
    while waiting:
        interrupts.check()
        for host in list(waiting):
            if network.within(plan.namespace, functools.partial(_answers, host.address)):
                say(f"    {host.name}: sshd answers {time.monotonic() - started:.1f} s after the last power on")
                waiting.remove(host)
            elif not record.processes[host.name].alive():
                raise LabError(f"{host.name} ended while it booted:\n{_console(plan.name, host)}")
        if waiting and time.monotonic() - started > PATIENCE:
            names = ", ".join(host.name for host in waiting)
            raise LabError(f"no answer after {PATIENCE:.0f} s: {names}\n{_console(plan.name, waiting[0])}")
        time.sleep(0.02)


def _answers(address: str) -> bool:
    try:
        with socket.create_connection((address, 22), timeout=0.2) as connection:
            connection.settimeout(2)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _console(lab: str, host: Host) -> str:
    return tail((state.directory(lab) / host.name / "console.log").read_text(errors="replace"), 25)


def down(lab: str, logs: Path | None = None) -> None:
    """End a lab, also one whose start was killed. Nothing of it is left; a lab that is not there is no error."""
    with _changing(lab, wait=True):
        if state.read(lab) is None and not state.directory(lab).exists() and not network.namespaces(lab):
            say(f"lab {lab} is not up")
            return
        if logs is not None:
            _collect(lab, logs)
        _clear(lab)
    say(f"lab {lab} is down")


def _collect(lab: str, logs: Path) -> None:
    """Copy consoles, and the journals of hosts that still answer."""
    record = state.read(lab)
    if record is None:
        say(f"lab {lab} was killed before it had hosts: no logs")
        return
    logs.mkdir(parents=True, exist_ok=True)
    place = state.directory(lab)
    for host in record.plan().hosts:
        console = place / host.name / "console.log"
        if console.exists():
            shutil.copy(console, logs / f"{host.name}.console.log")
        if not record.powered(host.name):
            continue
        words = ["ssh", "-F", str(place / "ssh_config"), "-o", "ConnectTimeout=3", host.name]
        with (logs / f"{host.name}.journal.log").open("wb") as file:
            try:
                subprocess.run([*words, "journalctl --no-pager -o short-precise"], stdout=file, timeout=20, check=True)
            except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
                say(f"    {host.name}: no journal ({error})")
    say(f"    logs are in {logs}")


def _clear(lab: str) -> None:
    place = state.directory(lab)
    ssh.disconnect(place)
    names = network.namespaces(lab)
    identities = {name: network.identity(name) for name in names}
    supervisors = [p for p in processes.inside(identities.values()) if p.program() == ct.SUPERVISOR]
    processes.end(identity for name, identity in identities.items() if name != namespace(lab))
    processes.wait(supervisors)  # given the time, they clean up after the containers that just ended
    processes.end(identities.values())
    ct.clear(lab)
    for name in names:
        network.remove(name)
    if place.exists():
        shutil.rmtree(place)


@contextlib.contextmanager
def _changing(lab: str, wait: bool) -> Iterator[None]:
    """Be the only program that changes a lab."""

    def tell() -> None:
        say(f"another program changes lab {lab}; waiting")

    try:
        with exclusive(state.lock_path(lab), tell if wait else None):
            yield
    except Held:
        raise LabError(f"lab {lab} is being started or changed by another program") from None


def kill(lab: str, name: str) -> None:
    """Power a host off at once."""
    with _changing(lab, wait=True):
        record = state.running(lab)
        plan = record.plan()
        host = plan.host(name)
        if host.kind == "ns":
            raise LabError(f"{name} is of kind ns, which has no power to cut")
        if not record.powered(name):
            raise LabError(f"{name} is off")
        _power_off(lab, host, record)


def boot(lab: str, name: str) -> None:
    """Power a host on again, with the files it had, and wait until it answers."""
    with _changing(lab, wait=True):
        record = state.running(lab)
        plan = record.plan()
        host = plan.host(name)
        if host.kind == "ns" or record.powered(name):
            raise LabError(f"{name} is on")
        if name in record.processes:  # it went off by itself
            _power_off(lab, host, record)
        _power_on(plan, host, record)
        if host.interfaces[0].network not in record.cut_of(name):
            _wait(plan, record, [host])


def switch(lab: str, name: str, net: str, joined: bool) -> None:
    """Take a host's link off its network, or put it back; either may be so already."""
    with _changing(lab, wait=True):
        record = state.running(lab)
        plan = record.plan()
        interface = plan.host(name).interface(net)
        (network.join if joined else network.cut)(plan, interface)
        record.cut = [pair for pair in record.cut if pair != [name, net]]
        if not joined:
            record.cut.append([name, net])
        state.write(lab, record)


def status(lab: str) -> dict[str, Any]:
    """What there is of a lab: phase (down, starting, up, broken) and each host's power, address and cut links."""
    record = state.read(lab)
    if record is None:
        return {"name": lab, "phase": "broken" if network.namespaces(lab) else "down", "hosts": {}}
    hosts = {}
    for host in record.plan().hosts:
        on = host.kind == "ns" or record.powered(host.name)
        hosts[host.name] = {
            "kind": host.kind,
            "distro": host.spec.distro,
            "power": "on" if on else "off",
            "address": host.address,
            "cut": sorted(record.cut_of(host.name)),
        }
    kernel = record.parts.kernel
    return {"name": lab, "phase": record.phase, "kernel": kernel.origin if kernel else None, "hosts": hosts}
