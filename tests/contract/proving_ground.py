# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directors on which any configuration may become any other, and what has to stay on them whatever comes."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.capabilities import Version
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.rules import parse
from ansible_collections.evenkeel.lb.tests.contract.director import REPOSITORY, Director, lab
from ansible_collections.evenkeel.lb.tests.contract.edits import Document, edited
from ansible_collections.evenkeel.lb.tests.contract.strategies import PORTS, SERVERS, any_document

SPEC = REPOSITORY / "tests/contract/proofs.yml"
HOSTS = ("lb1", "lb2", "lb3", "lb4")
# What keepalived is asked about before anything moves; of a run that ended just then they stay until the next one asks.
CANDIDATES = ("/etc/keepalived/.evenkeel-candidate.conf", "/etc/keepalived/.evenkeel-check.conf")

# What somebody else has on the same director: never ours, never touched.
FOREIGN_SERVICES = """\
-A -t 192.0.2.9:25 -s fo -b flag-2
-a -t 192.0.2.9:25 -r 192.0.2.10:2525 -m -w 7
-A -u [2001:db8::9]:5353 -s ovf -p 77 -M 48 -o
-A -f 99 -6 -s lblcr -p 60
"""
OF_THE_USER = "-A -t 10.10.0.99:25 -s rr\n-a -t 10.10.0.99:25 -r 10.20.0.9:25 -m -w 1\n"
FOREIGN = parse(FOREIGN_SERVICES + OF_THE_USER)
FOREIGN_RULES = "# by hand\n-A -t 192.0.2.9:25 -s fo\n-a -t 192.0.2.9:25 -r 192.0.2.10:2525 -m -w 7\nno rule at all\n"
FOREIGN_PACKETS = """\
table inet by_hand {
  chain prerouting { type filter hook prerouting priority mangle; ip daddr 10.10.0.66 meta mark set 7; }
}
table ip evenkeel { chain input { type filter hook input priority 0; policy accept; }; }
"""
USERS_CONFIGURATION = """\
# by hand
global_defs {
    router_id mine
}
virtual_server 10.10.0.99 25 {
    protocol TCP
    lvs_sched rr
    real_server 10.20.0.9 25 {
    }
}
include /etc/keepalived/evenkeel.conf
"""
FURNITURE = f"""\
set -e
modprobe -a ip_vs ip_vs_pe_sip
sysctl -q -w net.ipv4.vs.conntrack=1
cat > /etc/keepalived/keepalived.conf <<'END'
{USERS_CONFIGURATION}END
cat > /etc/ipvsadm.rules <<'END'
{FOREIGN_RULES}END
ipvsadm --restore <<'END'
{FOREIGN_SERVICES}END
nft -f - <<'END'
{FOREIGN_PACKETS}END
systemctl start keepalived
"""


@contextmanager
def directors(lab_name: str) -> Iterator[dict[str, Director]]:
    """Freshly booted directors with software of all engines, servers that answer, and things of somebody else."""
    lab("up", str(SPEC), "--name", lab_name)
    try:
        found = {host: Director(lab_name, host) for host in HOSTS}
        with ThreadPoolExecutor() as jobs:
            list(jobs.map(_furnish, found.values()))
        yield found
        for director in found.values():
            director.close()
    finally:
        lab("down", lab_name)


def _furnish(director: Director) -> None:
    director.equip("ipvsadm", "keepalived")
    director.shell(FURNITURE)
    director.drive("make_servers", {"addresses": [*SERVERS[4], *SERVERS[6]], "ports": PORTS})


def versions_of(director: Director) -> dict[str, Version]:
    """The versions of the software there that capabilities depend on; without what is not installed."""
    found = director.drive("versions")
    return {software: tuple(version) for software, version in found.items() if version is not None}


def documents(count: int, seed: int, names: Sequence[str], versions: Mapping[str, Version]) -> list[Document]:
    """The same documents for the same seed: anything, and mostly made of the one before."""
    random = Random(seed)
    found: list[Document] = [{}]
    for _number in range(count):
        other = any_document(random, names, versions)
        found.append(other if random.random() < 0.25 else edited(found[-1], other, random, versions))
    return found[1:]


def without_health(document: Document) -> Document:
    """The document without what takes servers out, or waits long to become active: so that what differs was left by a
    run."""
    changed = copy.deepcopy(document)
    for farm in changed.get("farms", []):
        for thing in (farm, *farm.get("servers", [])):
            thing.pop("health_check", None)
    for group in changed.get("ha_groups", []):
        group["advert_interval"] = 0.1
        group["missed_adverts"] = min(group.get("missed_adverts", 3), 3)
        group.pop("password", None)  # needs whole seconds
    return changed


def in_parallel(hosts: Mapping[str, Director], do: Callable[[str, Director], Any]) -> dict[str, Any]:
    """What is done on each host, at the same time."""
    with ThreadPoolExecutor(len(hosts)) as jobs:
        running = {name: jobs.submit(do, name, host) for name, host in hosts.items()}
        return {name: job.result() for name, job in running.items()}


def own_seed(seed: int, host: str) -> int:
    """The seed of a host, of the one that all begin with."""
    return seed + HOSTS.index(host)


def where(seed: int, host: str, number: int, *told: Any) -> str:
    """What a failure says first: how it is repeated, and what was asked for and told. ``seed`` is that of all hosts."""
    return "\n".join([f"step {number} on {host} of EVENKEEL_SEED={seed}", *(json.dumps(thing) for thing in told)])


def cases(count: int, hosts: int = len(HOSTS)) -> int:
    """How many cases of a kind each director has, of so many or as many as EVENKEEL_CASES wants on all of them."""
    return -(-int(os.environ.get("EVENKEEL_CASES") or count) // hosts)
