"""Values: frozen dataclasses that are as quick to make, and to make anew, as mutable ones.

A frozen dataclass writes each of its fields past its own lock, which costs ten times the field.
An order has fifty fields and is made anew three times while it is captured.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

T = TypeVar("T")
_MISSING = dataclasses.MISSING


def value(shape: type[T]) -> type[T]:
    """For a class that is `@dataclass(frozen=True, slots=True)` already: its fields are written
    while it still is an unlocked twin of itself.

    Raises TypeError for classes of another kind.
    """
    fields = dataclasses.fields(shape)  # type: ignore[arg-type]
    names = tuple(field.name for field in fields)
    if shape.__dict__.get("__slots__") != names or hasattr(shape, "__post_init__"):
        raise TypeError(f"{shape.__name__} is not a plain frozen dataclass with slots.")
    twin = type(shape.__name__, shape.__bases__, {"__slots__": names})
    setattr(shape, "__init__", _init(shape, twin, fields))  # noqa: B010 (mypy forbids the plain way)
    return shape


def _init(shape: type, twin: type, fields: tuple[dataclasses.Field[Any], ...]) -> Any:
    known: dict[str, Any] = {"_as": object.__setattr__, "_twin": twin, "_shape": shape}
    given, written = [], []
    for field in fields:
        name, default = field.name, f"_default_{field.name}"
        source = name
        if field.default_factory is not _MISSING:
            known |= {default: _MISSING, f"_make_{name}": field.default_factory}
            source = f"_make_{name}()"
            source += f" if {name} is {default} else {name}" if field.init else ""
        elif field.default is not _MISSING:
            known[default] = field.default
        if field.init:
            given.append(f"{name}={default}" if default in known else name)
        written.append(f"    self.{name} = {source}\n")
    text = (
        f"def __init__(self, {', '.join(given)}):\n"
        f"    _as(self, '__class__', _twin)\n"
        f"{''.join(written)}"
        f"    self.__class__ = _shape\n"
    )
    exec(text, known)  # noqa: S102 (as dataclasses makes its own)
    return known["__init__"]


def replace(old: T, **changes: Any) -> T:
    """As `dataclasses.replace`, where no argument is by keyword only.

    Raises KeyError for a field that there is not.
    """
    shape: Any = old.__class__
    places, read = _fields(shape)
    fields = list(read(old))
    for name, given in changes.items():
        fields[places[name]] = given
    new: T = shape(*fields)
    return new


@cache
def _fields(shape: Any) -> tuple[dict[str, int], Any]:
    names = [field.name for field in dataclasses.fields(shape) if field.init]
    return {name: place for place, name in enumerate(names)}, attrgetter(*names)
