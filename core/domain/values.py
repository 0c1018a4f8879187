"""Values: frozen dataclasses with slots that are quick to define, to make, and to make anew.

`dataclasses` writes and compiles six functions for each of them and builds each class twice: with
nine hundred that was a quarter of a server's start. Here they share all but the function that
makes one, which is written when the first one is made.

A frozen dataclass also writes each of its fields past its own lock, which costs ten times the
field. An order has fifty fields and is made anew three times while it is captured.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from functools import cache
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

__all__ = ["dataclass", "replace"]

T = TypeVar("T")
Fields = dict[str, dataclasses.Field[Any]]

_MISSING = dataclasses.MISSING
_FEW = 4  # so many fields are sooner written past the lock than the lock is taken off


@dataclasses.dataclass(frozen=True, slots=True)
class _Model:
    """Lends to values what all frozen dataclasses have in common."""

    field: None


if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(shape=None, /, **how):
        """As `dataclasses.dataclass`; with `frozen=True, slots=True` alone, it makes a value.

        Raises TypeError for a value with class variables or arguments by keyword only.
        """
        if how == {"frozen": True, "slots": True}:
            return _value
        return dataclasses.dataclass(shape, **how)


# --- a class ---------------------------------------------------------------------------------


def _value(shape: type) -> type:
    own = {name: _field(shape, name, kind) for name, kind in shape.__annotations__.items()}
    inherited = _inherited(shape)

    def make(self: Any, *given: Any, **named: Any) -> None:
        made.__init__ = _init(made)
        made.__init__(self, *given, **named)

    body = {"__init__": make, **_alike(inherited | own), **vars(shape), **_LOCK}
    body["__slots__"] = tuple(name for name in own if name not in inherited)
    made: Any = _class(shape, body, without={*own, "__dict__", "__weakref__"})
    return made  # type: ignore[no-any-return]


def _field(shape: type, name: str, kind: Any) -> dataclasses.Field[Any]:
    given = vars(shape).get(name, _MISSING)
    field: Any = given if isinstance(given, dataclasses.Field) else dataclasses.field(default=given)
    if field.kw_only is True or str(kind).startswith(("ClassVar", "InitVar", "KW_ONLY")):
        raise TypeError(f"{shape.__name__}.{name} is not a plain field.")
    if type(field.default).__hash__ is None:
        raise TypeError(f"All of {shape.__name__} would share one {name}: use default_factory.")
    field.name, field.type, field.kw_only = name, kind, False
    field._field_type = _PLAIN
    return field  # type: ignore[no-any-return]


_PLAIN = getattr(dataclasses.fields(_Model)[0], "_field_type")  # noqa: B009 (dataclasses' own mark)


def _inherited(shape: type) -> Fields:
    fields: Fields = {}
    for base in reversed(shape.__mro__[1:]):
        fields |= vars(base).get("__dataclass_fields__", {})
    return fields


def _class(shape: type, body: dict[str, Any], without: Iterable[str]) -> type:
    kept = {name: what for name, what in body.items() if name not in without}
    made: type = type(shape)(shape.__name__, shape.__bases__, kept)
    made.__qualname__ = shape.__qualname__
    return made


# --- what its values do ----------------------------------------------------------------------


def _alike(fields: Fields) -> dict[str, Any]:
    read = _reader([name for name, field in fields.items() if field.compare])

    def equal(self: Any, other: Any) -> Any:
        if other.__class__ is self.__class__:
            return read(self) == read(other)
        return NotImplemented

    def digest(self: Any) -> int:
        return hash(read(self))

    return {
        "__eq__": equal,
        "__hash__": digest,
        "__repr__": _repr,
        "__dataclass_fields__": fields,
        "__match_args__": tuple(name for name, field in fields.items() if field.init),
        **_LENT,
    }


_LENT = {
    name: vars(_Model)[name] for name in ("__dataclass_params__", "__getstate__", "__setstate__")
}


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (field.name for field in dataclasses.fields(self) if field.repr)
    told = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{self.__class__.__qualname__}({told})"


def _set(_self: Any, name: str, _given: Any) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(_self: Any, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


_LOCK = {"__setattr__": _set, "__delattr__": _delete}
_OPEN = {name: getattr(object, name) for name in _LOCK}


def _reader(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """All of these at once. An attrgetter of one name would not give a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda it: tuple(getattr(it, name) for name in names)


# --- how one is made -------------------------------------------------------------------------


def _init(shape: type) -> Any:
    """The function that makes one, written for its fields."""
    fields = dataclasses.fields(shape)
    known: dict[str, Any] = {}
    given = ", ".join([_argument(field, known) for field in fields if field.init])
    sources = {field.name: _source(field, known) for field in fields}
    write = _past_the_lock if len(fields) <= _FEW else _unlocked
    lines = write(shape, {name: source for name, source in sources.items() if source}, known)
    if hasattr(shape, "__post_init__"):
        lines.append("self.__post_init__()")
    text = "\n    ".join([f"def __init__(self, {given}):", *lines, "return"])
    exec(text, known)  # noqa: S102 (as dataclasses makes its own)
    made = known["__init__"]
    made.__qualname__ = f"{shape.__qualname__}.__init__"
    return made


def _argument(field: dataclasses.Field[Any], known: dict[str, Any]) -> str:
    if field.default is _MISSING is field.default_factory:
        return field.name
    known[f"_default_{field.name}"] = field.default
    return f"{field.name}=_default_{field.name}"


def _source(field: dataclasses.Field[Any], known: dict[str, Any]) -> str:
    """What a field is filled from; nothing fills one that is no argument and has no default."""
    name, default = field.name, f"_default_{field.name}"
    if field.default_factory is not _MISSING:
        known[f"_make_{name}"] = field.default_factory
        return (
            f"_make_{name}() if {name} is {default} else {name}"
            if field.init
            else f"_make_{name}()"
        )
    if field.init:
        return name
    known[default] = field.default
    return "" if field.default is _MISSING else default


def _past_the_lock(shape: type, sources: dict[str, str], known: dict[str, Any]) -> list[str]:
    known |= {f"_set_{name}": getattr(shape, name).__set__ for name in sources}
    return [f"_set_{name}(self, {source})" for name, source in sources.items()]


def _unlocked(shape: Any, sources: dict[str, str], known: dict[str, Any]) -> list[str]:
    """It is of an open twin of its class while its fields are written."""
    twin = _class(shape, {**vars(shape), **_OPEN}, without=shape.__dataclass_fields__)
    known |= {"_as": object.__setattr__, "_twin": twin, "_shape": shape}
    written = [f"self.{name} = {source}" for name, source in sources.items()]
    return ["_as(self, '__class__', _twin)", *written, "self.__class__ = _shape"]


def replace(old: T, **changes: Any) -> T:
    """As `dataclasses.replace`, where no argument is by keyword only.

    Raises KeyError for a field that there is not.
    """
    shape: Any = old.__class__
    places, read = _places(shape)
    fields = list(read(old))
    for name, given in changes.items():
        fields[places[name]] = given
    new: T = shape(*fields)
    return new


@cache
def _places(shape: Any) -> tuple[dict[str, int], Callable[[Any], tuple[Any, ...]]]:
    names = [field.name for field in dataclasses.fields(shape) if field.init]
    return {name: place for place, name in enumerate(names)}, _reader(names)
