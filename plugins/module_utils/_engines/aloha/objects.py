# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of ALOHA's configuration API: their attributes, defaults and paths, as documented.

Private to evenkeel.lb.

Names are those of the JSON documents. Values on the wire are strings or null; null is an attribute that is not set.
Source: HAProxy Technologies, ALOHA documentation, Configuration API, API objects.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional, Tuple
from urllib.parse import quote

from ..._model.addresses import Address
from ..._model.fields import BadValue
from ..base import EngineFault

_NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Attribute:
    """One attribute. ``type`` is enum, integer, port, ip or string. ``default`` is the value that stands for an unset
    one in every respect; None where the documentation names none, or a default is better written down (``balance`` of
    layer 4 has another default in the file that the appliance makes of it)."""

    type: str
    values: Tuple[str, ...] = ()
    default: Optional[str] = None
    mandatory: bool = False
    open_ended: bool = False


_ENABLED = Attribute("enum", ("enabled",))
_PROTOCOL = Attribute("enum", ("tcp", "http"), "tcp")
_LOG_FORMAT = Attribute("enum", ("tcp", "http", "clf"))

OBJECTS: Mapping[str, Mapping[str, Attribute]] = {
    "l4_farm": {
        "balance": Attribute(
            "enum",
            (
                "roundrobin",
                "least-connections",
                "hash-source",
                "hash-destination",
                "hash-source-dest",
                "shortest-expected-delay",
                "never-queue",
            ),
        ),
        "mode": Attribute("enum", ("gateway", "nat", "tunnel"), "nat"),
        "persistence": _ENABLED,
        "persistence_timeout": Attribute("integer", default="300"),
        "persistence_netmask": Attribute("ip", default="255.255.255.255"),
        "service_address": Attribute("ip"),
        "service_port": Attribute("port", default="0"),
        "service_protocol": Attribute("enum", ("tcp", "udp"), "tcp"),
        "check_interval": Attribute("integer", default="10"),
        "check_port": Attribute("port"),
        "check_timeout": Attribute("integer"),
        "check_source": Attribute("ip"),
        "adv_check": Attribute("enum", ("http", "tcp", "icmp"), "icmp"),
        "adv_check_http_uri": Attribute("string", default="/"),
        "adv_check_http_status_code": Attribute("integer", default="200"),
    },
    "l4_server": {
        "address": Attribute("ip", mandatory=True),
        "port": Attribute("port", default="0"),
        "weight": Attribute("integer", default="1"),
        "sorry": _ENABLED,
        "check": _ENABLED,
    },
    "l7_farm": {
        "balance": Attribute("enum", ("roundrobin", "least-connections", "hash-uri", "hash-source"), "roundrobin"),
        "protocol": _PROTOCOL,
        "log": _ENABLED,
        "log_format": _LOG_FORMAT,
    },
    "l7_server": {
        "address": Attribute("ip", mandatory=True),
        "port": Attribute("port", default="0"),
        "max_connections": Attribute("integer"),
        "weight": Attribute("integer", default="1"),
        "http_cookie_id": Attribute("string"),
        "sorry": _ENABLED,
        "check": _ENABLED,
        "maintenance": _ENABLED,
        "ssl": _ENABLED,
    },
    "l7_service": {
        "continuous_statistics": _ENABLED,
        "protocol": _PROTOCOL,
        "log": _ENABLED,
        "log_format": _LOG_FORMAT,
        "log_ignore_null": Attribute("enum", ("enabled", "disabled"), "disabled"),
        "http_connection_mode": Attribute(
            "enum", ("tunnel", "passive-close", "server-close"), "tunnel", open_ended=True
        ),
        "default_farm": Attribute("string"),
    },
    "l7_listener": {
        "address": Attribute("ip", mandatory=True),
        "port": Attribute("port", mandatory=True),
        "ssl": _ENABLED,
        "ssl_certificate": Attribute("string"),
        "tcp_user_timeout": Attribute("integer", default="0"),
        "transparent": _ENABLED,
    },
}

