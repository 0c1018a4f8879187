"""Values are what frozen dataclasses are: equal, hashed, copied and locked like them."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.order import Line
from core.domain.values import replace, value


@value
@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    units: int = 1
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plain:
    name: str
    units: int = 1
    tags: dict[str, str] = field(default_factory=dict)


@given(st.text(), st.integers())
def test_a_value_is_made_as_a_frozen_dataclass_is(name: str, units: int) -> None:
    for given_ in ((name,), (name, units), (name, units, {"a": name})):
        assert dataclasses.astuple(Thing(*given_)) == dataclasses.astuple(Plain(*given_))
    made = Thing(name=name, units=units)
    assert made == Thing(name, units)
    assert type(made) is Thing
    assert repr(made) == repr(Plain(name, units)).replace("Plain", "Thing")
    assert copy.copy(made) == pickle.loads(pickle.dumps(made)) == made
    assert made.tags is not Thing(name).tags


def test_a_value_is_locked_and_says_what_is_wrong_with_its_making() -> None:
    made = Thing("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.units = 2  # type: ignore[misc]
    for wrong in ({}, {"name": "a", "note": "b"}):
        with pytest.raises(TypeError):
            Thing(**wrong)  # type: ignore[arg-type]


@given(st.dictionaries(st.sampled_from(("ordered", "allocated", "backordered")), st.integers()))
def test_it_is_made_anew_as_dataclasses_do_it(changes: dict[str, int]) -> None:
    line = Line(1, 1, "9", "mug", "Mug", 3)
    assert replace(line, **changes) == dataclasses.replace(line, **changes)  # type: ignore[arg-type]


def test_there_is_no_field_that_there_is_not() -> None:
    with pytest.raises(KeyError):
        replace(Thing("a"), colour="red")


def test_only_plain_frozen_dataclasses_can_be_values() -> None:
    @dataclass(frozen=True)
    class Loose:
        name: str

    with pytest.raises(TypeError):
        value(Loose)
