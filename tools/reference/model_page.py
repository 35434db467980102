# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/reference/model.md: every object and field."""

from __future__ import annotations

import re

from declared import default_text, documented

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import KINDS
from ansible_collections.evenkeel.lb.plugins.module_utils._model.lists import Nested, ObjectList
from ansible_collections.evenkeel.lb.plugins.module_utils._model.objects import described, options

_HEAD = """# The model

Everything that can be said about a load balancer. This page is written from the declarations in
`plugins/module_utils/_model` by `python tools/reference`; so are the options of the modules.

A field that is not given is not managed: it keeps what is recorded, or takes its default where an engine needs a value.
*Impact* is how much a change of the field may disturb on a running director: `none` touches no connection,
`new_connections` only decides where new ones go, `reset` cuts connections, `failover` may move VIPs.
"""


def page() -> str:
    """The page as text."""
    parts = [_HEAD]
    for key, kind in KINDS.items():
        parts += _section(kind, f"`{key}`", 2)
    return "\n".join(parts)


def _section(kind: type, where: str, level: int) -> list[str]:
    word = described(kind)
    lines = [
        f"{'#' * level} {word[0].upper()}{word[1:]} ({where})",
        "",
        (kind.__doc__ or "").replace("\n    ", " "),
        "",
    ]
    lines += ["| field | type | default | impact | meaning |", "|---|---|---|---|---|"]
    inner: list[str] = []
    described_options = documented(kind)
    for name, option in options(kind).items():
        spec = described_options[name]
        type_ = f"{spec['type']} of {spec['elements']}" if "elements" in spec else spec["type"]
        choices = "; one of " + ", ".join(f"`{choice}`" for choice in spec["choices"]) if "choices" in spec else ""
        needed = " (needed)" if option.required else ""
        secret = " Never shown." if option.secret else ""
        default = f"`{default_text(option)}`" if option.default is not None else ""
        text = _plain(" ".join(option.text)) + choices + secret
        lines.append(f"| `{name}`{needed} | {type_} | {default} | {option.impact} | {text} |")
        if isinstance(option.type, (Nested, ObjectList)):
            path = f"{where[:-1]}.{name}`"
            inner += _section(option.type.kind, path, level + 1)
    return [*lines, "", *inner]


def _plain(text: str) -> str:
    """Ansible's markup as Markdown."""
    text = re.sub(r"P\(([a-z_.]+)#\w+\)", r"`\1`", text)
    return re.sub(r"\b[VOMC]\(([^)]*)\)", r"`\1`", text).replace("|", r"\|")
