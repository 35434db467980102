# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers out of what clients saw. Pure; every function raises NotAsTold when the numbers tell another story.

`seen` is what tests/lab/traffic/prober.py prints for one service; `asked` what client.py prints.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable
from typing import Any

from evenkeel_demo.base import NotAsTold

Seen = dict[str, Any]


def total(asked: Iterable[Seen]) -> Seen:
    """Requests of several rounds together: {"sent", "failed", "by_server", "errors"}."""
    rounds = list(asked)
    by_server: Counter[str] = Counter()
    for answers in rounds:
        by_server.update(answers["by_server"])
    return {
        "sent": sum(answers["sent"] for answers in rounds),
        "failed": sum(answers["failed"] for answers in rounds),
        "by_server": dict(sorted(by_server.items())),
        "errors": dict(sum((Counter(answers["errors"]) for answers in rounds), Counter())),
    }


def spread(asked: Seen, servers: Iterable[str]) -> None:
    """Every request was answered and each of the servers had the same share, give or take one request."""
    counts = {server: asked["by_server"].get(server, 0) for server in servers}
    if asked["failed"]:
        reasons = ", ".join(f"{reason} ({count})" for reason, count in asked["errors"].items())
        raise NotAsTold(f"{asked['failed']} of {asked['sent']} requests failed: {reasons}")
    if sum(counts.values()) != asked["sent"] or max(counts.values()) - min(counts.values()) > 1:
        raise NotAsTold(f"the requests are not spread equally over {', '.join(counts)}: {shares(asked)}")


def gap(seen: Iterable[Seen]) -> int:
    """The longest time without an answer, on any service; milliseconds, 0 when no request failed."""
    return max((_length(outage) for one in seen for outage in one["outages"]), default=0)


def removed_after(seen: Iterable[Seen], server: str) -> int:
    """Milliseconds from the last request that `server` answered to the first after which none failed.

    The longest of all services. Each of them must have had an answer from the server before it died.
    """
    return max(_removed_after(one, server) for one in seen)


def _removed_after(seen: Seen, server: str) -> int:
    if server not in seen["last_at"]:
        raise NotAsTold(f"{server} answered nothing, so it was not in rotation before it died")
    if not seen["outages"]:
        raise NotAsTold(f"no request failed, so {server} did not die under load")
    last = seen["outages"][-1]
    return int(last["at_ms"] + _length(last) - seen["last_at"][server])


def within(what: str, milliseconds: int, limit: int) -> None:
    """Something took no longer than it may."""
    if milliseconds > limit:
        raise NotAsTold(f"{what} took {milliseconds} ms; it may take {limit} ms")


def listed(table: str, address: str) -> bool:
    """Whether a server's address is in what /proc/net/ip_vs says."""
    parsed = ipaddress.ip_address(address)
    text = f"{int(parsed):08X}" if parsed.version == 4 else f"[{parsed.exploded}]"
    destinations = [line.split()[1].rpartition(":")[0] for line in table.splitlines() if line.startswith("  -> ")]
    return text in destinations


def _length(outage: dict[str, Any]) -> int:
    if outage["length_ms"] is None:
        raise NotAsTold(f"requests fail since {outage['failed']} requests and nothing ended that")
    return int(outage["length_ms"])


def shares(asked: Seen) -> str:
    """For a line of the story: who answered how often."""
    return ", ".join(f"{server} {count}" for server, count in sorted(asked["by_server"].items()))
