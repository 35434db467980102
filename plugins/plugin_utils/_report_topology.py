# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VIPs, virtual servers, farms and servers of several directors in one picture. Private to evenkeel.lb."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

Infos = Mapping[str, Mapping[str, Any]]

# States in which no server takes the clients' connections.
_DOWN = ("down", "missing")
# What makes somebody look.
_TROUBLE = (*_DOWN, "degraded")


class _Vip(NamedTuple):
    address: str
    name: str
    group: str


def topology(infos: Infos) -> list[dict[str, Any]]:
    """VIPs with their virtual servers, those that need a look first, then by address and name.

    What directors hold alike is there once, with the state on each of them: the halves of a pair differ in state alone.
    What they hold differently is there once for each way. The VIP is empty for marks of packets that no VIP is said of.
    """
    drifted = {name: {entry["path"] for entry in info["drift"]} for name, info in infos.items()}
    vips: dict[str, dict[str, set[str]]] = defaultdict(lambda: {"names": set(), "ha_groups": set(), "drift": set()})
    shapes: dict[str, dict[tuple[Any, ...], dict[str, Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(dict))
    for director, info in infos.items():
        recorded = {vip.name: vip for vip in _vips(info)}
        for vip in recorded.values():
            node = vips[vip.address]
            node["names"].add(vip.name)
            node["ha_groups"].update([vip.group] if vip.group else [])
            node["drift"].update([director] if f"vips[{vip.name}]" in drifted[director] else [])
        asked = {one["name"]: one for one in info.get("config", {}).get("virtual_servers", [])}
        for service in info.get("virtual_servers", []):
            address = _address(service, asked.get(service["name"], {}), recorded)
            shapes[address][_shape(service)][director] = service
    nodes = [
        {
            "vip": address,
            **{key: sorted(values) for key, values in vips[address].items()},
            "virtual_servers": sorted(
                (_virtual_server(held, drifted) for held in shapes[address].values()), key=_order_of_virtual_servers
            ),
        }
        for address in {*vips, *shapes}
    ]
    return sorted(nodes, key=lambda node: (not needs_a_look(node), _order_of_addresses(node["vip"])))


def virtual_servers_down(infos: Infos) -> list[dict[str, Any]]:
    """Virtual servers whose clients no server answers, with the directors on which that is so; sorted by name."""
    found: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for director, info in infos.items():
        for service in info.get("virtual_servers", []):
            if service["state"] in _DOWN:
                key = (service["name"], service["state"], bool(service.get("sorry_server")))
                found[key].append(director)
    return [
        {"name": name, "state": state, "sorry_server": sorry, "directors": directors}
        for (name, state, sorry), directors in sorted(found.items())
    ]


def servers_down(infos: Infos) -> list[dict[str, Any]]:
    """Servers that should serve and are down, once for each farm, with who sees them so."""
    found: dict[tuple[str, str, str, int], dict[str, set[str]]] = defaultdict(
        lambda: {"directors": set(), "virtual_servers": set()}
    )
    for director, info in infos.items():
        for service in info.get("virtual_servers", []):
            for server in service["servers"]:
                if _condition(server) == "down":
                    where = found[(service["farm"], server["name"], server["address"], server["port"])]
                    where["directors"].add(director)
                    where["virtual_servers"].add(service["name"])
    return [
        {"farm": farm, "name": name, "address": address, "port": port}
        | {key: sorted(values) for key, values in where.items()}
        for (farm, name, address, port), where in sorted(found.items())
    ]


def _vips(info: Mapping[str, Any]) -> Iterator[_Vip]:
    for vip in info.get("config", {}).get("vips", []):
        yield _Vip(vip["address"].partition("/")[0], vip["name"], vip.get("ha_group") or "")


def _address(service: Mapping[str, Any], asked: Mapping[str, Any], vips: Mapping[str, _Vip]) -> str:
    """The address clients use. Packets that are marked are told by what was asked for."""
    for one in service["services"]:
        if one["address"]:
            return str(one["address"])
    vip = asked.get("vip") or ""
    return vips[vip].address if vip in vips else vip


def _shape(service: Mapping[str, Any]) -> tuple[Any, ...]:
    """All that directors have to agree on to hold the same virtual server: everything except states."""
    endpoints = tuple(
        f"mark {one['fwmark']} {one['family']}" if one["fwmark"] else f"{one['protocol']} {one['port']}"
        for one in service["services"]
    )
    servers = tuple((server["name"], server["address"], server["port"]) for server in service["servers"])
    return service["name"], service["engine"], service["farm"], endpoints, servers


def _virtual_server(held: Mapping[str, Mapping[str, Any]], drifted: Mapping[str, set[str]]) -> dict[str, Any]:
    """One virtual server, held alike by these directors."""
    name, engine, farm, endpoints, servers = _shape(next(iter(held.values())))

    def drift(path: str) -> list[str]:
        return [director for director in held if path in drifted[director]]

    return {
        "name": name,
        "engine": engine,
        "endpoints": list(endpoints),
        "states": {director: _state(service) for director, service in held.items()},
        "drift": drift(f"virtual_servers[{name}]"),
        "farm": {"name": farm, "drift": drift(f"farms[{farm}]")},
        "servers": [
            {
                "name": server,
                "address": address,
                "port": port,
                "states": {director: _condition(service["servers"][place]) for director, service in held.items()},
                "drift": drift(f"farms[{farm}].servers[{server}]"),
            }
            for place, (server, address, port) in enumerate(servers)
        ],
    }


def _state(service: Mapping[str, Any]) -> str:
    return "sorry server" if service.get("sorry_server") else str(service["state"])


def _condition(server: Mapping[str, Any]) -> str:
    """What is to be known of a server in one word: its health when it should serve, otherwise why it should not."""
    return str(server["health"] if server["state"] == "enabled" else server["state"])


def needs_a_look(node: Mapping[str, Any]) -> bool:
    """Whether a VIP of the topology drifted, or one of its virtual servers is troubled."""
    return bool(node["drift"]) or any(map(troubled, node["virtual_servers"]))


def troubled(service: Mapping[str, Any]) -> bool:
    """Whether a virtual server of the topology, its farm or one of its servers drifted, or is not as it should be."""
    parts: Iterable[Mapping[str, Any]] = (service, service["farm"], *service["servers"])
    return any(part["drift"] or set(part.get("states", {}).values()) & {*_TROUBLE, "sorry server"} for part in parts)


def _order_of_virtual_servers(service: Mapping[str, Any]) -> tuple[Any, ...]:
    return not troubled(service), service["name"], list(service["states"])


def _order_of_addresses(text: str) -> tuple[Any, ...]:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return 9, 0, text
    return address.version, int(address), text
