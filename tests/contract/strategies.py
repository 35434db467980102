# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any configuration that some engines carry, by what these engines say they can express.

A field or a value that an engine learns to express is tried from then on. Names, addresses and ports come from small
pools, so that two documents have much in common and going from one to the other edits, moves, renames and removes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.capabilities import INFORMATIONAL, Version
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._model import fields, lists
from ansible_collections.evenkeel.lb.plugins.module_utils._model.farm import Farm, Server, SorryServer
from ansible_collections.evenkeel.lb.plugins.module_utils._model.healthcheck import PARAMETERS, HealthCheck
from ansible_collections.evenkeel.lb.plugins.module_utils._model.objects import Option, options
from ansible_collections.evenkeel.lb.plugins.module_utils._model.vip import HaGroup, Vip
from ansible_collections.evenkeel.lb.plugins.module_utils._model.virtual_server import TRANSPORTS, VirtualServer
from ansible_collections.evenkeel.lb.tests.contract.edits import OLDEST, Document, mended

LINUX_ENGINES = ("ipvs", "keepalived")

VIPS = {4: ["10.10.0.50", "10.10.0.51", "10.10.0.52"], 6: ["fd10::50", "fd10::51"]}
SERVERS = {4: [f"10.20.0.{number}" for number in range(101, 107)], 6: [f"fd20::{number}" for number in range(101, 105)]}
MEMBERS = ["10.10.0.11", "10.10.0.12", "10.10.0.13"]
PREFIX_LENGTH = {4: 24, 6: 64}
MASKS: dict[int, list[Any]] = {4: ["255.255.255.255", "255.255.255.0", "255.0.0.0"], 6: ["128", "64", "48"]}
PORTS = [53, 80, 443, 8080]
MARKS = [1, 7, 4096]
HASHES = ("source_hash", "source_port_hash", "maglev", "maglev_port")

# Characters that mean something to keepalived's parser, to a shell or to nft; none may have an effect.
HOSTILE = [
    "plain",
    "two words",
    "a\"b'c\\x64",
    "! # @x $Y ${Z} ~SEQ(1,2)",
    "} virtual_server {",
    "Zoë & söns;",
    " gap ",
]

# Fields whose every value would be too much for a test host, or that mean something only there.
OF_FIELDS: dict[str, Sequence[Any]] = {
    "ha_groups.advert_interval": [0.1, 0.25, 1, 2],
    "ha_groups.tracked_services": [["sshd"], ["sshd", "systemd"], []],
    "ha_groups.tracked_interfaces": [["eth0"], ["eth2", "eth0"]],
    "ha_groups.tracked_scripts.arguments": [["-e", "/etc/passwd"], []],
    "ha_groups.tracked_scripts.interval": [1, 2],
    "ha_groups.tracked_scripts.timeout": [1, 5],
    "ha_groups.tracked_scripts.rise": [1, 2],
    "ha_groups.tracked_scripts.fall": [1, 3],
    "ha_groups.sync_group": ["together"],
    "health_checks.interval": [0.1, 0.1, 0.2, 0.5, 7.5],
    "health_checks.timeout": [0.1, 0.25, 1, 3],
    "health_checks.retries": [1, 1, 2, 5],
    "health_checks.source": ["10.20.0.11", "fd20::11"],
    "health_checks.script": ["/usr/bin/true", "/usr/bin/false"],
    "farms.agent.address": ["10.20.0.250", "fd20::250"],
    "farms.reentry_time": [1, 30],
    "farms.persistence_timeout": [1, 60, 2678400],
    "farms.servers.weight": [0, 1, 1, 2, 3, 100, 65535],
    "farms.tunnel_port": [6080, 65535],
    "farms.servers.port": PORTS,
    "farms.sorry_server.port": PORTS,
    "virtual_servers.port": PORTS,
    "virtual_servers.fwmark": MARKS,
    "ha_groups.virtual_router_id": [50, 51, 60, 61],
    "ha_groups.members.priority": [50, 100, 150],
    "vips.label": ["eth1:1", "eth1:vip"],
}
# Always said, as their defaults take long to show.
MOSTLY = {"ha_groups.advert_interval", "health_checks.interval", "health_checks.timeout", "health_checks.retries"}
BY_TYPE: dict[type[fields.FieldType], Sequence[Any]] = {
    fields.UriPath: ["/", "/health?full=1&x=%20"],
    fields.DomainName: ["example.com", "."],
    fields.HostName: ["www.example.com", "localhost"],
    fields.FreeText: HOSTILE,
    fields.FilePath: ["/usr/bin/true"],
    fields.UserName: ["tester", "_a.b-C"],
    fields.Password: ["s3cret", "n3w.one"],
    lists.Ports: [["80", "443"], ["8000-8100"], ["53", "80", "8000-8100"], ["1-65535"]],
    lists.StatusCodes: [["200-299"], ["301", "200"], ["100-599"]],
}


