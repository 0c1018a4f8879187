"""Values are what frozen dataclasses are: equal, hashed, copied, shown and locked like them."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import field
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.order import Line
from core.domain.values import dataclass, replace

T = TypeVar("T")

NAMES = [f"field{number}" for number in range(7)]
HOW: dict[str, Any] = {"frozen": True, "slots": True}


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    units: int = 1
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Large(Thing, Generic[T]):
    """More fields than are written one by one, some of them another class's."""

    note: str = ""
    seen: int = field(default=0, compare=False)
    secret: str = field(default="", repr=False)
    size: int = field(init=False, default=3)

    def __post_init__(self) -> None:
        if self.units < 0:
            raise ValueError(self.units)


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


LARGE = Large[int]("a", 2, {"b": "c"}, "d", 4, "e")
plain_fields = st.sampled_from(
    (
        dataclasses.MISSING,
        1,
        "a",
        None,
        {"default_factory": list},
        {"default": 2, "init": False},
        {"default": 2, "compare": False},
        {"default_factory": dict, "repr": False},
        {"default_factory": set, "init": False},
    )
)


def _twins(fields: list[Any]) -> tuple[Any, Any]:
    """The same class as a value and as a dataclass, with what must be given in front."""
    ordered = sorted(fields, key=lambda one: one is not dataclasses.MISSING)
    names = NAMES[: len(fields)]
    said = {n: one for n, one in zip(names, ordered, strict=True) if one is not dataclasses.MISSING}

    def built(decorate: Any) -> Any:
        own: dict[str, Any] = {"__annotations__": dict.fromkeys(names, "Any")}
        own |= {name: field(**one) if isinstance(one, dict) else one for name, one in said.items()}
        return decorate(type("Twin", (), own))

    return built(dataclass(**HOW)), built(dataclasses.dataclass(**HOW))


def _told(shape: Any, given_: list[Any], named: dict[str, Any]) -> Any:
    """What making one leads to: all that can be seen of it, or that it cannot be made."""
    try:
        one = shape(*given_, **named)
    except TypeError as wrong:
        return str(wrong)
    return repr(one), dataclasses.asdict(one), one == shape(*given_, **named), one.__match_args__


@given(
    st.lists(plain_fields, max_size=7),
    st.lists(st.integers(), max_size=4),
    st.dictionaries(st.sampled_from(NAMES), st.integers(), max_size=3),
)
def test_a_value_is_made_as_a_frozen_dataclass_is(
    fields: list[Any], given_: list[Any], named: dict[str, Any]
) -> None:
    ours, theirs = _twins(fields)
    assert _told(ours, given_, named) == _told(theirs, given_, named)
    assert ours.__slots__ == theirs.__slots__
    for mine, other in zip(dataclasses.fields(ours), dataclasses.fields(theirs), strict=True):
        assert repr(mine) == repr(other)


@pytest.mark.parametrize("one", [Thing("a"), LARGE, Nothing()])
def test_a_value_is_locked_and_copied(one: Any) -> None:
    for name in ("name", "unheard_of"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, name, 2)
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(one, name)
    assert copy.copy(one) == copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one
    assert replace(one) == dataclasses.replace(one) == one
    assert type(copy.copy(one)) is type(one)
    assert msgspec.convert(msgspec.to_builtins(one), type(one)) == one
    assert not hasattr(one, "__dict__")


def test_a_large_value_keeps_what_its_fields_say() -> None:
    assert repr(LARGE) == "Large(name='a', units=2, tags={'b': 'c'}, note='d', seen=4, size=3)"
    assert replace(LARGE, seen=5) == LARGE != replace(LARGE, note="f")
    assert Thing("a", 2, {"b": "c"}) != LARGE
    assert Large[int]("a").tags is not Large[int]("a").tags
    with pytest.raises(ValueError, match="-1"):
        replace(LARGE, units=-1)
    match LARGE:
        case Large("a", 2, note=note):
            assert note == "d"
        case _:
            pytest.fail("A value matches by place and by name.")


@given(st.integers(), st.integers())
def test_equal_values_hash_alike(one: int, other: int) -> None:
    a, b = Line(1, one, "9", "mug", "Mug", 3), Line(1, other, "9", "mug", "Mug", 3)
    assert (a == b) == (one == other) == (hash(a) == hash(b))


@given(st.dictionaries(st.sampled_from(("ordered", "allocated", "backordered")), st.integers()))
def test_it_is_made_anew_as_dataclasses_do_it(changes: dict[str, int]) -> None:
    line = Line(1, 1, "9", "mug", "Mug", 3)
    assert replace(line, **changes) == dataclasses.replace(line, **changes)  # type: ignore[arg-type]


def test_there_is_no_field_that_there_is_not() -> None:
    with pytest.raises(KeyError):
        replace(Thing("a"), colour="red")


def test_a_class_that_a_value_cannot_be_is_refused() -> None:
    class Counted:
        made: ClassVar[int] = 0

    class ByKeyword:
        name: str = field(kw_only=True)

    class Shared:
        names: list[str] = []  # noqa: RUF012 (that is what is refused)

    for shape in (Counted, ByKeyword, Shared):
        with pytest.raises(TypeError):
            dataclass(**HOW)(shape)
