# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The import direction of the design, section 3: a room may import only from rooms below it.

    modules → _ansible → _waiting, _health → _reconcile, _watching → _planning → _engines, _host → _model

The engine contract hands every engine the door to the host, so _engines stands above _host, never the other way round.
Read from the source with ast, so that imports inside functions and under TYPE_CHECKING count too.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
COLLECTION = "ansible_collections.evenkeel.lb."
UTILS = "plugins.module_utils."
PLUGINS = sorted((REPOSITORY / "plugins").rglob("*.py"))

# Floor of each room, the lowest first.
FLOORS = {
    "_model": 0,
    "_host": 1,
    "_engines": 2,
    "_planning": 3,
    "_reconcile": 4,
    "_watching": 4,
    "_failover": 4,
    "_running": 4,
    "_waiting": 5,
    "_health": 5,
    "_info": 5,
    "_ansible": 6,
    "modules": 7,
}
# Engines are the packages in _engines and the one-file memory engine; registry knows them all; other files there are
# what engines share, and know none of them.
ENGINE_PACKAGES = (REPOSITORY / "plugins/module_utils/_engines").glob("*/__init__.py")
ENGINES = {path.parent.name for path in ENGINE_PACKAGES} | {"memory"}
# Runs on the control node and says things in the terms of model and engines, nothing more.
CONTROLLER_ROOMS = {"filter", "test", "inventory", "plugin_utils"}
# Carries the requests of the engine of the same name; lives in Ansible's connection process, on the control node.
CONNECTION_ROOMS = {"httpapi"}
# What those rooms may know of an engine: how it writes its texts and reads them, and those of others.
TEXTS = ("render", "parse", "rules", "reading.conf", "read_rules")


def module_name(path: Path) -> str:
    """Dotted name of a file, relative to the collection: plugins.module_utils._model.fields"""
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")