class Terms:
    """What every one of some engines can express on a host with these versions."""

    def __init__(self, names: Iterable[str], versions: Mapping[str, Version]) -> None:
        self._capabilities = [engine.describe() for engine in engines() if engine.name in names]
        self._versions = versions

    def bear(self, path: str) -> bool:
        """Whether the field may be said."""
        return path in INFORMATIONAL or all(path in capabilities for capabilities in self._capabilities)

    def values(self, path: str, option: Option) -> list[Any]:
        """The values a field is tried with, of those that can be expressed; empty when there is none."""
        if not self.bear(path):
            return []
        return [value for value in _samples(path, option.type) if self._express(path, option.type, value)]

    def _express(self, path: str, field: fields.FieldType, value: Any) -> bool:
        try:
            canonical = field.parse(value)
        except fields.BadValue:  # a sample for fields of several types, of which this one is stricter
            return False
        if path in INFORMATIONAL:
            return True
        cans = [capabilities[path] for capabilities in self._capabilities]
        needs = [can.since[canonical] for can in cans if can.since and canonical in can.since]
        return all(can.expresses(canonical) for can in cans) and all(
            self._versions.get(need.software, ()) >= need.version for need in needs
        )


def _samples(path: str, field: fields.FieldType) -> Sequence[Any]:
    if path in OF_FIELDS:
        return OF_FIELDS[path]
    if isinstance(field, fields.Choice):
        return field.choices
    if isinstance(field, fields.Boolean):
        return (False, True)
    if isinstance(field, fields.Integer):
        return sorted({field._least, field._least + 1, min(field._least + 100, field._most), field._most})
    if isinstance(field, fields.Seconds):
        return (field._least, min(1.5, field._most), field._most)
    return BY_TYPE.get(type(field), ())


def _said(random: Random, terms: Terms, kind: type, path: str, without: Iterable[str] = ()) -> dict[str, Any]:
    """Some of the fields of an object, and all that it needs, each with a value that can be expressed."""
    found: dict[str, Any] = {}
    for name, option in options(kind).items():
        where = f"{path}.{name}"
        if name in without:
            continue
        if isinstance(option.type, lists.ObjectList) and terms.bear(where):
            names = random.choice([[], [], [], ["one"], ["one", "two"]])
            inner = [{"name": item, **_said(random, terms, option.type.kind, where, {"name"})} for item in names]
            found |= {name: inner} if inner else {}
            continue
        if isinstance(option.type, lists.Nested) and terms.bear(where):
            nested = _said(random, terms, option.type.kind, where)
            found |= {name: nested} if nested and random.randrange(3) == 0 else {}
            continue
        values = terms.values(where, option)
        if values and (option.required or where in MOSTLY or random.randrange(3) == 0):
            found[name] = random.choice(values)
    return found


def _check(random: Random, terms: Terms, name: str) -> dict[str, Any]:
    type_ = random.choice(terms.values("health_checks.type", options(HealthCheck)["type"]))
    of_others = {parameter for names in PARAMETERS.values() for parameter in names} - set(PARAMETERS[type_])
    said = _said(random, terms, HealthCheck, "health_checks", {"name", "type", *of_others})
    if "expect" not in said:
        said.pop("regex", None)
    if type_ == "script":
        said.setdefault("script", "/usr/bin/true")
        # an engine may end a program after an interval
        said["timeout"] = min(said.get("timeout", 3), said.get("interval", 5))
    if type_ in ("mysql", "postgresql"):
        said.setdefault("user", "tester")
    return {"name": name, "type": type_, **said}


def _server(
    random: Random, terms: Terms, name: str, address: str, farm: dict[str, Any], checks: list[str]
) -> dict[str, Any]:
    without = {"name", "address"} | ({"port"} if farm.get("mode", "nat") != "nat" else set())
    server = {"name": name, "address": address, **_said(random, terms, Server, "farms.servers", without)}
    if "low_connections" in server:
        server["max_connections"] = max(server["low_connections"], server.get("max_connections", 0))
    if checks and terms.bear("farms.servers.health_check") and random.randrange(4) == 0:
        server["health_check"] = random.choice(checks)
    return server


