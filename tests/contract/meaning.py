# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a document means in the kernel, and whether that is what witnesses see.

Written from the meaning of the options, ipvsadm's manual and Linux' ip_vs.h, not from the engines: a second opinion of
what is right. It takes documents as people write them and what ipvsadm and pyroute2 say, and no code of the collection.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Options = dict[str, Any]

SCHEDULERS = {
    "round_robin": "rr",
    "weighted_round_robin": "wrr",
    "least_connections": "lc",
    "weighted_least_connections": "wlc",
    "locality_least_connections": "lblc",
    "locality_least_connections_replicated": "lblcr",
    "source_hash": "sh",
    "source_port_hash": "sh",
    "destination_hash": "dh",
    "maglev": "mh",
    "maglev_port": "mh",
    "shortest_expected_delay": "sed",
    "never_queue": "nq",
    "failover": "fo",
    "overflow": "ovf",
    "power_of_two": "twos",
}
TRANSPORTS = {"udp": "-u", "quic": "-u", "sctp": "--sctp-service"}
METHODS = {"nat": "-m", "gateway": "-g", "tunnel": "-i"}
CHECKSUMS = {"none": "--tun-nocsum", "full": "--tun-csum", "remote": "--tun-remcsum"}
FLAG_NAMES = {0x8: "fallback", 0x10: "port", 0x20: "flag-3"}


@dataclass(frozen=True)
class Meant:
    """One service. ``key`` is as ipvsadm writes it; None where the mark is the collection's to choose, ``family`` then
    tells the IP version. ``checked`` are servers that a health check may take out; these may ``quiesce`` then, or
    make place for ``sorry``."""

    key: str | None
    family: int
    service: Options
    servers: Mapping[str, Options]
    checked: frozenset[str] = frozenset()
    quiesces: bool = False
    sorry: Mapping[str, Options] = field(default_factory=dict)


def meaning(document: Mapping[str, Any]) -> Iterator[Meant]:
    """The services of all enabled virtual servers."""
    farms = {farm["name"]: farm for farm in document.get("farms", ())}
    checks = {check["name"]: check.get("type", "tcp") for check in document.get("health_checks", ())}
    vips = {vip["name"]: vip["address"].partition("/")[0] for vip in document.get("vips", ())}
    for wish in document.get("virtual_servers", ()):
        farm = farms[wish["farm"]]
        has_checks = wish.get("engine", "auto") != "ipvs"
        servers = [server for server in farm.get("servers", ()) if server.get("state") != "disabled"]
        if wish.get("enabled", True) and (servers or not has_checks):
            address = vips.get(wish.get("vip"), wish.get("vip"))
            yield from _meant(wish, address, farm, servers, checks if has_checks else {})


def _meant(
    wish: Options, address: str | None, farm: Options, servers: list[Options], checks: Mapping[str, str]
) -> Iterator[Meant]:
    family = _family(address) if address else _family_of_mark(farm)
    protocol = wish.get("protocol", "tcp")
    if "fwmark" in wish:
        keys: list[str | None] = [f"-f {wish['fwmark']}{' -6' if family == 6 else ''}"]
    elif "ports" in wish or protocol == "any":
        keys = [None]
    else:
        both = ("-t", "-u") if protocol == "dns" else (TRANSPORTS.get(protocol, "-t"),)
        keys = [f"{option} {_endpoint(address or '', wish['port'])}" for option in both]
    port: int = wish.get("port", 0)
    told = {_place_of(server, port): _server(farm, server) for server in servers}
    checked = frozenset(
        _place_of(server, port)
        for server in servers
        if checks.get(str(server.get("health_check", farm.get("health_check"))), "none") != "none"
    )
    sorry: dict[str, Options] = {}
    if "sorry_server" in farm and checks is not None and "engine" in wish and wish["engine"] != "ipvs":
        one = farm["sorry_server"]
        sorry = {_place_of(one, port): _server(farm, {"weight": 1})}
        if not any(server["-w"] for server in told.values()):  # all drain: it is one more server, at once
            told |= sorry
            checked -= set(sorry)
            sorry = {}
    service = _service(farm, family)
    for key in keys:
        yield Meant(key, family, service, told, checked, farm.get("on_failure") == "quiesce", sorry)


def _service(farm: Options, family: int) -> Options:
    balance = farm.get("balance", "weighted_least_connections")
    flags = {"port"} if balance.endswith("_port") or balance == "source_port_hash" else set()
    if farm.get("hash_fallback"):
        flags.add("fallback")
    found: Options = {"-s": SCHEDULERS[balance], "-b": frozenset(flags), "-o": bool(farm.get("one_packet"))}
    if farm.get("persistence_timeout"):
        full = "255.255.255.255" if family == 4 else "128"
        mask = str(farm.get("persistence_netmask", full))
        found |= {"-p": farm["persistence_timeout"], "-M": mask if mask != full else None}
        found["--pe"] = farm.get("persistence_engine")
    return {name: value for name, value in found.items() if value}


def _server(farm: Options, server: Options) -> Options:
    mode = farm.get("mode", "nat")
    found: Options = {"method": METHODS[mode], "-w": 0 if server.get("state") == "drained" else server.get("weight", 1)}
    kind = farm.get("tunnel_type", "ipip")
    if mode == "tunnel":
        found["--tun-type"] = kind
        if kind != "ipip":
            found["checksum"] = CHECKSUMS[farm.get("tunnel_checksum", "none")]
        if kind == "gue":
            found["--tun-port"] = farm["tunnel_port"]
    found["-x"], found["-y"] = server.get("max_connections", 0), server.get("low_connections", 0)
    return found


def _family(address: str) -> int:
    return ipaddress.ip_address(address).version


