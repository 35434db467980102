# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation fragments: the options that modules take over from the model."""

from __future__ import annotations

from pathlib import Path

import yaml
from declared import documented

from ansible_collections.evenkeel.lb.plugins.module_utils._model.certificate_profile import CertificateProfile
from ansible_collections.evenkeel.lb.plugins.module_utils._model.farm import Farm, Server
from ansible_collections.evenkeel.lb.plugins.module_utils._model.healthcheck import HealthCheck
from ansible_collections.evenkeel.lb.plugins.module_utils._model.objects import described, one
from ansible_collections.evenkeel.lb.plugins.module_utils._model.vip import HaGroup, Vip
from ansible_collections.evenkeel.lb.plugins.module_utils._model.virtual_server import VirtualServer

KINDS = (CertificateProfile, Farm, HaGroup, HealthCheck, Server, Vip, VirtualServer)

_LICENSE = (Path(__file__).read_text(encoding="utf-8")).split('"""')[0]

_TEMPLATE = '''{license}"""The options of {word}. Written by tools/reference from the model; change them there."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
{options}"""
'''


def files() -> dict[str, str]:
    """The fragments by the names of their files."""
    return {f"plugins/doc_fragments/{stem(kind)}.py": _fragment(kind) for kind in KINDS}


def stem(kind: type) -> str:
    """What the fragment of an object class is called."""
    return described(kind).replace(" ", "_").lower()


def _fragment(kind: type) -> str:
    found = documented(kind)
    if stem(kind) == "server":  # the module's state says more than the field's
        del found["state"]
    text = yaml.dump({"options": found}, sort_keys=False, width=104, allow_unicode=True, Dumper=_Dumper)
    return _TEMPLATE.format(license=_LICENSE, word=one(kind), options=text)


class _Dumper(yaml.SafeDumper):
    """Indents lists under their keys, as yamllint wants."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)
