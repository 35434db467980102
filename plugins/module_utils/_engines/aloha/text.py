# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of an appliance as one JSON text: by the path of each below its scope, what is set of it. Pure.

Private to evenkeel.lb. It is what the appliance answers for each object, put together; attributes that are null there
may be left out.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..reading import BadText, Finding, Findings, Place
from .objects import PATHS, Key, Values

_SHOWN = 100
_BASE = "{base}/"
_RULE = ("is a rule, and rules of layer 7 are not managed", "keep it as it is; it is not touched")
_UNKNOWN = ("is the path of no object known here", "such as l4/farm/web or l7/service/www/listener/port-80")


def document(objects: Mapping[Key, Values]) -> str:
    """The text of objects, with the attributes that are set."""
    said = {
        path_of(key): {name: value for name, value in sorted(values.items()) if value is not None}
        for key, values in sorted(objects.items())
    }
    return json.dumps(said, indent=2) + "\n"


def path_of(key: Key) -> str:
    """Such as ``l4/farm/web/server/web1``."""
    return PATHS[key.kind][len(_BASE) :].format(*key.names)


def read(text: str, findings: Findings) -> Tuple[Dict[Key, Values], Dict[Key, Place]]:
    """The objects of a text, and where the path of each stands. What is no object goes into ``findings``. Raises
    BadText."""
    try:
        held = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise BadText([Finding(Place(line), "", f"is no JSON: {getattr(error, 'msg', error)}")]) from None
    if not isinstance(held, dict) or not all(isinstance(values, dict) for values in held.values()):
        raise BadText([Finding(Place(1), "", "is no JSON object of objects by their paths", _UNKNOWN[1])])
    lines = text.splitlines()
    objects: Dict[Key, Values] = {}
    places: Dict[Key, Place] = {}
    for path, values in held.items():
        place = _place(path, lines)
        key = _key(path)
        if key is None:
            message, allowed = _RULE if "/rule/" in path else _UNKNOWN
            findings.lose(place, path[:_SHOWN], message, allowed)
            continue
        places[key] = place
        objects[key] = {name: value for name, value in values.items() if _is_value(place, path, name, value, findings)}
    return objects, places


def _place(path: str, lines: List[str]) -> Place:
    wanted = json.dumps(path)
    return Place(next((number for number, line in enumerate(lines, 1) if wanted in line), 1))


def _key(path: str) -> Optional[Key]:
    parts = path.split("/")
    for kind, template in PATHS.items():
        pattern = template[len(_BASE) :].split("/")
        if len(pattern) == len(parts) and all(
            one == other if not one.startswith("{") else other for one, other in zip(pattern, parts)
        ):
            return Key(kind, tuple(other for one, other in zip(pattern, parts) if one.startswith("{")))
    return None


def _is_value(place: Place, path: str, name: str, value: Any, findings: Findings) -> bool:
    """Whether it is one that the appliance gives: text, null, or true for what this version of the API cannot tell."""
    if value is None or value is True or isinstance(value, str):
        return True
    shown = f"{path} {name}: {json.dumps(value)}"
    findings.lose(place, shown[:_SHOWN], "is no value that an appliance gives", "a text in quotes, or null")
    return False