def _farm(random: Random, terms: Terms, name: str, family: int, checks: list[str]) -> dict[str, Any]:
    by_hand = {"name", "servers", "sorry_server", "quorum", "hysteresis", "tunnel_port", "persistence_netmask"}
    farm: dict[str, Any] = {"name": name, **_said(random, terms, Farm, "farms", by_hand)}
    if farm.get("mode") != "tunnel":
        farm = {field: value for field, value in farm.items() if not field.startswith("tunnel_")}
    if farm.get("tunnel_type") == "gue":
        farm["tunnel_port"] = random.choice(OF_FIELDS["farms.tunnel_port"])
    if farm.get("balance") not in HASHES:
        farm.pop("hash_fallback", None)
    if "persistence_timeout" not in farm:
        farm.pop("persistence_engine", None)
    elif random.randrange(2):
        farm["persistence_netmask"] = random.choice(MASKS[family])
    if checks and random.randrange(4):
        farm["health_check"] = random.choice(checks)
    wrapped = farm.get("mode") == "tunnel" and random.randrange(4) == 0
    hosts = SERVERS[10 - family if wrapped else family]
    servers = random.sample(hosts, random.choice([0, 1, 2, 2, 3, 4]))
    names = random.sample([f"s{number}" for number in range(1, 7)], len(servers))
    farm["servers"] = [
        _server(random, terms, server, address, farm, checks) for server, address in zip(names, servers, strict=True)
    ]
    if "agent" in farm:
        for server in farm["servers"]:
            server["weight"] = random.choice([0, 10, 100, 100])
    weights = sum(server.get("weight", 1) for server in farm["servers"])
    quorums = [value for value in (1, 2, weights) if 0 < value <= weights]
    if quorums and terms.values("farms.quorum", options(Farm)["quorum"])[1:] and random.randrange(2):
        farm["quorum"] = random.choice(quorums)
        farm["hysteresis"] = random.choice([0, min(farm["quorum"] - 1, weights - farm["quorum"])])
    if terms.bear("farms.sorry_server") and random.randrange(3) == 0:
        without = {"address"} | ({"port"} if farm.get("mode", "nat") != "nat" else set())
        said = _said(random, terms, SorryServer, "farms.sorry_server", without)
        farm["sorry_server"] = {"address": random.choice(SERVERS[family]), **said}
    return farm


def _service(
    random: Random, terms: Terms, name: str, farm: dict[str, Any], family: int, vips: list[dict[str, Any]]
) -> dict[str, Any]:
    without = {"name", "vip", "port", "ports", "fwmark", "engine", "source_nat_type", "source_nat_pool"}
    service = {"name": name, "farm": farm["name"], **_said(random, terms, VirtualServer, "virtual_servers", without)}
    if farm.get("one_packet") or farm.get("persistence_engine"):
        service["protocol"] = "udp"
    if service.get("type") == "layer2" and farm.get("mode") != "gateway":
        del service["type"]
    if service.get("type") == "dns" and service.get("protocol", "tcp") not in ("dns", "udp", "tcp"):
        del service["type"]
    keys = [key for key in ("port", "port", "port", "ports", "fwmark") if _can_be_key(terms, key)]
    key = random.choice(keys) if TRANSPORTS[service.get("protocol", "tcp")] else "neither"
    if key == "fwmark":
        return service | {"fwmark": random.choice(MARKS)}
    if key != "neither":
        service[key] = random.choice(PORTS if key == "port" else BY_TYPE[lists.Ports])
    of_family = [vip["name"] for vip in vips if (":" in vip["address"]) == (family == 6)]
    service["vip"] = random.choice([*of_family, *VIPS[family]])
    kinds = terms.values("virtual_servers.source_nat_type", options(VirtualServer)["source_nat_type"])
    if kinds and farm.get("mode", "nat") == "nat" and random.randrange(3) == 0:
        service["source_nat_type"] = random.choice(kinds)
        pools = {"auto": {}, "static": {4: "10.20.0.200/32", 6: "fd20::200/128"}}
        pool = pools.get(service["source_nat_type"], {4: "10.20.0.200/30", 6: "fd20::200/126"})
        service |= {"source_nat_pool": pool[family]} if pool else {}
    return service


