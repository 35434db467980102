# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the nft program is called and understood, with a program in its place that says what it was told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._host.nftables import Nftables
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault, System

TABLE = "inet evenkeel"


@pytest.fixture
def nft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program, for tests to fill; it is the only one there is."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path / "nft"


def program(path: Path, script: str) -> Nftables:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return Nftables(System(), TABLE)


def test_it_is_asked_for_one_table_in_numbers(nft: Path) -> None:
    table = program(nft, 'echo "$LC_ALL $*"')
    assert table.is_installed()
    assert table.as_json() == "C --json --stateless --numeric list table inet evenkeel\n"
    assert table.as_text() == "C --stateless --numeric list table inet evenkeel\n"


def test_it_is_told_its_commands_on_standard_input(nft: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    table = program(nft, f'echo "$*" > {told}; exec cat >> {told}')
    table.load("table inet evenkeel\n")
    assert told.read_text() == "--file -\ntable inet evenkeel\n"
    assert table.complaints("no such word\n") == []
    assert told.read_text() == "--check --file -\nno such word\n"


def test_deleting_what_is_not_there_is_fine_and_what_is_there_goes_in_one_transaction(
    nft: Path, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    program(nft, f'echo "Error: No such file or directory" >&2; echo "$*" >> {told}; exit 1').delete()
    assert told.read_text() == "--stateless --numeric list table inet evenkeel\n"
    program(nft, f'[ "$1" != --file ] || exec cat > {told}').delete()
    assert told.read_text() == "table inet evenkeel\ndelete table inet evenkeel\n"


@pytest.mark.parametrize(
    "said",
    [
        "Error: No such file or directory\nlist table inet evenkeel\n                ^^^^^^^^\n",
        "netlink: Error: cache initialization failed: Protocol not supported\n",
        "Error: Could not process rule: Operation not supported\n",
        "Error: Could not process rule: Address family not supported by protocol\n",
    ],
)
def test_no_table_and_no_nftables_in_the_kernel_are_nothing(nft: Path, said: str) -> None:
    table = program(nft, f"printf '%b' '{said}' >&2; exit 1")
    assert table.as_json() is None
    assert table.as_text() is None


def test_anything_else_is_a_fault_in_the_programs_words(nft: Path) -> None:
    table = program(nft, "echo 'Error: Operation not permitted (you must be root)' >&2; exit 1")
    with pytest.raises(HostFault, match=r"nft cannot list table inet evenkeel: Operation not permitted \(you must be"):
        table.as_json()
    with pytest.raises(HostFault, match="nft cannot load table inet evenkeel: Operation not permitted"):
        table.load("")


def test_errors_are_told_with_their_line_and_once_without_what_nft_draws(nft: Path) -> None:
    said = (
        "/dev/stdin:4:1-9: Error: Could not process rule: File exists\\nadd chain\\n^^^^^^^^^\\n"
        "/dev/stdin:4:1-9: Error: Could not process rule: File exists\\n"
        "/dev/stdin:7:2-3: Error: syntax error, unexpected string\\n"
    )
    table = program(nft, f"printf '{said}' >&2; exit 1")
    assert table.complaints("x") == [
        "line 4: Could not process rule: File exists; line 7: syntax error, unexpected string"
    ]


def test_a_program_that_dies_without_a_word_is_told_so(nft: Path) -> None:
    assert program(nft, "exit 9").complaints("x") == ["it ended with status 9 and gave no reason"]
