# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 4 objects of an appliance as farms, virtual servers and health checks of the model. Pure.

Private to evenkeel.lb. What the appliance does without being told is said, so that others do the same.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ..found_names import Names
from .capabilities import BALANCE_4
from .found import Found
from .layer4 import SORRY
from .objects import OBJECTS, Key

# The weighted ones come last in that table, and the appliance's heed weights.
_BALANCES = {word: balance for balance, word in BALANCE_4.items()}
_MODES = {mode: mode for mode in OBJECTS["l4_farm"]["mode"].values}
_TRANSPORTS = {word: word for word in OBJECTS["l4_farm"]["service_protocol"].values}
_CHECKS = {word: word for word in OBJECTS["l4_farm"]["adv_check"].values}
_OF_CHECK = tuple(name for name in OBJECTS["l4_farm"] if name.startswith(("check_", "adv_check")))
_OF_HTTP = ("adv_check_http_uri", "adv_check_http_status_code")
_EVERY_CLIENT_ALONE = "255.255.255.255"


def farms(found: Found, names: Names) -> Dict[Key, Dict[str, Any]]:
    """The farms, by their objects."""
    return {key: _Farm(found, key, found.name(key, names)).read() for key in found.of("l4_farm")}


def virtual_servers(found: Found, farms_: Dict[Key, Dict[str, Any]], names: Names) -> List[Dict[str, Any]]:
    """The virtual server of each farm that has one. It has no name on the appliance, and takes that of its farm."""
    served = []
    for key, farm in farms_.items():
        address = found.value(key, "service_address")
        if address is None:
            found.without_effect(key, ("service_port", "service_protocol"), "without service_address")
            continue
        name = names.take(farm["name"], f"{farm['name'][:60]}-l4")
        port = found.value(key, "service_port")
        wish = {"name": name, "vip": address, "farm": farm["name"]}
        wish.update({"ports": ["1-65535"]} if port in (None, "0") else {"port": port})
        protocol = found.word(key, "service_protocol", _TRANSPORTS)
        served.append({**wish, "protocol": protocol or "tcp"})
        found.origin(f"virtual_servers[{name}]", key)
    return served


class _Farm:
    def __init__(self, found: Found, key: Key, name: str) -> None:
        self._found = found
        self._key = key
        self._path = f"farms[{name}]"
        self._name = name

    def read(self) -> Dict[str, Any]:
        found, key = self._found, self._key
        found.origin(self._path, key)
        found.nothing_else(key, OBJECTS["l4_farm"])
        mode = found.word(key, "mode", _MODES)
        farm = {"name": self._name, "balance": self._balance(), "mode": mode or "nat", **self._persistence()}
        check = self._check()
        if check:
            farm["health_check"] = check
        servers = []
        names = Names()
        for child in found.held_by(key):
            found.nothing_else(child, OBJECTS["l4_server"])
            if found.value(child, "sorry") == "enabled":
                self._sorry(child, farm)
            else:
                servers.append(self._server(child, found.name(child, names), check))
        return {**farm, "servers": servers}

    def _balance(self) -> str:
        if not self._found.is_set(self._key, "balance"):
            self._found.note(self._key, "balance is not set: round robin, as the API has it, is taken")
        return self._found.word(self._key, "balance", _BALANCES) or "weighted_round_robin"

    def _persistence(self) -> Dict[str, Any]:
        names = ("persistence_timeout", "persistence_netmask")
        if self._found.value(self._key, "persistence") != "enabled":
            self._found.without_effect(self._key, names, "without persistence")
            return {}
        timeout, netmask = (self._found.value(self._key, name) for name in names)
        more = {} if netmask in (None, _EVERY_CLIENT_ALONE) else {"persistence_netmask": netmask}
        return {"persistence_timeout": timeout, **more}

    def _check(self) -> str:
        """The name of the farm's health check; empty where nothing is tested and nothing is said of tests."""
        found, key = self._found, self._key
        tested = [child for child in found.held_by(key) if found.value(child, "check") == "enabled"]
        if not tested and not any(found.objects[key].get(name) for name in _OF_CHECK):
            return ""
        type_ = found.word(key, "adv_check", _CHECKS) or "icmp"
        interval = found.value(key, "check_interval")
        timeout = found.value(key, "check_timeout") or _half(interval)
        # the appliance takes a server out at the first failure, and back at the first success
        check: Dict[str, Any] = {"type": type_, "interval": interval, "timeout": timeout, "retries": 1, "rise": 1}
        for name, field in (("check_port", "port"), ("check_source", "source")):
            value = found.value(key, name)
            if value is not None:
                check[field] = value
        if type_ == "http":
            check["uri"] = found.value(key, "adv_check_http_uri")
            check["status_codes"] = [found.value(key, "adv_check_http_status_code")]
        else:
            found.without_effect(key, _OF_HTTP, f"with adv_check {type_}")
        return found.health_check(key, self._name, check)

    def _server(self, key: Key, name: str, check: str) -> Dict[str, Any]:
        found = self._found
        found.origin(f"{self._path}.servers[{name}]", key)
        server = {"name": name, "address": found.value(key, "address"), "weight": found.value(key, "weight")}
        port = found.value(key, "port")
        if port not in (None, "0"):
            server["port"] = port
        if check and found.value(key, "check") != "enabled":
            server["health_check"] = found.untested(key)
        return server

    def _sorry(self, key: Key, farm: Dict[str, Any]) -> None:
        found = self._found
        if "sorry_server" in farm:
            found.lose(key, "is a second sorry server", "one for each farm")
            return
        found.origin(f"{self._path}.sorry_server", key)
        if found.value(key, "weight") != "1":
            found.lose(key, f"weight: {found.value(key, 'weight')} of a sorry server has no field here", "leave it out")
        if key.names[-1] != SORRY:
            found.note(key, f"a sorry server has no name here, and is written as {SORRY}")
        port = found.value(key, "port")
        farm["sorry_server"] = {
            "address": found.value(key, "address"), **({} if port in (None, "0") else {"port": port})
        }  # fmt: skip


def _half(interval: Optional[str]) -> Optional[str]:
    """What the appliance takes for the timeout where that is not set."""
    if interval is None or not interval.isdigit():
        return None
    return f"{int(interval) / 2:g}"
