# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual servers: what clients connect to. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Mapping, Optional, Tuple

from .addresses import Address, Prefix, is_address
from .attributes import Attributes
from .fields import BadValue, Boolean, Choice, FieldType, FreeText, Integer, Name, Reference
from .lists import ConfigLines, Nested, Ports, References
from .objects import option
from .problems import Problem

# The transport protocols in which the packets of each protocol arrive; none where a service is not told by ports.
TRANSPORTS: Mapping[str, Tuple[str, ...]] = {
    "tcp": ("tcp",),
    "udp": ("udp",),
    "icmp": (),
    "sctp": ("sctp",),
    "http": ("tcp",),
    "https": ("tcp",),
    "http2": ("tcp",),
    "grpc": ("tcp",),
    "quic": ("udp",),
    "dns": ("udp", "tcp"),
    "any": (),
}


class VipOrAddress(FieldType):
    """The name of a VIP, or an address that something else brings up."""

    def parse(self, value: object) -> str:
        if not isinstance(value, str) or is_address(value):
            try:
                return Address().parse(value)
            except BadValue as bad:
                raise BadValue(bad.message, f"{bad.allowed}, or the name of a VIP") from None
        return Reference().parse(value)


_PLACES = ("device", "device_redundancy_group", "virtual_chassis", "cloud_service")


@dataclass(frozen=True)
class Placement:
    """Where a source of truth puts a virtual server: exactly one of these."""

    WORD = "placement"

    device: Optional[str] = option(FreeText(), "The name of a device.", excludes=_PLACES)
    device_redundancy_group: Optional[str] = option(
        FreeText(), "The name of a group of redundant devices.", excludes=_PLACES
    )
    virtual_chassis: Optional[str] = option(FreeText(), "The name of a virtual chassis.", excludes=_PLACES)
    cloud_service: Optional[str] = option(FreeText(), "The name of a cloud service.", excludes=_PLACES)

    def problems(self, path: str) -> Iterator[Problem]:
        said = [place for place in _PLACES if getattr(self, place) is not None]
        if len(said) != 1:
            yield Problem(path, f"names {' and '.join(said) or 'no place'}", f"exactly one of {', '.join(_PLACES)}")


