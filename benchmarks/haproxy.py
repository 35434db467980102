# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HAProxy engine against what people do by hand: 1,000 frontends with 10 servers each, on one lab host.

HAProxy runs before and after; there are no health checks, as nothing would answer them. Writes to build/bench.json:

- ``haproxy.module_empty``: a module's whole process from a HAProxy that has nothing of it, against the same file put
  there by hand, ``haproxy -c``, ``systemctl reload``, and waiting until the new worker has it all
- ``haproxy.module_nochange``: with nothing to change, against ``haproxy -c``
- ``haproxy.module_one``: with one weight among all to change, without a reload, against the same by hand as above
"""

from __future__ import annotations

import argparse
import json

from common import Seconds, collection, compared, record
from director import Director, director
from wishes import OTHER_WEIGHT, SERVERS, WEIGHT, wish

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


def text_of(wanted: dict[str, object]) -> bytes:
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
    for name, weight in (("all", WEIGHT), ("one", OTHER_WEIGHT)):
        wanted = wish(SERVICES, "haproxy", weight)
        host.write(f"{name}.cfg", text_of(wanted))
        host.write(f"{name}.wish", json.dumps(wanted).encode())
    host.write("none.cfg", text_of({}))
    host.write("none.wish", b"{}")
    host.shell("sysctl -q -w net.ipv4.ip_nonlocal_bind=1")
    host.shell(f"mkdir -p {UNIT} && cat > {UNIT}/evenkeel.conf", DROP_IN)
    host.shell(f"cp {host.path('none.cfg')} {FILE} && systemctl daemon-reload && systemctl restart haproxy.service")
    host.do("module", "none.wish")


def by_hand(host: Director, name: str) -> float:
    done = host.do("run", [[["cp", f"{name}.cfg", FILE], None], TEST, RELOAD])
    return float(done) + float(host.do("serves", f"{name}.cfg"))


def one_round(host: Director, seconds: Seconds) -> None:
    def process(name: str, document: str, steps: int) -> None:
        told = host.do("module", document)
        if told["steps"] != steps:
            raise SystemExit(f"{name} did {told['steps']} steps, not {steps}")
        seconds.note(name, told["seconds"])

    seconds.note("all_by_hand", by_hand(host, "all"))
    seconds.note("one_by_hand", by_hand(host, "one"))
    by_hand(host, "none")
    # a frontend, a backend, and the reload
    process("module_empty", "all.wish", 2 * SERVICES + 1)
    process("module_nochange", "all.wish", 0)
    seconds.note("looked", host.do("run", [TEST]))
    process("module_one", "one.wish", 1)
    host.do("module", "none.wish")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    seconds = Seconds()
    with collection(), director() as host:
        prepare(host)
        for _round in range(rounds):
            one_round(host, seconds)
            seconds.show()
    size = f"{SERVICES} frontends with {SERVERS} servers each"
    hand = f"the same file by hand, haproxy -c, systemctl reload, until the new worker has it, {size}"
    record(
        {
            "haproxy.module_empty": compared(seconds["module_empty"], seconds["all_by_hand"], hand),
            "haproxy.module_nochange": compared(seconds["module_nochange"], seconds["looked"], f"haproxy -c, {size}"),
            "haproxy.module_one": compared(seconds["module_one"], seconds["one_by_hand"], hand),
        }
    )


if __name__ == "__main__":
    main()
