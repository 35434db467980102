# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bytes that a text asks to send or to look for, as the model says them. Pure. Private to evenkeel.lb."""

from __future__ import annotations

from typing import Optional

from .._model.fields import FreeText

_NAMED = {"\r": r"\r", "\n": r"\n", "\t": r"\t", "\\": r"\\"}


def said(octets: bytes) -> Optional[str]:
    """Bytes as the model says them in a line of text; None where that is none or too long."""
    text = "".join(map(_said, octets.decode("utf-8", "surrogateescape")))
    return text if FreeText().accepts(text) else None


def _said(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    if FreeText().accepts(character):
        return character
    return "".join(f"\\x{octet:02x}" for octet in character.encode("utf-8", "surrogateescape"))