@dataclass(frozen=True)
class VirtualServer:
    """A VIP, port and protocol, or a firewall mark, served by a farm."""

    WORD = "virtual server"

    name: str = option(Name(), "The name of the virtual server, unique on the director.", required=True)
    vip: Optional[str] = option(
        VipOrAddress(),
        "The name of a VIP (M(evenkeel.lb.lb_vip)), or an IPv4 or IPv6 address that something else brings up.",
        "Needed for a new virtual server, unless O(fwmark) says which packets are meant, whose place it takes.",
        impact="reset",
        excludes=("fwmark",),
    )
    port: Optional[int] = option(
        Integer(1, 65535),
        "The port clients connect to, 1 to 65535. Takes the place of O(ports) and O(fwmark).",
        impact="reset",
        excludes=("ports", "fwmark"),
    )
    ports: Tuple[str, ...] = option(
        Ports(),
        "Several ports and ranges of them, such as V(8000-8100), as one service. Takes the place of O(port) and"
        " O(fwmark).",
        impact="reset",
        excludes=("port", "fwmark"),
    )
    fwmark: Optional[int] = option(
        Integer(1, 4294967295),
        "The firewall mark of the packets that are meant, 1 to 4294967295. Takes the place of O(vip), port and"
        " protocol.",
        excludes=("vip", "port", "ports"),
        impact="reset",
    )
    protocol: str = option(
        Choice(*TRANSPORTS),
        "What is spoken. At layer 4, V(http), V(https), V(http2) and V(grpc) are carried as TCP without looking"
        " into them, V(quic) is UDP, and V(dns) is UDP and TCP.",
        default="tcp",
        impact="reset",
    )
    type: str = option(
        Choice("layer2", "layer4", "layer7", "dns"),
        "The layer at which connections are told apart. V(layer7) needs an engine that looks into them.",
        default="layer4",
        impact="reset",
    )
    farm: Optional[str] = option(
        Reference(),
        "The name of the farm that serves it (M(evenkeel.lb.lb_farm)). The farm has to be there already.",
        "Needed for a new virtual server. While the farm has no enabled server, the virtual server waits in the"
        " intended configuration.",
        required=True,
        impact="reset",
    )
    enabled: bool = option(
        Boolean(),
        "Whether the director serves it.",
        "V(false) keeps it in the intended configuration and takes it off the director, which cuts its connections.",
        default=True,
        impact="reset",
    )
    source_nat_type: Optional[str] = option(
        Choice("auto", "static", "pool"),
        "Which source address servers see. V(auto) is an address of the director, V(static) one address and V(pool)"
        " a network that O(source_nat_pool) names. Unset leaves the client's address, where the engine is no proxy.",
        "A Linux director needs C(director_source_nat) of the role P(evenkeel.lb.director#role) for it, unless"
        " O(engine) is V(haproxy).",
        impact="reset",
    )
    source_nat_pool: Optional[str] = option(
        Prefix(),
        "The address or network of source addresses, such as V(198.51.100.0/29). It has to lead to the director.",
        "Those that no host may have, the network and broadcast address of IPv4 among them, are not used.",
        impact="reset",
    )
    ssl_offload: bool = option(
        Boolean(), "Whether the director ends the client's TLS; needs O(certificate_profiles).", default=False,
        impact="reset",
    )  # fmt: skip
    certificate_profiles: Tuple[str, ...] = option(
        References(),
        "The names of the certificate profiles to show to clients; the first is the one for clients that name no host.",
        impact="new_connections",
    )
    max_connections: Optional[int] = option(
        Integer(1, 2147483647),
        "The most connections it may have at a time, 1 to 2147483647; more wait until one ends. Unset leaves it to the"
        " engine.",
        impact="new_connections",
    )
    extra_config: Tuple[str, ...] = option(
        ConfigLines(),
        "Lines in the engine's own language for what has no option here, in the section of the virtual server. The"
        " engine on the director is asked about them before anything is changed.",
        impact="new_connections",
    )
    health_check: Optional[str] = option(
        Reference(), "The name of a health check, for people and inventories only. The farm's is what tests servers."
    )
    placement: Optional[Placement] = option(  # noqa: RUF009
        Nested(Placement), "Where a source of truth puts it. For people and inventories only."
    )
    description: Optional[str] = option(
        FreeText(),
        "What people call it where that is no name here, or say of it, in one line of at most 255 characters.",
        "For people and inventories only.",
    )
    tenant: Optional[str] = option(FreeText(), "Whose it is. For people and inventories only.")
    engine: str = option(
        Choice("auto", "ipvs", "keepalived", "haproxy", "aloha"),
        "What carries it.",
        "V(auto) takes V(haproxy) for O(type=layer7) and V(keepalived) for all else.",
        "On an HAProxy ALOHA appliance V(auto) means V(aloha), and nothing else is possible; a Linux director has the"
        " others.",
        "V(haproxy) ends the clients' connections and opens its own to the servers, from an address of the director.",
        "V(keepalived) checks the health of the servers. V(ipvs) is the kernel alone, without health checks, and"
        " survives a reboot by the rules file of the distribution's ipvsadm package.",
        default="auto",
        impact="reset",
    )

    attributes: Tuple[Tuple[str, Optional[str]], ...] = option(
        Attributes(),
        "Attributes of an ALOHA's layer 7 service, or of its listeners, that have no option here, such as"
        " C(log: enabled), each with a text, or null to reset it. Names are those of its configuration API with C(_)"
        " for C(-). With O(type=layer7) on an ALOHA only.",
        "Those that are said take the place of all that were said before.",
        impact="new_connections",
    )

    @property
    def carrier(self) -> str:
        """The engine that carries it."""
        if self.engine not in (None, "auto"):
            return self.engine
        return "haproxy" if self.type == "layer7" else "keepalived"

    def problems(self, path: str) -> Iterator[Problem]:
        yield from self._key_problems(path)
        if self.source_nat_type in ("static", "pool") and self.source_nat_pool is None:
            yield Problem(
                f"{path}.source_nat_pool", "is missing", f"what source_nat_type: {self.source_nat_type} takes from"
            )
        if self.source_nat_type not in ("static", "pool") and self.source_nat_pool is not None:
            yield Problem(
                f"{path}.source_nat_pool", "is never used", "source_nat_type: static or pool, or leave it out"
            )
        if self.ssl_offload and not self.certificate_profiles:
            yield Problem(f"{path}.certificate_profiles", "are missing", "one at least, as ssl_offload needs them")
        if self.placement is not None:
            yield from self.placement.problems(f"{path}.placement")

    def _key_problems(self, path: str) -> Iterator[Problem]:
        if self.fwmark is not None:
            for name in ("vip", "port", "ports"):
                if getattr(self, name) is not None:
                    yield Problem(
                        f"{path}.{name}", "has no meaning beside a firewall mark", "fwmark, or this, not both"
                    )
            return
        if self.vip is None:
            yield Problem(f"{path}.vip", "is missing", "a virtual server needs it, or a fwmark")
        if self.port is not None and self.ports is not None:
            yield Problem(f"{path}.ports", "says the same as port", "port, or ports, not both")
        if self.port is None and self.ports is None and TRANSPORTS[self.protocol or "tcp"]:
            yield Problem(f"{path}.port", "is missing", "a virtual server needs it, or ports, or a fwmark")
