# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keepalived engine against what people do by hand: 1,000 virtual servers with 10 servers each, on one lab host.

keepalived runs before and after; there are no health checks, as nothing would answer them. Writes to build/bench.json:

- ``keepalived.module_empty``: a module's whole process from a keepalived that has nothing, against the same file put
  there by hand, ``keepalived -t``, ``systemctl reload``, and waiting until the kernel has it all
- ``keepalived.module_nochange``: with nothing to change, against ``keepalived -t`` and ``ipvsadm --save -n``
- ``keepalived.module_one``: with one weight among all to change, against the same by hand as above
"""

from __future__ import annotations

import json
from typing import Any

from common import Seconds, compared, record
from director import Director, start_keepalived
from rounds import measured, process
from wishes import OTHER_WEIGHT, SERVERS, WEIGHT, rules_of, wish

SERVICES = 1000
ROUNDS = 3
FILE = "/etc/keepalived/evenkeel.conf"
TEST = [["keepalived", "-t"], None]
RELOAD = [["systemctl", "reload", "keepalived.service"], None]
SAVE = [["ipvsadm", "--save", "-n"], None]


def text_of(wanted: dict[str, Any]) -> bytes:
    """What keepalived has to be told."""
    from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.render import blocks, document
    from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration

    return document(blocks(Configuration.from_document(wanted))).encode()


def prepare(host: Director) -> None:
    host.install("ipvsadm", "keepalived")
    for name, weight in (("all", WEIGHT), ("one", OTHER_WEIGHT)):
        wanted = wish(SERVICES, "keepalived", weight)
        host.write(f"{name}.conf", text_of(wanted))
        host.write(f"{name}.rules", rules_of(SERVICES, weight))
        host.write(f"{name}.wish", json.dumps(wanted).encode())
    host.write("none.conf", text_of({}))
    host.write("none.rules", b"")
    host.write("none.wish", b"{}")
    start_keepalived(host, FILE)
    host.do("module", "none.wish")


def by_hand(host: Director, name: str) -> float:
    copied = host.do("run", [[["cp", f"{name}.conf", FILE], None], TEST, RELOAD])
    return float(copied) + float(host.do("settle", f"{name}.rules"))


def one_round(host: Director, seconds: Seconds) -> None:
    seconds.note("all_by_hand", by_hand(host, "all"))
    seconds.note("one_by_hand", by_hand(host, "one"))
    by_hand(host, "none")
    process(host, seconds, "module_empty", "module", "all.wish", SERVICES)
    process(host, seconds, "module_nochange", "module", "all.wish", 0)
    seconds.note("looked", host.do("run", [TEST, SAVE]))
    process(host, seconds, "module_one", "module", "one.wish", 1)
    host.do("module", "none.wish")
    host.do("settle", "none.rules")


def main() -> None:
    seconds = measured(__doc__ or "", ROUNDS, prepare, one_round)
    size = f"{SERVICES} virtual servers with {SERVERS} servers each"
    hand = f"the same file by hand, keepalived -t, systemctl reload, until the kernel has it, {size}"
    record(
        {
            "keepalived.module_empty": compared(seconds["module_empty"], seconds["all_by_hand"], hand),
            "keepalived.module_nochange": compared(
                seconds["module_nochange"], seconds["looked"], f"keepalived -t and ipvsadm --save -n, {size}"
            ),
            "keepalived.module_one": compared(seconds["module_one"], seconds["one_by_hand"], hand),
        }
    )


if __name__ == "__main__":
    main()
