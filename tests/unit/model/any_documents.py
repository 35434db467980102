# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Hypothesis strategy for valid configurations that use every field of the model."""

from __future__ import annotations

import functools
from typing import Any

from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._model.agent import Agent
from ansible_collections.evenkeel.lb.plugins.module_utils._model.certificate_profile import CertificateProfile
from ansible_collections.evenkeel.lb.plugins.module_utils._model.farm import Farm, Server, SorryServer
from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import Boolean
from ansible_collections.evenkeel.lb.plugins.module_utils._model.healthcheck import PARAMETERS, HealthCheck
from ansible_collections.evenkeel.lb.plugins.module_utils._model.vip import HaGroup, TrackedScript, Vip
from ansible_collections.evenkeel.lb.plugins.module_utils._model.virtual_server import TRANSPORTS, VirtualServer
from ansible_collections.evenkeel.lb.tests.unit.model.values import some, unicast


@st.composite
def _any_check(draw: st.DrawFn, name: str, families: list[int]) -> dict[str, Any]:
    type_ = draw(st.sampled_from(sorted(PARAMETERS)))
    names = ("interval", "timeout", "retries", "rise", "port", "description", "tenant", *PARAMETERS[type_])
    check = {"name": name, "type": type_, **draw(some(HealthCheck, *names))}
    if len(set(families)) == 1 and draw(st.booleans()):
        check["source"] = draw(unicast(families[0]))
    if type_ == "script":
        check["script"] = "/usr/local/bin/check"
    if type_ in ("mysql", "postgresql"):
        check.setdefault("user", "tester")
    if "expect" not in check:
        check.pop("regex", None)
    plain = ["send"] if Boolean().parse(check.get("regex", False)) else ["send", "expect"]
    check |= {field: check[field].replace("\\", "\\\\") for field in plain if field in check}
    if type_ == "icmp":
        check.pop("port", None)
    if type_ == "smtp" and "host" in check:
        check["host"] = check["host"].partition(":")[0]
    return check


@st.composite
def _any_server(draw: st.DrawFn, number: int, farm: dict[str, Any], family: int, checks: list[str]) -> dict[str, Any]:
    server = {"name": f"s{number}", "address": f"10.20.0.{number}" if family == 4 else f"fd20::{number}"}
    server |= draw(some(Server, "state", "backup", "ssl_offload", "description", "tenant"))
    server["weight"] = draw(st.integers(1, 65535))
    if farm["mode"] == "nat":
        server |= draw(some(Server, "port"))
    if draw(st.booleans()):
        server["max_connections"] = draw(st.integers(1, 2**31 - 1))
        server["low_connections"] = draw(st.integers(1, server["max_connections"]))
    if draw(st.booleans()):
        server |= {"ssl_offload": True, "certificate_profiles": ["client"]}
    if checks and draw(st.booleans()):
        server["health_check"] = draw(st.sampled_from(checks))
    return server


@st.composite
def _any_farm(draw: st.DrawFn, name: str, family: int, checks: list[str]) -> dict[str, Any]:
    farm = {"name": name, "mode": draw(st.sampled_from(["nat", "gateway", "tunnel"]))}
    farm |= draw(
        some(Farm, "balance", "on_failure", "reentry_time", "slow_start", "load_monitor", "description", "tenant")
    )
    if farm["mode"] == "tunnel":
        farm |= draw(st.sampled_from([{}, {"tunnel_type": "gre"}, {"tunnel_type": "gue", "tunnel_port": 6080}]))
    if draw(st.booleans()):
        farm["persistence_timeout"] = draw(st.integers(1, 2678400))
        farm |= draw(st.sampled_from([{}, {"persistence_netmask": "255.255.0.0" if family == 4 else 64}]))
    if checks and draw(st.booleans()):
        farm["health_check"] = draw(st.sampled_from(checks))
    if draw(st.booleans()):
        numbers = draw(st.lists(st.integers(1, 200), unique=True, max_size=4))
        farm["servers"] = [draw(_any_server(number, farm, family, checks)) for number in numbers]
        if numbers and draw(st.booleans()):
            weights = sum(server["weight"] for server in farm["servers"])
            farm["quorum"] = draw(st.integers(1, weights))
            farm["hysteresis"] = draw(st.integers(0, min(farm["quorum"] - 1, weights - farm["quorum"])))
    if draw(st.booleans()):
        farm["agent"] = {"port": 99, **draw(some(Agent, "port", "interval", "address"))}
    if draw(st.booleans()):
        farm["sorry_server"] = {
            "address": "10.20.1.1" if family == 4 else "fd20:1::1",
            **(draw(some(SorryServer, "port")) if farm["mode"] == "nat" else {}),
        }
    return farm


_LAYER7 = ["tcp", "http", "https", "http2", "grpc", "quic"]
_PLACES = ["device", "device_redundancy_group", "virtual_chassis", "cloud_service"]


@functools.cache
def _type_and_protocol(mode: str) -> st.SearchStrategy[dict[str, str]]:
    layers = {
        "layer2": st.sampled_from(sorted(TRANSPORTS)) if mode == "gateway" else st.nothing(),
        "layer4": st.sampled_from(sorted(TRANSPORTS)),
        "layer7": st.sampled_from(_LAYER7),
        "dns": st.sampled_from(["dns", "tcp", "udp"]),
    }
    return st.one_of(
        protocols.map(lambda protocol, layer=layer: {"type": layer, "protocol": protocol})
        for layer, protocols in layers.items()
    )


