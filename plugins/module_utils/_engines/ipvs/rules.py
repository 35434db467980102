# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text that ``ipvsadm --save -n`` writes and ``ipvsadm --restore`` reads, as tables and back. Pure.

Private to evenkeel.lb. Thresholds (``-x``, ``-y``) and the third flag of the schedulers sh and mh are written too:
``--restore`` takes them, ``--save`` forgets them.
Source: ipvsadm 1.31, its manual page and what the program printed for tables with known content.
"""

from __future__ import annotations

import functools
import re
from typing import Container, Dict, Iterator, List, Optional, Tuple, Union

from ..._host.ipvs_table import (
    DIRECT_ROUTE,
    FLAG_ONE_PACKET,
    FLAG_PERSISTENT,
    FLAG_SCHEDULER_1,
    FLAG_SCHEDULER_2,
    FLAG_SCHEDULER_3,
    FULL_NETMASK,
    IPV4,
    IPV6,
    MASQUERADE,
    SCTP,
    TCP,
    TUNNEL,
    TUNNEL_GRE,
    TUNNEL_GUE,
    TUNNEL_IPIP,
    UDP,
    Destination,
    Entry,
    Service,
    ServiceKey,
    Table,
    canonical_address,
)

# As ipvsadm assumes them for what a line does not say.
DEFAULT_SCHEDULER = "wlc"
DEFAULT_TIMEOUT = "360"

PROTOCOLS = {"-t": TCP, "-u": UDP, "--sctp-service": SCTP}
FORWARDING = {"-m": MASQUERADE, "-i": TUNNEL, "-g": DIRECT_ROUTE}
TUNNEL_TYPES = {"ipip": TUNNEL_IPIP, "gue": TUNNEL_GUE, "gre": TUNNEL_GRE}
TUNNEL_FLAGS = {"--tun-nocsum": 0, "--tun-csum": 1, "--tun-remcsum": 2}
SCHEDULER_FLAGS = (FLAG_SCHEDULER_1, FLAG_SCHEDULER_2, FLAG_SCHEDULER_3)
# The first two flags have names of their own for these schedulers.
SCHEDULER_FLAG_NAMES = {
    "sh": ("sh-fallback", "sh-port", "flag-3"),
    "mh": ("mh-fallback", "mh-port", "flag-3"),
}
PLAIN_FLAG_NAMES = ("flag-1", "flag-2", "flag-3")

LONG_OPTIONS = {
    "--add-service": "-A",
    "--add-server": "-a",
    "--tcp-service": "-t",
    "--udp-service": "-u",
    "--fwmark-service": "-f",
    "--ipv6": "-6",
    "--scheduler": "-s",
    "--persistent": "-p",
    "--netmask": "-M",
    "--sched-flags": "-b",
    "--ops": "-o",
    "--real-server": "-r",
    "--gatewaying": "-g",
    "--ipip": "-i",
    "--masquerading": "-m",
    "--weight": "-w",
    "--u-threshold": "-x",
    "--l-threshold": "-y",
}
KEY_OPTIONS = ("-t", "-u", "-f", "--sctp-service")
WITH_ARGUMENT = {*KEY_OPTIONS, "-s", "-M", "-b", "--pe", "-r", "-w", "-x", "-y", "--tun-type", "--tun-port"}
WITHOUT_ARGUMENT = {"-A", "-a", "-6", "-o", *FORWARDING, *TUNNEL_FLAGS}
OF_SERVICES = {"-A", *KEY_OPTIONS, "-6", "-s", "-p", "-M", "-b", "--pe", "-o"}
OF_DESTINATIONS = {"-a", *KEY_OPTIONS, "-6", "-r", *FORWARDING, "-w", "-x", "-y", "--tun-type", "--tun-port"}
OF_DESTINATIONS |= set(TUNNEL_FLAGS)
# What ipvsadm takes for the space between words; a line ends with a line feed and with nothing else.
WORD = re.compile(r"[^ \t\v\f\r]+")
# IP_VS_SCHEDNAME_MAXLEN and IP_VS_PENAME_MAXLEN are 16, with the zero byte at the end
NAME = re.compile(r"[!-~]{1,15}")


class RulesError(ValueError):
    """A line that is not understood, or a table that the text cannot express."""


def render(table: Table) -> str:
    """The table as rules, one a line; empty for an empty table."""
    return "".join(map(render_entry, table.values()))


@functools.lru_cache(maxsize=1 << 14)  # what is wanted is told in the plan, written, and looked for afterwards
def render_entry(entry: Entry) -> str:
    """A service and its destinations as rules, one a line."""
    key = entry.service.key
    lines = [render_service(entry.service), *(render_destination(key, server) for server in entry.destinations)]
    return "".join(f"{line}\n" for line in lines)


def render_service(service: Service) -> str:
    """The rule that adds the service."""
    words = ["-A", _render_key(service.key), "-s", service.scheduler]
    if service.flags & FLAG_PERSISTENT:
        words += ["-p", str(service.timeout)]
        if service.netmask not in ("", FULL_NETMASK[service.key.family]):
            words += ["-M", service.netmask]
    if service.pe:
        words += ["--pe", service.pe]
    if service.flags & FLAG_ONE_PACKET:
        words.append("-o")
    names = SCHEDULER_FLAG_NAMES.get(service.scheduler, PLAIN_FLAG_NAMES)
    flags = [name for name, flag in zip(names, SCHEDULER_FLAGS) if service.flags & flag]
    if flags:
        words += ["-b", ",".join(flags)]
    return " ".join(words)


def render_destination(key: ServiceKey, destination: Destination) -> str:
    """The rule that adds the destination to the service."""
    forwarding = _name_of(destination.forward, FORWARDING, "forwarding method")
    words = ["-a", _render_key(key), "-r", str(destination), forwarding, "-w", str(destination.weight)]
    if destination.u_threshold:
        words += ["-x", str(destination.u_threshold)]
    if destination.l_threshold:
        words += ["-y", str(destination.l_threshold)]
    if destination.forward == TUNNEL:
        words += ["--tun-type", _name_of(destination.tunnel_type, TUNNEL_TYPES, "tunnel type")]
        if destination.tunnel_type == TUNNEL_GUE:
            words += ["--tun-port", str(destination.tunnel_port)]
        if destination.tunnel_type != TUNNEL_IPIP:
            words.append(_name_of(destination.tunnel_flags, TUNNEL_FLAGS, "tunnel flags"))
    return " ".join(words)


def parse(text: str) -> Table:
    """The table that the rules make in an empty kernel; RulesError names the line that is not understood."""
    entries: Dict[ServiceKey, Tuple[Service, Dict[Tuple[str, int], Destination]]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not WORD.search(line) or _is_comment(line):
            continue
        try:
            key, added = parse_rule(line)
            if isinstance(added, Service):
                if key in entries:
                    raise RulesError(f"virtual server {key} is there twice")
                entries[key] = (added, {})
                continue
            if key not in entries:
                raise RulesError(f"no line before adds virtual server {key}")
            if added.key in entries[key][1]:
                raise RulesError(f"server {added} of virtual server {key} is there twice")
            entries[key][1][added.key] = added
        except ValueError as error:
            raise RulesError(f"line {number} ({line.strip()}): {error}") from error
    return Table((service, destinations.values()) for service, destinations in entries.values())


def parse_rule(line: str) -> Tuple[ServiceKey, Union[Service, Destination]]:
    """What one rule adds, and to which service; a ValueError says what is wrong with it."""
    options = _options(_words(line))
    key = _key(options)
    adds_service = "-A" in options
    if not adds_service and "-a" not in options:
        raise RulesError("neither -A nor -a")
    for option in options:
        if option not in (OF_SERVICES if adds_service else OF_DESTINATIONS):
            raise RulesError(f"{option} does not go with {'-A' if adds_service else '-a'}")
    return key, _service(key, options) if adds_service else _destination(key, options)


def lines_of(text: str, keys: Container[ServiceKey]) -> str:
    """The lines that concern the services with these keys."""
    return "".join(f"{line}\n" for key, line in _keyed_lines(text) if key is not None and key in keys)


def holds(text: str, keys: Container[ServiceKey], table: Table) -> bool:
    """Whether of the services with these keys the text makes exactly ``table``, however its lines are written."""
    try:
        rendered = render(table)
        others = text[: len(text) - len(rendered)]
        if text == others + rendered and (not others or others.endswith("\n")):
            # As ``replaced`` leaves it. A line before that for any of the keys would add something, or be an error.
            return not lines_of(others, keys)
    except RulesError:
        return False
    return next(differing(text, keys, table), None) is None


def differing(text: str, keys: Container[ServiceKey], table: Table) -> Iterator[Tuple[ServiceKey, str, str]]:
    """The services among these keys and in ``table`` of which the text makes something else than ``table``: each with
    its lines, and with those it should have."""
    there: Dict[ServiceKey, str] = {}
    for key, line in _keyed_lines(text):
        if key is not None and (key in keys or key in table):
            there[key] = f"{there.get(key, '')}{line}\n"
    for key in sorted({*there, *table}):
        lines, wanted = there.get(key, ""), render_entry(table[key]) if key in table else ""
        if lines != wanted and not _makes(lines, key, table):
            yield key, lines, wanted


def _makes(lines: str, key: ServiceKey, table: Table) -> bool:
    """Whether lines that are written in another way than ours make of a service what the table has."""
    try:
        return parse(lines).get(key) == table.get(key)
    except RulesError:
        return False


def replaced(text: str, keys: Container[ServiceKey], table: Table) -> str:
    """The text with the lines of the services with these keys, and of those in ``table``, replaced by ``table``.

    All other lines stay as they are: comments, services of others, and what is not understood. The table comes last.
    """
    others = (line for key, line in _keyed_lines(text) if key is None or (key not in keys and key not in table))
    return "".join(f"{line}\n" for line in others) + render(table)


@functools.lru_cache(maxsize=2)  # the text before and after a change
def _keyed_lines(text: str) -> List[Tuple[Optional[ServiceKey], str]]:
    lines = text.split("\n")
    if not lines[-1]:
        del lines[-1]
    return [(_key_in(line), line) for line in lines]


def _key_in(line: str) -> Optional[ServiceKey]:
    """The service a line names, also when the rest of the line is not understood; None when it names none by number."""
    words = _words(line)
    given = [(word, following) for word, following in zip(words, [*words[1:], ""]) if word in KEY_OPTIONS]
    if len({option for option, _value in given}) != 1 or _is_comment(line):
        return None
    try:
        return _key_of(*given[-1], "-6" in words)
    except ValueError:
        return None


def _is_comment(line: str) -> bool:
    return line.lstrip(" \t").startswith("#")


def _words(line: str) -> List[str]:
    """The words of a line, long options by their short names."""
    words = WORD.findall(line)
    return [word for given in words for word in _split_long(given)] if "--" in line else words


def _split_long(word: str) -> List[str]:
    """A word as one or two: ``--weight=3`` is ``-w 3``."""
    name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
    name = LONG_OPTIONS.get(name, name)
    return [name, value] if equals else [name]


def _options(words: List[str]) -> Dict[str, str]:
    """The options of a line by their short names."""
    options: Dict[str, str] = {}
    position = 0
    while position < len(words):
        word = words[position]
        following = words[position + 1] if position + 1 < len(words) else None
        position += 1
        if word in options:
            raise RulesError(f"{word} is there twice")
        if word in WITHOUT_ARGUMENT:
            options[word] = ""
        elif word == "-p" and (following is None or following.startswith("-")):
            options[word] = DEFAULT_TIMEOUT
        elif word in WITH_ARGUMENT or word == "-p":
            if following is None:
                raise RulesError(f"{word} lacks its value")
            options[word] = following
            position += 1
        else:
            raise RulesError(f"{word} is not known here")
    return options


def _key(options: Dict[str, str]) -> ServiceKey:
    given = [option for option in KEY_OPTIONS if option in options]
    if len(given) != 1:
        raise RulesError(f"one of {', '.join(KEY_OPTIONS)} is needed")
    if "-6" in options and given[0] != "-f":
        raise RulesError("-6 goes with -f alone")
    return _key_of(given[0], options[given[0]], "-6" in options)


@functools.lru_cache(maxsize=1024)  # the lines of one service follow each other
def _key_of(option: str, value: str, ipv6: bool) -> ServiceKey:
    if option == "-f":
        return ServiceKey.of_fwmark(IPV6 if ipv6 else IPV4, _number(value, 1, 0xFFFFFFFF))
    address, port = _endpoint(value)
    return ServiceKey.of_address(PROTOCOLS[option], address, port or 0)


def _service(key: ServiceKey, options: Dict[str, str]) -> Service:
    scheduler = options.get("-s", DEFAULT_SCHEDULER)
    flags = 0
    if "-p" in options:
        flags |= FLAG_PERSISTENT
    if "-o" in options:
        flags |= FLAG_ONE_PACKET
    names = {**_flags(PLAIN_FLAG_NAMES), **_flags(SCHEDULER_FLAG_NAMES.get(scheduler, ()))}
    for name in filter(None, options.get("-b", "").split(",")):
        flags |= _value_of(name, names)
    timeout = _number(options.get("-p", "0"), 0, 0xFFFFFFFF)
    netmask = _netmask(key, options["-M"]) if "-M" in options else ""
    engine = _name(options["--pe"]) if "--pe" in options else ""
    return Service(key, _name(scheduler), flags, timeout, netmask, engine).canonical()


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise RulesError(f"{text!r} is no name of a scheduler or persistence engine")
    return text


def _netmask(key: ServiceKey, text: str) -> str:
    if key.family == IPV6:
        return str(_number(text, 1, 128))
    try:
        return canonical_address(text)
    except ValueError as error:
        raise RulesError(f"{text!r} is no netmask of IPv4") from error


def _flags(names: Tuple[str, ...]) -> Dict[str, int]:
    return dict(zip(names, SCHEDULER_FLAGS))


def _destination(key: ServiceKey, options: Dict[str, str]) -> Destination:
    if "-r" not in options:
        raise RulesError("-r is needed")
    address, port = _endpoint(options["-r"])
    forward = _one_of(FORWARDING, options, DIRECT_ROUTE)
    if port is None or forward != MASQUERADE:
        port = key.port
    return Destination(
        canonical_address(address),
        port,
        forward,
        _number(options.get("-w", "1"), 0, 0x7FFFFFFF),
        _number(options.get("-x", "0"), 0, 0xFFFFFFFF),
        _number(options.get("-y", "0"), 0, 0xFFFFFFFF),
        _value_of(options.get("--tun-type", "ipip"), TUNNEL_TYPES),
        _number(options.get("--tun-port", "0"), 0, 65535),
        _one_of(TUNNEL_FLAGS, options, 0),
    ).canonical()


def _one_of(choices: Dict[str, int], options: Dict[str, str], default: int) -> int:
    """What the one option among ``choices`` stands for."""
    given = [value for name, value in choices.items() if name in options]
    if len(given) > 1:
        raise RulesError(f"one of {', '.join(choices)} is allowed")
    return given[0] if given else default


def _endpoint(text: str) -> Tuple[str, Optional[int]]:
    """Address and port; the port is None when there is none. Only numbers: names would need the host's databases."""
    if text.startswith("["):
        address, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")) or ":" not in address:
            raise RulesError(f"{text!r} is not [address]:port")
        colon, port = rest[:1], rest[1:]
    else:
        address, colon, port = text.partition(":")
    canonical_address(address)
    return address, _number(port, 0, 65535) if colon else None


def _number(text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 10 or not least <= int(text) <= most:
        raise RulesError(f"{text!r} is not a number from {least} to {most}")
    return int(text)


def _render_key(key: ServiceKey) -> str:
    if key.fwmark:
        return f"-f {key.fwmark}{' -6' if key.family == IPV6 else ''}"
    option = _name_of(key.protocol, PROTOCOLS, "protocol")
    return f"{option} [{key.address}]:{key.port}" if key.family == IPV6 else f"{option} {key.address}:{key.port}"


def _name_of(value: int, names: Dict[str, int], what: str) -> str:
    for name, candidate in names.items():
        if candidate == value:
            return name
    raise RulesError(f"the rules of ipvsadm have no word for the {what} {value}")


def _value_of(name: str, values: Dict[str, int]) -> int:
    if name not in values:
        raise RulesError(f"{name!r} is none of {', '.join(values)}")
    return values[name]