def _can_be_key(terms: Terms, name: str) -> bool:
    option = options(VirtualServer)[name]
    return bool(terms.values(f"virtual_servers.{name}", option))


def _group(random: Random, terms: Terms, name: str, number: int) -> dict[str, Any]:
    by_hand = {"name", "virtual_router_id", "interface", "members", "member", "advertised_vip"}
    said = _said(random, terms, HaGroup, "ha_groups", by_hand)
    priorities = random.sample([50, 100, 150], 3)
    said["members"] = [
        {"name": member, "priority": priority, "address": address}
        for member, priority, address in zip(("lb1", "lb2", "lb3"), priorities, MEMBERS, strict=True)
    ]
    if "password" in said:
        said["advert_interval"] = random.choice([1, 2])
    own = {"virtual_router_id": random.choice([50 + number, 60 + number]), "member": "lb1"}
    return {"name": name, "interface": random.choice(["eth1", "eth2"]), **own, **said}


def _shared_vips(random: Random, terms: Terms) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """HA groups and their VIPs."""
    names = random.choice([[], ["main"], ["main", "spare"]]) if terms.bear("ha_groups.name") else []
    groups = [_group(random, terms, name, number) for number, name in enumerate(names)]
    vips: list[dict[str, Any]] = []
    hosts = [(family, host) for family in (4, 6) for host in VIPS[family]]
    for family, host in random.sample(hosts, random.randrange(4)) if groups else ():
        said = _said(random, terms, Vip, "vips", {"name", "address", "ha_group", "interface"})
        if family == 6:
            said.pop("label", None)
        group = random.choice(groups)
        name = f"{random.choice(['public', 'private'])}{len(vips)}"
        vips.append({"name": name, "address": f"{host}/{PREFIX_LENGTH[family]}", "ha_group": group["name"], **said})
        if random.randrange(4) == 0:
            vips[-1]["interface"] = random.choice(["eth1", "eth2"])
        if terms.bear("ha_groups.advertised_vip") and random.randrange(4) == 0:
            group["advertised_vip"] = name
    return groups, vips


def raw_document(random: Random, names: Sequence[str], versions: Mapping[str, Version] = OLDEST) -> Document:
    """As ``any_document``, before what does not go together is taken out."""
    each = {name: Terms([name], versions) for name in names}
    groups, vips = _shared_vips(random, random.choice(list(each.values())))
    checks: dict[str, list[dict[str, Any]]] = {
        engine: [_check(random, terms, f"{engine[0]}c{number}") for number in range(random.randrange(4))]
        for engine, terms in each.items()
        if terms.bear("health_checks.name")
    }
    farms, services = [], []
    for farm_name in random.choice([[], ["web"], *[["web", "api"], ["api", "mail"], ["web", "api", "mail"]] * 3]):
        carriers = random.choice([*((name,) for name in names), *[(names[0],)] * 4, tuple(names)])
        terms = Terms(carriers, versions)
        family = random.choice([4, 4, 6])
        fitting = [check["name"] for check in checks.get(carriers[0], ())] if len(carriers) == 1 else []
        farm = _farm(random, terms, farm_name, family, fitting)
        farms.append(farm)
        for letter in random.choice(["", "a", "ab", "bc", "abc"]):
            service = _service(random, terms, f"{farm_name}-{letter}", farm, family, vips)
            service["engine"] = random.choice([*carriers, *(["auto"] if "keepalived" in carriers else [])])
            services.append(service)
    all_checks = [check for checks_of_one in checks.values() for check in checks_of_one]
    kinds: Document = {"ha_groups": groups, "vips": vips, "health_checks": all_checks}
    return kinds | {"farms": farms, "virtual_servers": services}


def any_document(
    random: Random, names: Sequence[str] = LINUX_ENGINES, versions: Mapping[str, Version] = OLDEST
) -> Document:
    """A document of a valid configuration that these engines, all of them on one director, carry."""
    return mended(raw_document(random, names, versions), versions)


# Of the one kind Hypothesis knows every choice, and makes failing examples smaller; the other is more varied.
RANDOMS = st.randoms(use_true_random=False) | st.randoms(use_true_random=True)


def carried_documents(
    names: Sequence[str] = LINUX_ENGINES, versions: Mapping[str, Version] = OLDEST
) -> st.SearchStrategy[Document]:
    """The same as a Hypothesis strategy."""
    return RANDOMS.map(lambda random: any_document(random, names, versions))