def _family_of_mark(farm: Options) -> int:
    """Of a mark nothing tells the IP version but what is behind it: the mask, or the servers."""
    if "persistence_netmask" in farm and farm.get("persistence_timeout"):
        return 4 if "." in str(farm["persistence_netmask"]) else 6
    return next((_family(server["address"]) for server in farm.get("servers", ())), 4)


def _place_of(server: Options, port: int) -> str:
    own: int = server.get("port", port)
    return _endpoint(server["address"], own)


def _endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


# --- what witnesses say, in the same words ---

Seen = dict[str, tuple[Options, dict[str, Options]]]


def seen_by_ipvsadm(saved: Iterable[str]) -> Seen:
    """The table as ``ipvsadm --save -n`` prints it. It does not tell thresholds."""
    found: Seen = {}
    for line in sorted(saved, key=lambda line: line.startswith("-a")):
        words = line.split()
        key, words = _key_of(words[1:])
        options = _options(words)
        if line.startswith("-A"):
            found[key] = (options, {})
        else:
            found[key][1][options.pop("-r")] = options
    return found


def _key_of(words: list[str]) -> tuple[str, list[str]]:
    length = 3 if words[0] == "-f" and words[2:3] == ["-6"] else 2
    return " ".join(words[:length]), words[length:]


def _options(words: list[str]) -> Options:
    found: Options = {}
    rest = iter(words)
    for word in rest:
        if word in METHODS.values():
            found["method"] = word
        elif word in CHECKSUMS.values():
            found["checksum"] = word
        elif word == "-o":
            found[word] = True
        elif word == "-b":
            found[word] = frozenset(flag.partition("-")[2] for flag in next(rest).split(","))
        else:
            value = next(rest)
            found[word] = int(value) if word in ("-p", "-w", "--tun-port") else value
    return found


def seen_by_pyroute2(services: Iterable[Mapping[str, Any]]) -> Seen:
    """The table as pyroute2 decodes it. It does not tell masks and tunnel ports rightly."""
    found: Seen = {}
    for service in services:
        if service["FWMARK"]:
            key = f"-f {service['FWMARK']}{' -6' if service['AF'] == 10 else ''}"
        else:
            option = {6: "-t", 17: "-u", 132: "--sctp-service"}[service["PROTOCOL"]]
            key = f"{option} {_endpoint(service['ADDR'], service['PORT'])}"
        flags = service["FLAGS"]
        options: Options = {
            "-s": service["SCHED_NAME"],
            "-b": frozenset(name for flag, name in FLAG_NAMES.items() if flags & flag),
            "-o": bool(flags & 0x4),
            "-p": service["TIMEOUT"] if flags & 0x1 else 0,
        }
        servers = {_endpoint(server["ADDR"], server["PORT"]): _decoded(server) for server in service["SERVERS"]}
        found[key] = ({name: value for name, value in options.items() if value}, servers)
    return found


def _decoded(server: Mapping[str, Any]) -> Options:
    method = {0: "-m", 2: "-i", 3: "-g"}[server["FWD_METHOD"]]
    found: Options = {"method": method, "-w": server["WEIGHT"]}
    found["-x"], found["-y"] = server["U_THRESH"], server["L_THRESH"]
    if method == "-i":
        found["--tun-type"] = ("ipip", "gue", "gre")[server["TUN_TYPE"]]
        if server["TUN_TYPE"]:
            found["checksum"] = list(CHECKSUMS.values())[server["TUN_FLAGS"]]
    return found


UNTOLD = {"ipvsadm": {"-x", "-y"}, "pyroute2": {"-M", "--pe", "--tun-port"}}


def misfits(meant: Iterable[Meant], seen: Seen, witness: str) -> list[str]:
    """Where what a witness saw is not what was meant; services that nobody meant are among it."""
    left = dict(seen)
    found = []
    for one in meant:
        keys = [one.key] if one.key is not None else [key for key in left if _may_be_chosen(key, one.family)]
        told = {key: _misfits(one, *left[key], UNTOLD[witness]) for key in keys if key in left}
        best = min(told, key=lambda key: len(told[key]), default=None)
        if best is None:
            found.append(f"{witness} does not see {one}")
        else:
            del left[best]
            found += [f"{witness} sees {best} {problem}" for problem in told[best]]
    return found + [f"{witness} sees {key}, which nobody meant" for key in left]


def _may_be_chosen(key: str, family: int) -> bool:
    words = key.split()
    return words[0] == "-f" and int(words[1]) > 0xFFFF and (family == 6) == (words[-1] == "-6")


def _misfits(meant: Meant, service: Options, servers: Mapping[str, Options], untold: set[str]) -> list[str]:
    found = [] if service == _without(meant.service, untold) else [f"as {service}, not as {meant.service}"]
    wanted = {name: _without(options, untold) for name, options in meant.servers.items()}
    sorry = {name: _without(options, untold) for name, options in meant.sorry.items()}
    if meant.checked and sorry and dict(servers) == sorry:
        return found
    for name, options in servers.items():
        allowed = [wanted[name]] if name in wanted else []
        if name in meant.checked and meant.quiesces:
            allowed.append({**wanted[name], "-w": 0})
        if meant.checked and name in sorry:
            allowed.append(sorry[name])
        if options not in allowed:
            found.append(f"with server {name} as {options}, which is none of {allowed}")
    missing = set(wanted) - set(servers) - (set() if meant.quiesces else meant.checked)
    # those that are always well stay, unless the sorry server took the place of all
    return found + [f"without server {name}" for name in sorted(missing)]


def _without(options: Options, untold: set[str]) -> Options:
    return {name: value for name, value in options.items() if name not in untold}