@st.composite
def _any_service(draw: st.DrawFn, number: int, farm: dict[str, Any], family: int, vip: str | None) -> dict[str, Any]:
    service = {"name": f"v{number}", "farm": farm["name"], **draw(_type_and_protocol(farm["mode"]))}
    service |= draw(some(VirtualServer, "enabled", "description", "tenant", "engine"))
    key = draw(st.sampled_from(["port", "ports", "fwmark"])) if TRANSPORTS[service["protocol"]] else "neither"
    if key == "fwmark":
        service["fwmark"] = number + 1
    else:
        service["vip"] = vip or (f"10.10.1.{number + 1}" if family == 4 else f"fd10:1::{number + 1}")
        service |= draw(some(VirtualServer, key).filter(bool)) if key != "neither" else {}
    if farm["mode"] == "nat" and draw(st.booleans()):
        service |= draw(st.sampled_from([{"source_nat_type": "auto"}, {"source_nat_type": "static"}]))
        if service["source_nat_type"] == "static":
            service["source_nat_pool"] = "10.10.2.1/32" if family == 4 else "fd10:2::1/128"
    if service["type"] == "layer7" and draw(st.booleans()):
        service |= {"ssl_offload": True, "certificate_profiles": ["server", "both"]}
    if draw(st.booleans()):
        service["placement"] = {draw(st.sampled_from(_PLACES)): "lb-par1"}
    return service


@st.composite
def _any_group(draw: st.DrawFn, number: int) -> dict[str, Any]:
    members = [{"name": f"lb{one}", "priority": one, "address": f"10.10.3.{one}"} for one in (1, 2, 3)]
    group = {"name": f"g{number}", "virtual_router_id": number + 1, "interface": "eth1", "members": members}
    said = some(HaGroup, "preempt", "unicast", "tracked_services", "tracked_interfaces", "description")
    group |= {"member": draw(st.sampled_from(["lb1", "lb2", "lb3"])), **draw(said)}
    group["connection_sync"] = number == 0 and draw(st.booleans())
    if draw(st.booleans()):
        script = some(TrackedScript, "arguments", "interval", "timeout", "rise", "fall")
        group["tracked_scripts"] = [{"name": "s", "script": "/usr/local/bin/check", **draw(script)}]
    return group | draw(st.sampled_from([{}, {"password": "s3cret", "advert_interval": 2}, {"advert_interval": 0.25}]))


@st.composite
def any_documents(draw: st.DrawFn) -> dict[str, Any]:
    """Documents of valid configurations that say whatever the model can."""
    profiles = [
        {"name": name, "type": type_, "certificate_file": "/etc/ssl/own.pem", "chain_file": "/etc/ssl/ca.pem"}
        | draw(some(CertificateProfile, "key_file", "expiration", "ciphers", "minimum_tls", "description", "tenant"))
        for name, type_ in (("server", "server"), ("client", "client"), ("both", "mutual_tls"))
    ]
    families = draw(st.lists(st.sampled_from([4, 6]), max_size=3))
    checks = [draw(_any_check(f"c{number}", families)) for number in range(draw(st.integers(0, 2)))]
    groups = [draw(_any_group(number)) for number in range(draw(st.integers(0, 2)))]
    names = [check["name"] for check in checks]
    farms = [draw(_any_farm(f"f{number}", family, names)) for number, family in enumerate(families)]
    vips: list[dict[str, Any]] = []
    services = []
    for number, (farm, family) in enumerate(zip(farms, families, strict=True)):
        vip = {
            "name": f"vip{number}",
            "address": f"10.10.0.{number + 1}/32" if family == 4 else f"fd10::{number + 1}/64",
        }
        vip |= draw(st.sampled_from([{"interface": "eth1"}, *({"ha_group": group["name"]} for group in groups)]))
        if family == 4 and "interface" in vip:
            vip |= draw(st.sampled_from([{}, {"label": "eth1:1"}]))
        vips.append(vip | draw(some(Vip, "announce", "description")))
        services.append(draw(_any_service(number, farm, family, draw(st.sampled_from([None, vip["name"]])))))
        if names and draw(st.booleans()):
            services[-1]["health_check"] = draw(st.sampled_from(names))
        if TRANSPORTS[services[-1]["protocol"]] == ("udp",):
            farm |= draw(some(Farm, "one_packet"))
            farm |= draw(some(Farm, "persistence_engine")) if "persistence_timeout" in farm else {}
    if any("fwmark" in service or service["protocol"] == "any" for service in services):
        # where neither a virtual server nor a server has a port, a check needs one
        for check in checks:
            if check["type"] != "icmp":
                check.setdefault("port", 8080)
    for group in groups:
        own = [vip for vip in vips if vip.get("ha_group") == group["name"]]
        only_ipv4 = "password" in group or Boolean().parse(group.get("unicast", False))
        fitting = [vip["name"] for vip in own if not only_ipv4 or ":" not in vip["address"]]
        if own and not fitting:
            group.pop("password", None)
            group.pop("unicast", None)
        elif fitting:
            group |= draw(st.sampled_from([{"advertised_vip": name} for name in fitting]))
    if len(groups) == 2 and draw(st.booleans()):
        together = {name: groups[0][name] for name in ("member", "preempt") if name in groups[0]}
        groups[1].pop("preempt", None)
        groups[1] |= together | {"sync_group": "both"}
        groups[0]["sync_group"] = "both"
    kinds = {"ha_groups": groups, "vips": vips, "certificate_profiles": profiles, "health_checks": checks}
    return kinds | {"farms": farms, "virtual_servers": services}
