# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HAProxy engine against what people do by hand: 1,000 frontends with 10 servers each, on one lab host.

HAProxy runs before and after; there are no health checks, as nothing would answer them. Writes to build/bench.json:

- ``haproxy.module_empty``: a module's whole process from a HAProxy that has nothing of it, against the same file put
  there by hand, ``haproxy -c``, ``systemctl reload``, and waiting until the new worker has it all
- ``haproxy.module_nochange``: with nothing to change, against ``haproxy -c``
- ``haproxy.module_one``: with one weight among all to change, without a reload, against the same by hand as above
- ``haproxy.one_weight_socket``: the same asked of the module lb_server, against a process of a module that does nothing
  and the command ``set weight`` on HAProxy's socket
- ``haproxy.one_server``: lb_server with a server that is new, without a reload, against the same by hand as above
"""

from __future__ import annotations

import json
from typing import Any

from common import Seconds, compared, record
from director import Director
from rounds import measured, process
from wishes import OTHER_WEIGHT, SERVERS, WEIGHT, address, wish

SERVICES = 1000
ROUNDS = 3
USERS = "/etc/haproxy/haproxy.cfg"
FILE = "/etc/haproxy/evenkeel.cfg"
UNIT = "/etc/systemd/system/haproxy.service.d"
DROP_IN = b"""[Service]
Environment="EXTRAOPTS=-S /run/haproxy-master.sock -f /etc/haproxy/evenkeel.cfg"
"""
TEST = [["haproxy", "-c", "-q", "-f", USERS, "-f", FILE], None]
RELOAD = [["systemctl", "reload", "haproxy.service"], None]
BACKEND = "farm0:tcp:80"
LB_SERVER = "ansible_collections.evenkeel.lb.plugins.modules.lb_server"
FIRST = {"farm": "farm0", "name": "server0"}
NEW = {"name": "new", "address": address(SERVICES, 0), "weight": WEIGHT}


def wanted_files() -> dict[str, dict[str, Any]]:
    """What HAProxy is to hold, by the name of its files."""
    found = {"none": {}, "all": wish(SERVICES, "haproxy"), "one": wish(SERVICES, "haproxy", OTHER_WEIGHT)}
    found["more"] = wish(SERVICES, "haproxy")
    found["more"]["farms"][0]["servers"].append(NEW)
    return found


def text_of(wanted: dict[str, Any]) -> bytes:
    """What HAProxy has to be told."""
    from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.render import (
        blocks_of,
        document,
        sections,
    )
    from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration

    return document(blocks_of(sections(Configuration.from_document(wanted)))).encode()


def prepare(host: Director) -> None:
    host.install("haproxy")
    for name, wanted in wanted_files().items():
        host.write(f"{name}.cfg", text_of(wanted))
        host.write(f"{name}.wish", json.dumps(wanted).encode())
    host.shell("sysctl -q -w net.ipv4.ip_nonlocal_bind=1")
    host.shell(f"mkdir -p {UNIT} && cat > {UNIT}/evenkeel.conf", DROP_IN)
    host.shell(f"cp {host.path('none.cfg')} {FILE} && systemctl daemon-reload && systemctl restart haproxy.service")
    host.do("module", "none.wish")


def by_hand(host: Director, name: str) -> float:
    done = host.do("run", [[["cp", f"{name}.cfg", FILE], None], TEST, RELOAD])
    return float(done) + float(host.do("serves", f"{name}.cfg"))


def one_round(host: Director, seconds: Seconds) -> None:
    def module(name: str, document: str, steps: int, reloads: int) -> None:
        process(host, seconds, name, "module", document, steps, reloads)

    def lb_server(measure: str, **options: Any) -> None:
        process(host, seconds, measure, "started", [LB_SERVER, options], 1, 0)

    seconds.note("all_by_hand", by_hand(host, "all"))
    seconds.note("one_by_hand", by_hand(host, "one"))
    seconds.note("more_by_hand", by_hand(host, "more"))
    by_hand(host, "none")
    # a frontend, a backend, and the reload
    module("module_empty", "all.wish", 2 * SERVICES + 1, 1)
    module("module_nochange", "all.wish", 0, 0)
    seconds.note("looked", host.do("run", [TEST]))
    module("module_one", "one.wish", 1, 0)
    lb_server("one_weight", **FIRST, weight=WEIGHT)
    process(host, seconds, "nothing", "started", ["nothing", {}], 0)
    told = host.do("tell", [f"set weight {BACKEND}/{FIRST['name']} {WEIGHT}"])
    seconds.note("started_and_told", seconds["nothing"][-1] + told)
    lb_server("one_server", farm=FIRST["farm"], **NEW)
    host.do("module", "none.wish")


def main() -> None:
    seconds = measured(__doc__ or "", ROUNDS, prepare, one_round)
    size = f"{SERVICES} frontends with {SERVERS} servers each"
    hand = f"the same file by hand, haproxy -c, systemctl reload, until the new worker has it, {size}"
    record(
        {
            "haproxy.module_empty": compared(seconds["module_empty"], seconds["all_by_hand"], hand),
            "haproxy.module_nochange": compared(seconds["module_nochange"], seconds["looked"], f"haproxy -c, {size}"),
            "haproxy.module_one": compared(seconds["module_one"], seconds["one_by_hand"], hand),
            "haproxy.one_weight_socket": compared(
                seconds["one_weight"],
                seconds["started_and_told"],
                f"a module that does nothing, and set weight, {size}",
            ),
            "haproxy.one_server": compared(seconds["one_server"], seconds["more_by_hand"], hand),
        }
    )


if __name__ == "__main__":
    main()
