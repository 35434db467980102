# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our table in the language of nft. Pure. Private to evenkeel.lb.

The same ruleset gives the same text, in the order of its names. Every value in it is a number, an address, a word of
ours or a name in the model's alphabet, and none of them can hold a quote or a line break.
"""

from __future__ import annotations

from typing import Iterable, Iterator, Tuple

from .ruleset import Key, Ruleset, Value

TABLE = "inet evenkeel"

HEADER = "# Written by the Ansible collection evenkeel.lb from /etc/evenkeel/lb.json. Changes here are lost.\n"

# One transaction of the kernel: no packet ever meets a table that is gone or half there. The first line makes sure
# that there is something to delete.
REPLACED = f"table {TABLE}\ndelete table {TABLE}\n"


def document(ruleset: Ruleset) -> str:
    """A file that makes nft replace our table, whatever it holds, and touch no other."""
    return f"{HEADER}{REPLACED}\n{table(ruleset)}"


def rewrites(text: str) -> bool:
    """Whether one of our files changes any source."""
    return "type nat hook" in text


def table(ruleset: Ruleset) -> str:
    """The table with all that is in it but ``foreign``."""
    return "\n".join([f"table {TABLE} {{", *_maps(ruleset), *_chains(ruleset), "}", ""])


def element(key: Key, value: Value) -> str:
    """One element of a map."""
    comment = f' comment "{value.owner}"' if value.owner else ""
    return f"{key.key}{comment} : {value.value}"


def lines(elements: Iterable[Tuple[Key, Value]]) -> str:
    """Elements for people to read, with the map they are in."""
    return "".join(f"{key.map}: {element(key, value)}\n" for key, value in sorted(elements))


def _maps(ruleset: Ruleset) -> Iterator[str]:
    for name, declared in sorted(ruleset.maps.items()):
        held = sorted((key, value) for key, value in ruleset.elements.items() if key.map == name)
        yield f"\tmap {name} {{"
        yield from (f"\t\t{part}" for part in declared.split("; "))
        yield "\t\telements = {"
        yield ",\n".join(f"\t\t\t{element(key, value)}" for key, value in held)
        yield "\t\t}"
        yield "\t}"


def _chains(ruleset: Ruleset) -> Iterator[str]:
    """Chains that others lead to come first, as nft wants them."""
    for name, rules in sorted(ruleset.chains.items(), key=lambda chain: (_is_hooked(chain[1]), chain[0])):
        yield f"\tchain {name} {{"
        yield from (f"\t\t{rule}" for rule in rules)
        yield "\t}"


def _is_hooked(rules: Tuple[str, ...]) -> bool:
    return any(rule.startswith("type ") for rule in rules[:1])