# What an object holds: the kind of its children, and the last element of the path of their directory.
CHILDREN: Mapping[str, str] = {"l4_farm": "l4_server", "l7_farm": "l7_server", "l7_service": "l7_listener"}
PARENTS: Mapping[str, str] = {child: parent for parent, child in CHILDREN.items()}

PATHS: Mapping[str, str] = {
    "l4_farm": "{base}/l4/farm/{0}",
    "l4_server": "{base}/l4/farm/{0}/server/{1}",
    "l7_farm": "{base}/l7/farm/{0}",
    "l7_server": "{base}/l7/farm/{0}/server/{1}",
    "l7_service": "{base}/l7/service/{0}",
    "l7_listener": "{base}/l7/service/{0}/listener/{1}",
}

_WORDS = {
    "l4_farm": "layer 4 farm {0}",
    "l4_server": "server {1} of layer 4 farm {0}",
    "l7_farm": "layer 7 farm {0}",
    "l7_server": "server {1} of layer 7 farm {0}",
    "l7_service": "layer 7 service {0}",
    "l7_listener": "listener {1} of layer 7 service {0}",
}


@dataclass(frozen=True, order=True)
class Key:
    """Which object: its kind and its names, the parent's first."""

    kind: str
    names: Tuple[str, ...]

    def __str__(self) -> str:
        return _WORDS[self.kind].format(*self.names)

    @property
    def parent(self) -> Optional[Key]:
        """The object that holds this one."""
        return Key(PARENTS[self.kind], self.names[:1]) if self.kind in PARENTS else None

    def child(self, name: str) -> Key:
        """An object that this one holds."""
        return Key(CHILDREN[self.kind], (*self.names, name))


# An object as the appliance gives it: strings, None, and True for a value that this version of the API cannot tell.
Values = Dict[str, Any]


class Paths:
    """The paths of objects in one scope; ``changed`` has other templates than the documented ones, by kind."""

    def __init__(self, scope: str, changed: Mapping[str, str]) -> None:
        self._base = f"/api/2/scope/{_element(scope)}"
        self._templates = {**PATHS, **changed}
        for kind, template in changed.items():
            try:
                template.format(*"ab"[: PATHS[kind].count("{") - 1], base="")
            except (KeyError, IndexError, ValueError, AttributeError):
                allowed = f"a path for one of {', '.join(PATHS)}, such as {PATHS['l7_listener']}"
                raise EngineFault(f"ansible_aloha_paths: {kind}: {template} is no path; allowed: {allowed}") from None

    def of(self, key: Key) -> str:
        """The path of an object."""
        return self._templates[key.kind].format(*map(_element, key.names), base=self._base)

    def directory(self, kind: str, *names: str) -> str:
        """The path of the directory that holds objects of a kind."""
        path = self._templates[kind].format(*map(_element, names), "*", base=self._base)
        return path.rpartition("/")[0]


def _element(name: str) -> str:
    """A name as an element of a path: only those the appliance allows, which need no quoting, and are no way out."""
    if not _NAME.fullmatch(name) or name in (".", ".."):
        raise EngineFault(f"{name!r} is no name the appliance allows: letters, digits, dots, dashes and underscores")
    return quote(name, safe="")


def same(kind: str, attribute: str, one: Any, other: Any) -> bool:
    """Whether two values of an attribute mean the same: numbers and addresses by what they say, and an unset one like
    the documented default, where there is one."""
    return canonical(kind, attribute, one) == canonical(kind, attribute, other)


def canonical(kind: str, attribute: str, value: Any) -> Any:
    """The one form of all values that mean the same."""
    known = OBJECTS[kind].get(attribute)
    if not isinstance(value, str):
        return known.default if known is not None and value is None else value
    if known is None:
        return value
    if known.type in ("integer", "port") and re.fullmatch(r"[0-9]+", value):
        return str(int(value))
    if known.type == "ip":
        return _address(value)
    if known.type == "enum" and value.lower() in known.values:
        return value.lower()
    return value


def _address(value: str) -> str:
    host, slash, length = value.partition("/")
    if slash and length not in ("32", "128"):
        return value
    try:
        return Address().parse(host)
    except BadValue:
        return value
