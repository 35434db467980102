# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users install: the artifact that ansible-galaxy builds, and a playbook run against its installed form."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
GALAXY = Path(sys.executable).with_name("ansible-galaxy")
DOC = Path(sys.executable).with_name("ansible-doc")
MODULES = [
    "lb_certificate_profile",
    "lb_config",
    "lb_failover",
    "lb_farm",
    "lb_ha_group",
    "lb_healthcheck",
    "lb_info",
    "lb_server",
    "lb_vip",
    "lb_virtual_server",
]


def run(*command: str | Path, **environment: str) -> str:
    """Standard output of a command that must succeed."""
    result = subprocess.run(
        [str(word) for word in command], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{command} failed:\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifact, built from the tree as a maintainer would, with leftovers of builds and tests beside it."""
    directory = tmp_path_factory.mktemp("artifact")
    run(GALAXY, "collection", "build", "--output-path", directory, REPOSITORY, HOME=str(directory))
    built = list(directory.glob("*.tar.gz"))
    assert [file.name for file in built] == ["evenkeel-lb-0.1.0.tar.gz"]
    return built[0]


@pytest.fixture(scope="module")
def contents(artifact: Path) -> set[str]:
    with tarfile.open(artifact) as archive:
        return {member.name for member in archive.getmembers() if not member.isdir()}


def test_what_users_need_is_inside(contents: set[str]) -> None:
    needed = {
        "MANIFEST.json",
        "FILES.json",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "meta/runtime.yml",
        "meta/execution-environment.yml",
        "meta/ee-requirements.txt",
        "meta/ee-requirements.yml",
        "meta/ee-bindep.txt",
        "playbooks/aloha_pair.yml",
        "playbooks/drain.yml",
        "playbooks/drift.yml",
        "playbooks/failover.yml",
        "playbooks/ha_pair.yml",
        "playbooks/rolling_update.yml",
        "playbooks/tasks/drain_wait.yml",
        "playbooks/tasks/update_director.yml",
        "plugins/doc_fragments/attributes.py",
        "plugins/httpapi/aloha.py",
        "roles/aloha_pair/meta/argument_specs.yml",
        "roles/deferred/meta/argument_specs.yml",
        "roles/director/meta/argument_specs.yml",
        "roles/real_server/meta/argument_specs.yml",
        "roles/ha_pair/meta/argument_specs.yml",
        *(f"plugins/modules/{module}.py" for module in MODULES),
    }
    assert needed <= contents, sorted(needed - contents)


def test_nothing_else_is_inside(contents: set[str]) -> None:
    roots = {name.split("/")[0] for name in contents}
    assert roots <= {
        "CHANGELOG.md",
        "CODE_OF_CONDUCT.md",
        "CONTRIBUTING.md",
        "FILES.json",
        "LICENSE",
        "MANIFEST.json",
        "README.md",
        "changelogs",
        "docs",
        "meta",
        "playbooks",
        "plugins",
        "roles",
    }
    compiled = {name for name in contents if name.endswith(".pyc") or "__pycache__" in name}
    assert not compiled


def test_every_module_with_the_common_options_is_in_the_action_group() -> None:
    """And no other: module_defaults of the group would give it options that it does not have."""
    runtime = yaml.safe_load((REPOSITORY / "meta/runtime.yml").read_text(encoding="utf-8"))
    files = sorted((REPOSITORY / "plugins/modules").glob("lb_*.py"))
    assert runtime["action_groups"]["lb"] == [
        file.stem for file in files if "- evenkeel.lb.transaction" in file.read_text(encoding="utf-8")
    ]


def test_installed_artifact_documents_its_modules(artifact: Path, tmp_path: Path) -> None:
    run(
        GALAXY,
        "collection",
        "install",
        "--offline",
        "--no-deps",
        "--collections-path",
        tmp_path,
        artifact,
        HOME=str(tmp_path),
    )
    listed = run(DOC, "--list", "evenkeel.lb", HOME=str(tmp_path), ANSIBLE_COLLECTIONS_PATH=str(tmp_path))
    assert [line.split()[0] for line in listed.splitlines()] == [f"evenkeel.lb.{module}" for module in MODULES]
