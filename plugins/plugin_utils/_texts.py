# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configurations as the texts of engines, and texts as configurations. Private to evenkeel.lb."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.parse import read_objects
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.render import at_home
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.render import rendered as objects_of
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.reading.conf import read_conf as read_haproxy
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.render import document as haproxy_document
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.read_rules import read_rules
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.rules import render
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.reading.conf import read_conf
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.render import document
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.reading import Reading
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import beyond, engines, of_others
from ansible_collections.evenkeel.lb.plugins.module_utils._model.addresses import Address
from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import BadValue, Choice, Name, shown
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration

from ._configurations import examined, revealed

# By format: the engine, and how what it would hold is written.
_WRITTEN: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "keepalived": ("keepalived", lambda desired: document(desired.blocks)),
    "ipvsadm": ("ipvs", lambda desired: render(desired.table)),
    "haproxy": ("haproxy", lambda desired: haproxy_document(desired.blocks)),
}
# That of the appliance, which carries all that a Linux director has several engines for.
_ALOHA = "aloha"
FORMAT = Choice(*_WRITTEN, _ALOHA)
# Those that are read as well.
READ = Choice("keepalived", "ipvsadm", "haproxy", _ALOHA)


def rendered(value: Any, format_: Any) -> str:
    """The text of a configuration in a format; raises InvalidConfiguration with what is wrong with it, and what its
    engines cannot do."""
    format_ = FORMAT.parse(format_)
    configuration, problems = examined(value)
    if format_ == _ALOHA:
        configuration = at_home(configuration)
        problems = (*problems, *of_others(configuration, _ALOHA))
    else:
        problems = (*problems, *beyond(configuration))
    if problems:
        raise InvalidConfiguration(problems)
    if format_ == _ALOHA:
        return objects_of(configuration)
    name, written = _WRITTEN[format_]
    engine = next(engine for engine in engines() if engine.name == name)
    return written(engine.compile(configuration))


def parsed(text: Any, format_: Any, director: Any = None, files: Any = None, vip: Any = None) -> Reading:
    """What a text in a format says; raises BadText where it cannot be understood, and BadValue for a bad argument."""
    said, kind = _text(text, "the text"), READ.parse(format_)
    if kind != "keepalived" and (director is not None or files is not None):
        raise BadValue(f"director and files have no meaning for {kind}", "format keepalived, or leave them out")
    if kind != "haproxy" and vip is not None:
        raise BadValue(f"vip has no meaning for {kind}", "format haproxy, or leave it out")
    if kind == "ipvsadm":
        return read_rules(said)
    if kind == "haproxy":
        return read_haproxy(said, None if vip is None else Address().parse(vip))
    if kind == _ALOHA:
        return read_objects(said)
    name = None if director is None else Name().parse(director)
    return read_conf(said, name, _files(files))


def _files(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadValue(f"files: {shown(value)} is not a mapping", "the texts of files by their absolute paths")
    for path in value:
        if not isinstance(path, str) or not path.startswith("/"):
            raise BadValue(f"files: {shown(path)} is no absolute path", "such as /etc/keepalived/conf.d/web.conf")
    return {path: _text(text, f"files: the text of {path}") for path, text in value.items()}


def _text(value: Any, what: str) -> str:
    text = revealed(value)
    if not isinstance(text, str):
        raise BadValue(f"{what} is no text but {shown(value)}", "a text")
    return text
