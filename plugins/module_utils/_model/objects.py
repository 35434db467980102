# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of declared fields: one declaration gives parsing, canonical form and option specs. Private to evenkeel.lb.

An object is a frozen dataclass whose fields are declared with :func:`option`. A field that was not said is ``None``:
unset means "not managed" and differs from empty. Defaults are what an engine assumes for an unset field; they are
never stored.
"""

from __future__ import annotations

import dataclasses
import re
from collections import abc
from dataclasses import dataclass
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, Mapping, NamedTuple, Optional, Tuple, Type, TypeVar

from .fields import BadValue, FieldType, Name, shown
from .likely import likely_first
from .lists import Nested, ObjectList
from .problems import Problem

T = TypeVar("T")

# What a secret is shown as. Given back, it means what is recorded.
MASK = "********"

_NAME = Name()

# Ansible's, such as V(1)
_MARKUP = re.compile(r"\b[A-Z]\(([^()]*)\)")


@dataclass(frozen=True)
class Option:
    """The declaration of one field: all there is to know about it.

    ``text`` describes it in sentences, in Ansible's markup. ``impact`` is how much a change of it disturbs, in the
    words of steps. A ``secret`` is never shown. A field that is set takes the place of those it ``excludes``.
    """

    type: FieldType
    text: Tuple[str, ...]
    default: Any = None
    required: bool = False
    secret: bool = False
    impact: str = "none"
    excludes: Tuple[str, ...] = ()


def option(
    type_: FieldType,
    *text: str,
    default: Any = None,
    required: bool = False,
    secret: bool = False,
    impact: str = "none",
    excludes: Tuple[str, ...] = (),
) -> Any:
    """Declare a dataclass field; ``required`` means an object is incomplete without it."""
    declaration = Option(type_, text, default, required, secret, impact, excludes)
    # pylint: disable-next=invalid-field-call
    return dataclasses.field(default=None, metadata={"option": declaration})


class _Declared(NamedTuple):
    """What an object class declares: all of its fields, and what each of its objects is asked for over and over:
    ``parsers`` of the fields that hold values, ``holding`` those that hold objects, ``plain`` those whose values are
    JSON as they are."""

    options: Mapping[str, Option]
    parsers: Mapping[str, Callable[[Any], Any]]
    defaults: Mapping[str, Any]
    required: Tuple[str, ...]
    holding: Mapping[str, Option]
    plain: FrozenSet[str]


_DECLARED: Dict[type, _Declared] = {}


def _declared(kind: type) -> _Declared:
    if kind not in _DECLARED:
        fields: Dict[str, Option] = {field.name: field.metadata["option"] for field in dataclasses.fields(kind)}
        holding = {name: field for name, field in fields.items() if isinstance(field.type, (ObjectList, Nested))}
        _DECLARED[kind] = _Declared(
            fields,
            {name: _parser(field) for name, field in fields.items() if name not in holding},
            {name: field.default for name, field in fields.items() if field.default is not None},
            tuple(name for name, field in fields.items() if field.required),
            holding,
            frozenset(name for name, field in fields.items() if name not in holding and _is_plain(field)),
        )
    return _DECLARED[kind]


def _is_plain(field: Option) -> bool:
    return not field.secret and type(field.type).serialise is FieldType.serialise


def _parser(field: Option) -> Callable[[Any], Any]:
    """What makes the canonical value of a field; a secret that is given back as it was shown stays as it is."""
    if not field.secret:
        return field.type.parse
    return lambda value: MASK if value == MASK else field.type.parse(value)


def options(kind: type) -> Mapping[str, Option]:
    """The declared fields of an object class, by name."""
    return _declared(kind).options


def described(kind: type) -> str:
    """What an object class is called in messages: ``virtual server``, ``HA group``."""
    return str(kind.WORD)  # type: ignore[attr-defined]


def one(kind: type) -> str:
    """The same with its article: ``a virtual server``, ``an HA group``."""
    word = described(kind)
    return f"{'an' if word.startswith(('HA ', *'aeio')) else 'a'} {word}"


def needed(kind: type, name: str) -> str:
    """Why a field has to be there, and what it is, in the first sentence of its declaration."""
    sentence = _MARKUP.sub(r"\1", options(kind)[name].text[0]).split(". ")[0].rstrip(".")
    return f"{one(kind)} needs it: {sentence[0].lower()}{sentence[1:]}"


def _is_mapping(raw: Any) -> bool:
    # to ask the abstract class alone takes several times as long, and every server is asked
    return isinstance(raw, (dict, abc.Mapping))


def parse(kind: Type[T], raw: Any, path: str, problems: List[Problem]) -> T:
    """The object ``raw`` describes. Fields that are wrong are reported in ``problems`` and left unset."""
    declared = _declared(kind)
    if not _is_mapping(raw):
        problems.append(Problem(path, f"is not {one(kind)}", "a mapping of " + ", ".join(declared.options)))
        return kind()
    parsers = declared.parsers
    values: Dict[str, Any] = {}
    for name, value in raw.items():
        if name not in parsers and name not in declared.holding:
            where = f"{path}.{name}" if _NAME.accepts(name) else path
            message = f"{shown(name)} is not a field of {one(kind)}"
            problems.append(Problem(where, message, likely_first(name, tuple(declared.options))))
        elif value is None:
            continue
        elif name in parsers:
            try:
                values[name] = parsers[name](value)
            except BadValue as bad:
                problems.append(Problem(f"{path}.{name}", bad.message, bad.allowed))
        else:
            type_ = declared.holding[name].type
            inner = parse_list if isinstance(type_, ObjectList) else parse
            values[name] = inner(type_.kind, value, f"{path}.{name}", problems)  # type: ignore[attr-defined]
    return _with(kind, values)


def _with(kind: Type[T], values: Dict[str, Any]) -> T:
    """An object with these values, which become its own; the others are unset, as the class has them.

    The constructor of a frozen dataclass does the same in several times the time: every server comes through here.
    """
    thing = object.__new__(kind)
    object.__setattr__(thing, "__dict__", values)
    return thing


def parse_list(kind: Any, raw: Any, path: str, problems: List[Problem]) -> Tuple[Any, ...]:
    """The objects of a list, sorted by their names, which have to be there and unique."""
    if not isinstance(raw, (list, tuple)):
        problems.append(Problem(path, "is not a list", f"a list of {described(kind)}s"))
        return ()
    found: Dict[str, Any] = {}
    for position, item in enumerate(raw):
        is_mapping = _is_mapping(item)
        name = item.get("name") if is_mapping else None
        where = f"{path}[{name if _NAME.accepts(name) else position}]"
        thing = parse(kind, item, where, problems)
        if is_mapping and name is None:
            problems.append(Problem(f"{where}.name", "is missing", needed(kind, "name")))
        elif thing.name in found:
            problems.append(Problem(where, "is there twice", "each name once"))
        elif thing.name is not None:
            found[thing.name] = thing
    return tuple(found[name] for name in sorted(found))


def serialise(thing: Any, hide_secrets: bool = False) -> Dict[str, Any]:
    """The set fields of an object as JSON, canonical: equal objects give equal documents. Hidden secrets are stars."""
    document: Dict[str, Any] = {}
    declared = _declared(type(thing))
    for name, field in declared.options.items():
        value = getattr(thing, name)
        if value is None:
            continue
        if name in declared.plain:
            document[name] = value
        elif isinstance(field.type, ObjectList):
            document[name] = [serialise(item, hide_secrets) for item in value]
        elif isinstance(field.type, Nested):
            document[name] = serialise(value, hide_secrets)
        elif field.secret and hide_secrets:
            document[name] = MASK
        else:
            document[name] = field.type.serialise(value)
    return document


def merged(old: Optional[T], new: T, keep_members: bool = False) -> T:
    """``new`` over ``old``: unset fields keep what was there. A list of objects is taken as the whole list, unless
    ``keep_members``, and objects that stay keep their own unset fields. What says nothing new gives ``old`` itself, so
    that who compares the two need not look into them."""
    if old is None:
        return new
    if old == new:
        return old
    changes: Dict[str, Any] = {}
    for name, field in options(type(new)).items():
        value = getattr(new, name)
        if value is None:
            continue
        if isinstance(field.type, ObjectList):
            before = {item.name: item for item in getattr(old, name) or ()}
            after = {item.name: merged(before.get(item.name), item, keep_members) for item in value}
            members = {**before, **after} if keep_members and value else after
            value = tuple(members[key] for key in sorted(members))
        elif isinstance(field.type, Nested):
            value = merged(getattr(old, name), value)
        changes[name] = value
        changes.update((other, None) for other in field.excludes if getattr(new, other) is None)
    return dataclasses.replace(old, **changes)  # type: ignore[type-var]


def with_defaults(thing: T) -> T:
    """The object as an engine takes it: unset fields hold their declared defaults."""
    said = {name: value for name, value in vars(thing).items() if value is not None}
    whole = {**_declared(type(thing)).defaults, **said}
    return _with(type(thing), whole) if len(whole) > len(said) else thing


def incomplete(thing: Any, path: str) -> Iterator[Problem]:
    """A problem for each required field that is unset, in the object and in the objects it holds."""
    declared = _declared(type(thing))
    for name in declared.required:
        if getattr(thing, name) is None:
            yield Problem(f"{path}.{name}", "is missing", needed(type(thing), name))
    for name, field in declared.holding.items():
        value = getattr(thing, name)
        if isinstance(field.type, ObjectList):
            inner = _declared(field.type.kind)
            for item in value or ():
                if inner.holding or None in [getattr(item, one) for one in inner.required]:
                    yield from incomplete(item, f"{path}.{name}[{item.name}]")
        elif value is not None:
            yield from incomplete(value, f"{path}.{name}")
