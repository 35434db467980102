# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The aloha engine against a plain loop of ansible.builtin.uri: 1,000 layer 4 farms with 10 servers each, on a
simulated appliance that takes 5 ms for each request. Writes to build/bench.json:

- ``aloha.play_empty``: a play with one ``lb_config`` onto an appliance that has nothing, against a play whose loop of
  ``uri`` sends one POST for each object: it reads nothing before and nothing back
- ``aloha.play_nochange``: the same play with nothing to change, against a loop that reads each object

A loop of uri takes a fraction of a second for each item, an hour for all: it is measured with ``--items`` of them, and
what it takes for all follows from that, as each item costs the same.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import REPOSITORY, Seconds, collection, compared, record

FARMS, SERVERS = 1000, 10
DELAY = 0.005


def wish(farms: int) -> dict[str, Any]:
    """So many farms with a virtual server each."""
    return {
        "farms": [
            {
                "name": f"farm{number}",
                "servers": [
                    {"name": f"s{one}", "address": f"10.{number // 250}.{number % 250}.{one + 1}", "weight": 1}
                    for one in range(SERVERS)
                ],
            }
            for number in range(farms)
        ],
        "virtual_servers": [
            {
                "name": f"vs{number}",
                "vip": f"192.0.2.{number % 200 + 1}",
                "port": 1000 + number,
                "farm": f"farm{number}",
            }
            for number in range(farms)
        ],
    }


def requests(farms: int) -> list[dict[str, Any]]:
    """One request for each object."""
    base = "/api/2/scope/root/l4/farm"
    found: list[dict[str, Any]] = []
    for farm in wish(farms)["farms"]:
        found.append({"path": f"{base}/{farm['name']}", "body": {"balance": "least-connections"}})
        for server in farm["servers"]:
            body = {"address": server["address"], "weight": "1"}
            found.append({"path": f"{base}/{farm['name']}/server/{server['name']}", "body": body})
    return found


class Bench:
    """Plays on one simulated appliance."""

    def __init__(self, folder: Path, url: str, port: int) -> None:
        self._folder, self._url = folder, url
        hosts = {"aloha": {"ansible_host": "127.0.0.1", "ansible_httpapi_port": port}}
        shared = {
            "ansible_connection": "ansible.netcommon.httpapi",
            "ansible_network_os": "evenkeel.lb.aloha",
            "ansible_httpapi_use_ssl": False,
            "ansible_user": "admin",
            "ansible_password": "s3cr3t-0f-aloha",
            "ansible_python_interpreter": sys.executable,
            "ansible_aloha_records": str(folder / "records"),
        }
        (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts, "vars": shared}}))

    def play(self, *tasks: dict[str, Any], local: bool = False) -> float:
        """The seconds of a play."""
        play = {"hosts": "localhost" if local else "aloha", "gather_facts": False, "tasks": list(tasks)}
        (self._folder / "play.json").write_text(json.dumps([play]))
        cache = os.environ.get("EVENKEEL_CACHE", "/var/cache/evenkeel")
        paths = f"{REPOSITORY}/build/collections:{cache}/collections"
        begin = time.monotonic()
        subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "-i", "hosts.json", "play.json"],
            cwd=self._folder,
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": paths, "LC_ALL": "C.UTF-8"},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return time.monotonic() - begin

    def ours(self, farms: int) -> float:
        (self._folder / "wish.json").write_text(json.dumps(wish(farms)))
        config = "{{ lookup('ansible.builtin.file', 'wish.json') | from_json }}"
        return self.play({"evenkeel.lb.lb_config": {"config": config}})

    def by_hand(self, method: str, items: int) -> float:
        """Seconds for one item of a loop, without what a play takes in any case."""
        (self._folder / "items.json").write_text(json.dumps(requests(items // SERVERS + 1)[:items]))
        uri = {
            "url": f"{self._url}{{{{ item.path }}}}",
            "user": "admin",
            "password": "s3cr3t-0f-aloha",
            "force_basic_auth": True,
            "method": method,
            **({"body": "{{ item.body }}", "body_format": "json"} if method == "POST" else {}),
        }
        whole = {
            "ansible.builtin.uri": uri,
            "loop": "{{ lookup('ansible.builtin.file', 'items.json') | from_json }}",
            "loop_control": {"label": "{{ item.path }}"},
            "no_log": True,
        }
        empty = self.play({"ansible.builtin.meta": "noop"}, local=True)
        return (self.play(whole, local=True) - empty) / items


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--farms", type=int, default=FARMS)
    parser.add_argument("--items", type=int, default=100, help="of the loop of uri")
    arguments = parser.parse_args()
    seconds, objects = Seconds(), arguments.farms * (SERVERS + 1)
    subprocess.run([sys.executable, REPOSITORY / "tools/export.py", REPOSITORY / "build/collections"], check=True)
    with collection(), tempfile.TemporaryDirectory() as folder:
        from ansible_collections.evenkeel.lb.tests.aloha_simulator.appliance import Appliance
        from ansible_collections.evenkeel.lb.tests.aloha_simulator.server import serving
        from ansible_collections.evenkeel.lb.tests.aloha_simulator.switches import Switches

        with serving(Appliance(Switches(delay=DELAY))) as theirs:
            bench = Bench(Path(folder), f"http://127.0.0.1:{theirs.port}", theirs.port)
            seconds.note("uri_empty", bench.by_hand("POST", arguments.items) * objects)
            seconds.note("uri_nochange", bench.by_hand("GET", arguments.items) * objects)
            seconds.show()
        with serving(Appliance(Switches(delay=DELAY))) as appliance:
            bench = Bench(Path(folder), f"http://127.0.0.1:{appliance.port}", appliance.port)
            seconds.note("empty", bench.ours(arguments.farms))
            seconds.show()
            made = len(appliance.appliance.requests)
            seconds.note("nochange", bench.ours(arguments.farms))
            read = appliance.appliance.requests[made:]
            assert {request.method for request in read} == {"GET"} and len(read) == objects + arguments.farms
            seconds.show()
    words = f"a loop of uri over {objects} objects, from {arguments.items} of them"
    record(
        {
            "aloha.play_empty": compared(seconds["empty"], seconds["uri_empty"], words),
            "aloha.play_nochange": compared(seconds["nochange"], seconds["uri_nochange"], words),
        }
    )


if __name__ == "__main__":
    main()
