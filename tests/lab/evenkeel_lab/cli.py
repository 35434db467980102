# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from evenkeel_lab import interrupts, kernels, lifecycle, network, state
from evenkeel_lab.base import LabError
from evenkeel_lab.inventory import inventory
from evenkeel_lab.plan import Plan, make
from evenkeel_lab.progress import say
from evenkeel_lab.spec import load, valid_name


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status says whether it did what was asked."""
    chosen = _parser().parse_args(arguments)
    interrupts.heed()
    try:
        return int(chosen.run(chosen) or 0)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="Hosts with their own kernel on one machine.")
    verbs = parser.add_subparsers(metavar="COMMAND", required=True)

    def verb(name: str, run: Any, text: str, *positional: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=text, description=text)
        for argument in positional:
            sub.add_argument(argument, metavar=argument.upper())
        sub.set_defaults(run=run)
        return sub

    sub = verb("prepare", _prepare, "make everything that labs need, so that they start in seconds")
    sub.add_argument("specs", metavar="SPEC", nargs="+", type=Path)
    sub = verb("up", _up, "start a lab and wait until every host answers")
    _spec_arguments(sub)
    sub = verb("down", _down, "end a lab, also one whose start was killed", "name")
    sub.add_argument("--logs", metavar="DIR", type=Path, help="first collect consoles and journals there")
    sub = verb("status", _status, "what there is of a lab", "name")
    sub.add_argument("--json", action="store_true", help="for programs")
    sub = verb("inventory", _inventory, "Ansible inventory of a lab, which need not be up")
    _spec_arguments(sub)
    sub = verb("ssh", _ssh, "run a command or a shell on a host", "name", "host")
    sub.add_argument("words", metavar="CMD", nargs=argparse.REMAINDER)
    sub = verb("ns", _ns, "run a command in the namespace of a ns or ct host, or of the lab itself (-)", "name", "host")
    sub.add_argument("words", metavar="CMD", nargs=argparse.REMAINDER)
    verb("cut", _cut, "take a host's link off its network", "name", "host", "net")
    verb("join", _join, "put a host's link back on its network", "name", "host", "net")
    verb("kill", _kill, "power a host off at once", "name", "host")
    verb("boot", _boot, "power a host on again, with the files it had", "name", "host")
    sub = verb("kernel", _kernel, "make a kernel for hosts of kind vm")
    sub.add_argument("kernel", choices=("packaged", "own"))
    return parser


def _spec_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", metavar="SPEC", type=Path, help="description of the lab, a YAML file")
    parser.add_argument("--name", help="call the lab this, not what the description says")


def _plan(chosen: argparse.Namespace) -> Plan:
    return make(load(chosen.spec, chosen.name))


def _name(chosen: argparse.Namespace) -> str:
    if not valid_name(chosen.name):
        raise LabError(f"{chosen.name!r} is no name of a lab")
    return str(chosen.name)


def _prepare(chosen: argparse.Namespace) -> None:
    for path in chosen.specs:
        lifecycle.prepare(load(path))


def _up(chosen: argparse.Namespace) -> None:
    plan = _plan(chosen)
    document = yaml.safe_load(chosen.spec.read_text())
    lifecycle.up(plan, {**document, "name": plan.name})


def _down(chosen: argparse.Namespace) -> None:
    lifecycle.down(_name(chosen), chosen.logs)


def _status(chosen: argparse.Namespace) -> int:
    status = lifecycle.status(_name(chosen))
    if chosen.json:
        print(json.dumps(status, indent=1))
    else:
        print(f"{status['name']}: {status['phase']}")
        for name, host in status["hosts"].items():
            cut = f", cut off from {' '.join(host['cut'])}" if host["cut"] else ""
            print(f"  {name}: {host['kind']} {host['distro'] or ''} {host['address']} {host['power']}{cut}")
    return 0 if status["phase"] == "up" else 3


def _inventory(chosen: argparse.Namespace) -> None:
    plan = _plan(chosen)
    print(json.dumps(inventory(plan, state.directory(plan.name)), indent=1))


def _ssh(chosen: argparse.Namespace) -> None:
    lab = _name(chosen)
    state.running(lab).plan().host(chosen.host)
    os.execvp("ssh", ["ssh", "-F", str(state.directory(lab) / "ssh_config"), chosen.host, *chosen.words])


def _ns(chosen: argparse.Namespace) -> None:
    plan = state.running(_name(chosen)).plan()
    if not chosen.words:
        raise LabError("ns: which command?")
    namespace = plan.namespace
    if chosen.host != "-":
        host = plan.host(chosen.host)
        if host.kind == "vm":
            raise LabError(f"{host.name} has a kernel of its own: use `lab ssh`")
        namespace = host.namespace
    words = [*network.enter_command(namespace), *chosen.words]
    os.execvp(words[0], words)


def _cut(chosen: argparse.Namespace) -> None:
    lifecycle.switch(_name(chosen), chosen.host, chosen.net, joined=False)


def _join(chosen: argparse.Namespace) -> None:
    lifecycle.switch(_name(chosen), chosen.host, chosen.net, joined=True)


def _kill(chosen: argparse.Namespace) -> None:
    lifecycle.kill(_name(chosen), chosen.host)


def _boot(chosen: argparse.Namespace) -> None:
    lifecycle.boot(_name(chosen), chosen.host)


def _kernel(chosen: argparse.Namespace) -> None:
    say(f"kernel: {kernels.provide(chosen.kernel).origin}")
