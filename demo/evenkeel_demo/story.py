# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The story. Each chapter does one thing to the pair, says what the client saw, and fails when that is not as told."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from evenkeel_demo import measures
from evenkeel_demo.ansible import PLAYBOOK, Run, play
from evenkeel_demo.base import REPOSITORY, NotAsTold
from evenkeel_demo.lab import Lab, wait_for
from evenkeel_demo.pair import Pair
from evenkeel_demo.terminal import Teller

#: The order of build/demo.json.
KEYS = ("second_run_changed", "requests", "server_death", "director_death", "seconds")

#: Requests to each virtual server when the spread is counted.
REQUESTS = 200

#: Seconds that something that must happen may take; the exact limits are held against what the client measured.
PATIENCE = 45

#: Seconds the client goes on asking after an event is over, so that what follows it is seen too.
AFTER = 1


class Story:
    """Told once, chapter by chapter."""

    def __init__(self, lab: Lab, pair: Pair, teller: Teller) -> None:
        self._lab = lab
        self._pair = pair
        self._teller = teller
        self._active, self._standby = pair.directors
        self._measured: dict[str, Any] = {"seconds": {}}

    def tell(self) -> None:
        """All of it. Raises NotAsTold at the first thing that is otherwise."""
        self.prepare()
        self.boot()
        self.converge()
        self.requests()
        self.second_run()
        self.server_death()
        self.director_death()

    def report(self) -> dict[str, Any]:
        """What build/demo.json holds, once all was told; the total counts from the very beginning until now."""
        self._seconds("total", self._teller.seconds())
        return {key: self._measured[key] for key in KEYS}

    def prepare(self) -> None:
        """Everything the lab is made of; `seconds.setup` counts from the very beginning."""
        with self._teller.step("Looking for root file systems, kernel and packages") as step:
            self._lab.prepare(lambda text: setattr(step, "detail", text))
            step.done("Root file system, kernel and packages for the lab are in the cache")
        self._seconds("setup", self._teller.seconds())

    def boot(self) -> None:
        """The hosts, and the web servers, which were there before anybody wanted to balance them."""
        start = time.monotonic()
        with self._teller.step("Booting the lab") as step:
            self._lab.up(lambda text: setattr(step, "detail", text))
            self._start_web_servers()
            names = f"directors {' and '.join(self._pair.directors)}, web servers {' and '.join(self._pair.servers)}"
            step.done(f"The lab is up: {names}, and a client")
        self._seconds("boot", time.monotonic() - start)

    def _start_web_servers(self) -> None:
        unit = (REPOSITORY / "demo" / "web.service").read_text()
        for server in self._pair.servers:
            self._lab.ssh(server, "cat > /etc/systemd/system/web.service && systemctl enable --quiet --now web", unit)

    def converge(self) -> None:
        """The first run makes the pair; it has to be seen serving before the run counts as done."""
        start = time.monotonic()
        with self._teller.step(f"Running {PLAYBOOK}") as step:
            run = self._play("first", step)
            unchanged = [host for host, count in run.changed.items() if not count]
            if unchanged:
                raise NotAsTold(f"the first run changed nothing on {', '.join(unchanged)}")
            step.done(f"{PLAYBOOK}: {run.total_changed()} changes on {len(run.changed)} hosts")
        with self._teller.step("Waiting for the VIPs") as step:
            self._wait_for_active(self._active)
            self._wait_for_answers()
            step.done(f"{self._active} holds the VIPs, {self._standby} stands by; {self._addresses()} answer")
        self._seconds("converge", time.monotonic() - start)

    def requests(self) -> None:
        """Requests spread equally."""
        with self._teller.step("Asking for pages") as step:
            asked = self._ask()
            measures.spread(asked, self._pair.servers)
            step.done(
                f"{asked['sent']} requests to {self._addresses()}: {measures.shares(asked)}; {asked['failed']} failed"
            )
        self._measured["requests"] = {key: asked[key] for key in ("sent", "failed", "by_server")}

    def second_run(self) -> None:
        """A second run changes nothing."""
        with self._teller.step(f"Running {PLAYBOOK} again") as step:
            run = self._play("second", step)
            changed = run.total_changed()
            if changed:
                raise NotAsTold(f"the second run made {changed} changes:\n" + "\n".join(run.changes))
            step.done(f"{PLAYBOOK} again: changed=0 on {', '.join(sorted(run.changed))}")
        self._measured["second_run_changed"] = changed

    def server_death(self) -> None:
        """A server loses its power, leaves rotation, and is in rotation again once it is back."""
        dead, *alive = self._pair.servers
        with self._teller.step(f"Powering off {dead} while the client keeps asking") as step:
            with self._lab.watched(list(self._pair.services)) as seen:
                self._lab.kill(dead)
                wait_for(
                    lambda: not any(self._in_rotation(dead)), PATIENCE, f"{self._active} still sends requests to {dead}"
                )
                time.sleep(AFTER)
            failed = measures.total(seen)["failed"]
            removed = measures.removed_after(seen, dead)
            measures.within("taking a dead server out", removed, self._pair.removal_limit)
            measures.spread(self._ask(), alive)
            step.done(
                f"{dead} was powered off: out after {removed} ms, {failed} requests failed until then, "
                f"{' and '.join(alive)} answers all now"
            )
        self._measured["server_death"] = {"failed_requests": failed, "removed_after_ms": removed}
        with self._teller.step(f"Powering {dead} on again") as step:
            self._lab.boot(dead)
            wait_for(lambda: all(self._in_rotation(dead)), PATIENCE, f"{self._active} sends no requests to {dead}")
            measures.spread(self._ask(), self._pair.servers)
            step.done(f"{dead} is powered on and has its share again")

    def director_death(self) -> None:
        """The active director loses its power, the standby serves, and the first takes over again once it is back."""
        with self._teller.step(
            f"Powering off {self._active}, the active director, while the client keeps asking"
        ) as step:
            with self._lab.watched(list(self._pair.services)) as seen:
                self._lab.kill(self._active)
                self._wait_for_answers()
                time.sleep(AFTER)
            gap = measures.gap(seen)
            if not gap:
                raise NotAsTold(f"no request failed, so {self._active} was not the one that served")
            measures.within("the standby's taking over", gap, self._pair.failover_limit)
            self._assert_holds(self._standby)
            step.done(
                f"{self._active}, the active director, was powered off: {self._standby} answered after {gap} ms "
                f"(allowed: {self._pair.failover_limit})"
            )
        self._measured["director_death"] = {"gap_ms": gap}
        with self._teller.step(f"Powering {self._active} on again while the client keeps asking") as step:
            with self._lab.watched(list(self._pair.services)) as seen:
                self._lab.boot(self._active)
                self._wait_for_active(self._active)
                time.sleep(AFTER)
            asked = measures.total(seen)
            measures.within("taking over again", measures.gap(seen), self._pair.failover_limit)
            measures.spread(self._ask(), self._pair.servers)
            step.done(
                f"{self._active} is back and took over again: "
                f"{asked['failed']} of {asked['sent']} requests failed meanwhile"
            )

    def _play(self, name: str, step: Any) -> Run:
        return play(self._lab.name, name, self._pair.hosts, lambda text: setattr(step, "detail", text))

    def _addresses(self) -> str:
        return " and ".join(address for address, _port in self._pair.services)

    def _ask(self) -> measures.Seen:
        return measures.total(self._lab.ask(address, port, REQUESTS) for address, port in self._pair.services)

    def _wait_for_answers(self) -> None:
        for address, port in self._pair.services:
            wait_for(partial(self._answers, address, port), PATIENCE, f"nobody answers at {address}")

    def _answers(self, address: str, port: int) -> bool:
        return not self._lab.ask(address, port, 1, timeout=0.3)["failed"]

    def _in_rotation(self, server: str) -> list[bool]:
        """For each address of a server, whether the kernel of the active director would send a request there."""
        table = self._lab.ssh(self._active, "cat /proc/net/ip_vs")
        return [measures.listed(table, address) for address in self._pair.servers[server]]

    def _holds(self, director: str) -> list[str]:
        """The VIPs a director has on its interfaces."""
        held = {line.split()[3].split("/")[0] for line in self._lab.ssh(director, "ip -o address show").splitlines()}
        return [vip for vip in self._pair.vips if vip in held]

    def _wait_for_active(self, director: str) -> None:
        def active() -> bool:
            return self._holds(director) == list(self._pair.vips)

        wait_for(active, PATIENCE, f"{director} does not hold the VIPs")
        others = [other for other in self._pair.directors if other != director]
        wait_for(lambda: not any(map(self._holds, others)), PATIENCE, f"{' and '.join(others)} holds VIPs as well")

    def _assert_holds(self, director: str) -> None:
        held = self._holds(director)
        if held != list(self._pair.vips):
            raise NotAsTold(f"{director} holds {', '.join(held) or 'no VIP'}, not {', '.join(self._pair.vips)}")

    def _seconds(self, what: str, seconds: float) -> None:
        self._measured["seconds"][what] = round(seconds, 1)