def imported_names(path: Path, source: str) -> Iterator[tuple[int, str]]:
    """(line, absolute dotted name) of everything the file imports; names of the collection relative to it."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            # `from package import thing`: the thing may be a file of its own.
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            yield node.lineno, name.removeprefix(COLLECTION)


def room(name: str) -> str:
    """The room a name of the collection belongs to: _model, _engines, … or modules, filter, …"""
    parts = name.removeprefix(UTILS).removeprefix("plugins.").split(".")
    return parts[0]


def engine_part(name: str) -> str:
    """The part of _engines a name belongs to: ipvs, keepalived, base, registry …"""
    return name.removeprefix(f"{UTILS}_engines.").split(".")[0]


def is_rendering(name: str) -> bool:
    """Whether a name is one of those by which an engine writes and reads text, which know neither host nor Ansible, or
    the list of engines, which tells what they can do."""
    engine, _dot, rest = name.removeprefix(f"{UTILS}_engines.").partition(".")
    return engine in ("registry", "reading") or f"{rest}.".startswith(tuple(f"{text}." for text in TEXTS))


def fault(importer: str, imported: str) -> str | None:
    """Why this import is not allowed, or None when it is."""
    here = room(importer)
    if not imported.startswith("plugins."):
        top = imported.split(".")[0]
        if importer.startswith(UTILS) and here != "_ansible" and top not in sys.stdlib_module_names:
            return f"{here} imports {top}, which is not in the standard library"
        return None
    if imported == UTILS.rstrip(".") or imported == importer:
        return None
    there = room(imported)
    if here in CONTROLLER_ROOMS:
        allowed = there in ("_model", "plugin_utils") or (there == "_engines" and is_rendering(imported))
        return (
            None
            if allowed
            else f"{here} plugins may import only _model, plugin_utils, the list of engines and their {'/'.join(TEXTS)}"
        )
    if here in CONNECTION_ROOMS:
        own = imported.startswith((f"{UTILS}_engines.{importer.rpartition('.')[2]}.", f"{UTILS}_engines.base."))
        return None if own else f"{here} plugins may import only the engine of their own name, and the contract"
    if here not in FLOORS:
        return f"{here} has no place in the design for importing from the collection"
    if here == there == "_engines":
        return engine_fault(engine_part(importer), engine_part(imported))
    if here == there and here != "modules":
        return None
    if there not in FLOORS:
        return f"{there} is no room of the design"
    return None if FLOORS[there] < FLOORS[here] else f"{here} may not import from {there}, which is not below it"


def engine_fault(here: str, there: str) -> str | None:
    if here == there or here == "registry":
        return None
    if here in ENGINES and there in {*ENGINES, "registry"}:
        return f"the engine {here} may not import from {there}"
    if there in {*ENGINES, "registry"}:
        return f"{here} is shared by the engines and may not import from {there}"
    return None


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_imports_go_downwards(path: Path) -> None:
    importer = module_name(path)
    faults = [
        f"{path.relative_to(REPOSITORY)}:{line}: {reason} ({imported})"
        for line, imported in imported_names(path, path.read_text(encoding="utf-8"))
        if (reason := fault(importer, imported))
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("_model/fields.py", "from ansible.module_utils.basic import AnsibleModule"),
        ("_model/fields.py", "import yaml"),
        ("_model/fields.py", "from .._host import system"),
        ("_model/fields.py", "from .. import _host"),
        ("_engines/ipvs/engine.py", "from ..keepalived.render import render"),
        ("_engines/ipvs/engine.py", "from .. import registry"),
        ("_engines/base.py", "from .ipvs import engine"),
        ("_host/store.py", f"from {COLLECTION}plugins.module_utils._engines.base import Step"),
        ("_host/store.py", "def late():\n    from .. import _reconcile"),
        ("_reconcile.py", f"import {COLLECTION}plugins.module_utils._ansible.module"),
        ("../modules/lb_vip.py", f"from {COLLECTION}plugins.modules import lb_farm"),
        ("../filter/lb_render.py", f"from {COLLECTION}plugins.module_utils._ansible import argspec"),
        ("../httpapi/aloha.py", f"from {COLLECTION}plugins.module_utils._engines.ipvs import engine"),
        ("../filter/lb_render.py", f"from {COLLECTION}plugins.module_utils._engines.ipvs import engine"),
        ("../filter/lb_parse.py", f"from {COLLECTION}plugins.module_utils._engines.keepalived.reading import vrrp"),
    ],
)
def test_forbidden_import_is_noticed(file: str, source: str) -> None:
    path = Path(REPOSITORY, "plugins", "module_utils", file)
    path = path.parent.resolve() / path.name
    assert any(fault(module_name(path), imported) for _line, imported in imported_names(path, source))


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("_model/fields.py", "import ipaddress\nfrom .problems import Problem"),
        (
            "_engines/ipvs/engine.py",
            "from ..base import Step\nfrom .table import Table\nfrom ..._host.system import System",
        ),
        ("_engines/keepalived/render.py", "from ..._model.farm import Farm"),
        ("_engines/registry.py", "from .ipvs.engine import Engine"),
        ("../filter/lb_validate.py", f"from {COLLECTION}plugins.module_utils._engines.registry import beyond"),
        ("_reconcile.py", "from ._host import store\nfrom ._engines import registry\nfrom ._model import farm"),
        ("_ansible/module.py", "from ansible.module_utils.basic import AnsibleModule\nfrom .._reconcile import run"),
        ("../modules/lb_vip.py", f"from {COLLECTION}plugins.module_utils._ansible.module import run"),
        ("../filter/lb_render.py", f"from {COLLECTION}plugins.module_utils._engines.keepalived.render import render"),
        ("../httpapi/aloha.py", f"from {COLLECTION}plugins.module_utils._engines.aloha.api import NoAnswer"),
        (
            "../filter/lb_parse.py",
            f"from {COLLECTION}plugins.module_utils._engines.keepalived.reading.conf import read_conf",
        ),
    ],
)
def test_allowed_import_passes(file: str, source: str) -> None:
    path = Path(REPOSITORY, "plugins", "module_utils", file)
    path = path.parent.resolve() / path.name
    assert not [imported for _line, imported in imported_names(path, source) if fault(module_name(path), imported)]
