# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an audit of directors found, as data. Private to evenkeel.lb."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import BadValue, Timestamp, shown

from . import _report_certificates, _report_groups, _report_topology

# From good to bad. A director that failed stands last: somebody has to find out why before anything can be said of it.
VERDICTS = ("clean", "drifted", "unreachable", "failed")

_RESULTS = "a mapping of the names of directors to results of lb_info"
_RESULT = "a result of lb_info with drift, or failed or unreachable with a message"


class _Director(NamedTuple):
    """What an audit of one director came to; `info` is empty where it came to nothing."""

    verdict: str
    message: str
    info: Mapping[str, Any]


def report(results: Any, generated: Any, certificate_days: Any = _report_certificates.DAYS) -> dict[str, Any]:
    """All findings of the audit, in an order of their own, so that equal results give equal reports.

    `results` are those of lb_info by the names of directors, one or more, `generated` is a moment, and certificates
    are warned of `certificate_days` before they end. Raises BadValue for what is none of that.
    """
    moment, within = Timestamp().parse(generated), _report_certificates.days(certificate_days)
    if not isinstance(results, Mapping) or not all(isinstance(name, str) for name in results):
        raise BadValue(f"{shown(results)} is no such mapping", _RESULTS)
    if not results:
        # Nobody who asked about nothing should be told that all is well.
        raise BadValue("no director was audited", _RESULTS)
    directors = {name: _director(name, results[name]) for name in sorted(results)}
    infos = {name: one.info for name, one in directors.items() if one.info}
    silent = {name for name, one in directors.items() if not one.info}
    groups = _report_groups.groups(infos, silent)
    findings: dict[str, list[dict[str, Any]]] = {
        "drift": [{"director": name, **entry} for name, info in infos.items() for entry in info["drift"]],
        "ha_groups": [group for group in groups if group["problem"]],
        "virtual_servers": _report_topology.virtual_servers_down(infos),
        "servers": _report_topology.servers_down(infos),
        "certificates": _report_certificates.findings(infos, moment, within),
    }
    counts = {
        "directors": len(directors),
        **{verdict: sum(one.verdict == verdict for one in directors.values()) for verdict in VERDICTS},
        **{kind: len(found) for kind, found in findings.items()},
    }
    return {
        "generated": moment,
        "verdict": max((one.verdict for one in directors.values()), key=VERDICTS.index),
        "summary": _summary(counts),
        "attention": ", ".join(_troubles(counts, findings["certificates"], within)),
        "counts": counts,
        "directors": {name: {"verdict": one.verdict, "message": one.message} for name, one in directors.items()},
        "findings": findings,
        "ha_groups": groups,
        "topology": _report_topology.topology(infos),
    }


def made(value: Any) -> Mapping[str, Any]:
    """The report that was given back. Raises BadValue for what report() did not give."""
    if not isinstance(value, Mapping) or not {"summary", "findings", "topology"} <= set(value):
        raise BadValue(f"{shown(value)} is no report", "what the filter lb_report gives")
    return value


def _director(name: str, result: Any) -> _Director:
    if not isinstance(result, Mapping):
        raise BadValue(f"{shown(result)} is no result of director {name}", _RESULT)
    for verdict in ("unreachable", "failed"):
        told = result.get(verdict)
        if told:  # a registered result says true here and has the message beside it
            return _Director(verdict, str(result.get("msg", "") if told is True else told), {})
    if not isinstance(result.get("drift"), list):
        raise BadValue(f"the result of director {name} has no drift", _RESULT)
    return _Director("drifted" if result["drift"] else "clean", "", result)


def counted(number: int, thing: str) -> str:
    """The number with the thing, in the plural where that is due."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _summary(counts: Mapping[str, int]) -> str:
    """How what runs compares with what is intended, the worst first, without a full stop."""
    if counts["clean"] == counts["directors"]:
        return f"{counted(counts['directors'], 'director')} without drift"
    first, *others = (verdict for verdict in reversed(VERDICTS) if verdict != "clean" and counts[verdict])
    parts = [f"{counts[first]} of {counted(counts['directors'], 'director')} {first}"]
    parts += [f"{counts[verdict]} {verdict}" for verdict in others]
    # Drift comes last of what is no good.
    with_differences = f" with {counted(counts['drift'], 'difference')}" if counts["drifted"] else ""
    return ", ".join(parts) + with_differences


def _troubles(counts: Mapping[str, int], certificates: list[dict[str, Any]], within: int) -> Iterator[str]:
    """What needs a look though it is no drift."""
    if counts["ha_groups"]:
        yield f"{counted(counts['ha_groups'], 'HA group')} in trouble"
    if counts["virtual_servers"]:
        yield f"{counted(counts['virtual_servers'], 'virtual server')} down"
    if counts["servers"]:
        yield f"{counted(counts['servers'], 'server')} down"
    soon = f"about to expire within {counted(within, 'day')}"
    for state, words in (("expired", "expired"), ("expiring", soon), ("missing", "missing"), ("unknown", "not known")):
        number = sum(one["state"] == state for one in certificates)
        if number:
            yield f"{counted(number, 'certificate')} {words}"
