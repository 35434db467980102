# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ipvs engine against ipvsadm: 1,000 virtual servers with 10 servers each, in turn, on one freshly booted lab host.

Writes to build/bench.json, each as the medians of the rounds in seconds and ours divided by the reference's:

- ``ipvs.fill``, ``ipvs.dump``: our netlink codec alone in a running Python, against a process of ipvsadm
- ``ipvs.module_empty``, ``ipvs.module_nochange``, ``ipvs.module_one``: a module's whole process (Python's start,
  imports with Ansible's own, parsing, reading, plan, check, change, verification, record and result) from an empty
  kernel, with nothing to change, and with one weight among all to change
- ``ipvs.packed_empty``, ``ipvs.packed_nochange``: the same in the form in which Ansible sends modules, one file whose
  content Python compiles each time
- ``ipvs.growth``, ``ipvs.growth_1000``: what an object (virtual server or server) costs in the work of a module from an
  empty kernel with 5,000 and with 1,000 virtual servers, without the process's start, divided by what it costs with
  100: seconds for 1,100 objects

A lab host is slower than real hardware: only the ratios say something.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from common import Seconds, compared, record
from director import Director, sent_by_ansible
from rounds import measured, process
from wishes import OTHER_WEIGHT, SERVERS, WEIGHT, address, rules_of, vip, wish

SERVICES = 1000
GROWTH = (100, 1000, 5000)
ROUNDS = 5
MODULE = Path(__file__).resolve().parent / "whole_configuration.py"
EDIT = ["ipvsadm", "--edit-server", "-t", f"{vip(0)}:80", "-r", f"{address(0, 0)}:80", "-m", "-w", str(OTHER_WEIGHT)]
RESTORE = [["ipvsadm", "--restore"], "rules"]
SAVE: list[Any] = [["ipvsadm", "--save", "-n"], None]


def prepare(host: Director) -> None:
    host.install("ipvsadm")
    host.write("rules", rules_of(SERVICES))
    for name, weight in (("wish", WEIGHT), ("wish_one", OTHER_WEIGHT)):
        host.write(name, json.dumps(wish(SERVICES, "ipvs", weight)).encode())
    host.write("packed", sent_by_ansible(MODULE, {"src": host.path("wish")}))
    for size in GROWTH:
        host.write(f"wish_{size}", json.dumps(wish(size, "ipvs")).encode())
    # so that Python has compiled all there is
    host.do("module", "wish")


def one_round(host: Director, seconds: Seconds) -> None:
    host.do("clear")
    seconds.note("restore", host.do("run", [RESTORE]))
    seconds.note("save", host.do("run", [SAVE]))
    seconds.note("dump", host.do("dump", "rules"))
    seconds.note("one_by_ipvsadm", host.do("run", [SAVE, [EDIT, None]]))
    host.do("clear")
    seconds.note("fill", host.do("fill", "rules"))
    for start, argument in (("module", "wish"), ("packed", "packed")):
        host.do("clear")
        process(host, seconds, f"{start}_empty", start, argument, SERVICES + 1)
        seconds.note("save", host.do("run", [SAVE]))
        process(host, seconds, f"{start}_nochange", start, argument, 0)
    process(host, seconds, "module_one", "module", "wish_one", 2)
    growth(host, seconds)


def growth(host: Director, seconds: Seconds) -> None:
    for size in GROWTH:
        host.do("clear")
        seconds.note(f"reconciled_{size}", host.do("reconciled", f"wish_{size}") / size * GROWTH[0])
    host.do("clear")


def main() -> None:
    seconds = measured(__doc__ or "", ROUNDS, prepare, one_round)
    size = f"{SERVICES} virtual servers with {SERVERS} servers each"
    restore, save = f"ipvsadm --restore, {size}", f"ipvsadm --save -n, {size}"
    record(
        {
            "ipvs.fill": compared(seconds["fill"], seconds["restore"], restore),
            "ipvs.dump": compared(seconds["dump"], seconds["save"], save),
            "ipvs.module_empty": compared(seconds["module_empty"], seconds["restore"], restore),
            "ipvs.module_nochange": compared(seconds["module_nochange"], seconds["save"], save),
            "ipvs.module_one": compared(
                seconds["module_one"], seconds["one_by_ipvsadm"], f"ipvsadm --save -n and --edit-server, {size}"
            ),
            "ipvs.packed_empty": compared(seconds["packed_empty"], seconds["restore"], restore),
            "ipvs.packed_nochange": compared(seconds["packed_nochange"], seconds["save"], save),
            "ipvs.growth": compared(
                seconds["reconciled_5000"], seconds["reconciled_100"], "1,100 objects, of 1,100 instead of 55,000"
            ),
            "ipvs.growth_1000": compared(
                seconds["reconciled_1000"], seconds["reconciled_100"], "1,100 objects, of 1,100 instead of 11,000"
            ),
        }
    )


if __name__ == "__main__":
    main()
