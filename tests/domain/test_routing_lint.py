"""What is odd about a rule set, word for word; and what is not odd is not said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.routing.lint import covers, lint
from core.domain.shop import Location
from tests.domain.test_routing_decision import rule, rules
from tests.domain.test_routing_document import document

PLACES = [
    Location(1, "BER", "Berlin", groups=("National",), abilities=("Cold",)),
    Location(2, "HAM", "Hamburg", kind="store"),
]
OPEN_END = (
    "Some orders may fit no rule: they are routed with fewest parcels, then cheapest. "
    "A last rule without `when` says it yourself."
)


def oddities(*given: dict[str, Any], **more: Any) -> list[str]:
    return lint(rules(*given, **more), PLACES)


@pytest.mark.parametrize(
    ("says", "odd"),
    [
        ({"only": {"groups": ["north"]}}, "no location is in the group “north”."),
        ({"only": {"not_groups": ["north"]}}, "no location is in the group “north”."),
        (
            {"only": {"groups": ["store", "ber"], "not_groups": ["ber", "store"]}},
            "ber, store is both wanted and left out.",
        ),
        (
            {"only": {"complete": True}, "otherwise": "ship_part"},
            "`complete` and `ship_part` clash; nothing ships in part.",
        ),
        (
            {"otherwise": {"do": "backorder", "at": "rom"}},
            "there is no location “rom” to wait for.",
        ),
        (
            {"only": {"max_parcels": 1}, "wait": {"one_place_hours": 4}},
            "what leaves in 1 parcel has no other location to wait for.",
        ),
        ({"only": {"handling": ["hazmat"]}}, "no location can do “hazmat”."),
        ({"only": {"abilities": ["gift wrap"]}}, "no location can do “gift wrap”."),
    ],
)
def test_what_is_odd_about_one_rule(says: dict[str, Any], odd: str) -> None:
    assert oddities(rule(**says)) == [f"Rule “one”: {odd}"]


@pytest.mark.parametrize(
    ("when", "odd"),
    [
        (
            {"value_from": 10, "value_below": 10},
            "no order is worth 10 or more and less than 10.",
        ),
        ({"tags": ["a"], "not_tags": ["a", "b"]}, "the same tag is wanted and left out."),
        ({"priorities": ["king"]}, "there is no priority “king”; use vip, b2b, gift, normal."),
    ],
)
def test_what_is_odd_about_whom_a_rule_is_for(when: dict[str, Any], odd: str) -> None:
    assert oddities(rule(when=when), rule("rest")) == [f"Rule “one”: {odd}"]


@pytest.mark.parametrize(
    "says",
    [
        {"only": {"groups": ["national", "store", "ber"], "not_groups": ["ham"]}},
        {"only": {"handling": ["cold"], "abilities": ["cold"]}},
        {"only": {"complete": True}, "otherwise": "queue"},
        {"only": {"complete": True}},
        {"only": {"max_parcels": 2}, "wait": {"one_place_hours": 4}},
        {"only": {"max_parcels": 1}, "wait": {"one_place_hours": 0, "next_order_hours": 9}},
        {"otherwise": {"do": "backorder", "at": "ham"}},
    ],
)
def test_what_is_meant_is_not_odd(says: dict[str, Any]) -> None:
    assert oddities(rule(**says)) == []


@pytest.mark.parametrize(
    "when",
    [
        {"value_from": 9, "value_below": 10},
        {"tags": ["a", "b"], "not_tags": ["b"]},
        {"priorities": ["vip", "normal"]},
    ],
)
def test_whom_a_rule_may_be_for_is_not_odd(when: dict[str, Any]) -> None:
    assert oddities(rule(when=when), rule("rest")) == []


@pytest.mark.parametrize("what", ["one_place_hours", "next_order_hours"])
def test_a_wait_as_long_as_the_promise_is_odd(what: str) -> None:
    def waits(hours: int) -> dict[str, Any]:
        return rule(when={"promise_within_hours": 24}, wait={what: hours})

    assert oddities(waits(23), rule("rest")) == []
    odd = "Rule “one”: it waits up to 24 h for what is due within 24 h."
    assert oddities(waits(24), rule("rest")) == [odd]


def test_without_a_rule_for_everybody_the_end_is_open() -> None:
    assert oddities(rule(when={"tags": ["vip"]})) == [OPEN_END]
    assert oddities(rule(when={"tags": ["vip"]}), rule("rest")) == []


def test_a_rule_is_told_once_that_it_is_never_reached_and_only_behind_one_that_keeps_all() -> None:
    never = "Rule “late” is never reached: “all” keeps all of its orders."
    whole, second = rule("all", otherwise="queue"), rule("too", otherwise="queue")
    late = rule("late", when={"tags": ["vip"]})
    both = [never.replace("late", "too"), never]
    assert oddities(whole, second, late) == both
    assert oddities(rule("all", otherwise="next"), late, rule("rest")) == []
    assert oddities(rule("some", when={"tags": ["gift"]}, otherwise="queue"), late, rule("r")) == []


def test_a_limit_of_a_known_group_is_not_odd() -> None:
    limits = [{"of": "store", "orders": 1}, {"of": "ham", "orders": 1}, {"of": "moon", "units": 1}]
    assert oddities(rule(), capacity=limits) == [
        "Capacity of “moon”: no location is in that group."
    ]


# --- one scope within another --------------------------------------------------------------------

_PARTS: dict[str, st.SearchStrategy[Any]] = {
    "channels": st.just(["pos"]),
    "priorities": st.just(["vip"]),
    "tags": st.lists(st.sampled_from(["vip", "gift"]), min_size=1, max_size=2),
    "not_tags": st.just(["b2b"]),
    "categories": st.just(["shoes"]),
    "skus": st.just(["mug"]),
    "methods": st.just(["express"]),
    "countries": st.lists(st.sampled_from(["DE", "AT"]), min_size=1, max_size=2),
    "regions": st.just(["be"]),
    "zip_prefixes": st.lists(st.sampled_from(["1", "10", "2"]), min_size=1, max_size=2),
    "value_from": st.integers(0, 3),
    "value_below": st.integers(1, 4),
    "promise_within_hours": st.integers(1, 3),
}
_WHENS = st.fixed_dictionaries({}, optional=_PARTS)


@given(_WHENS, _WHENS)
def test_a_scope_covers_whatever_asks_for_more(wide: dict[str, Any], more: dict[str, Any]) -> None:
    first, narrow = (document(when=each).rules[0].when for each in (wide, {**more, **wide}))
    assert covers(first, narrow)
    assert covers(narrow, first) == (first == narrow)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ({"value_from": 2}, {"value_from": 3}),
        ({"value_below": 3}, {"value_below": 2}),
        ({"promise_within_hours": 3}, {"promise_within_hours": 2}),
        ({"tags": ["a", "b"]}, {"tags": ["b"]}),
        ({"not_tags": ["a"]}, {"not_tags": ["a", "b"]}),
        ({"zip_prefixes": ["1"]}, {"zip_prefixes": ["10", "12"]}),
    ],
)
def test_a_closer_scope_lies_in_the_wider_one_and_never_the_other_way_round(
    wide: dict[str, Any], narrow: dict[str, Any]
) -> None:
    first, second = (document(when=each).rules[0].when for each in (wide, narrow))
    assert covers(first, second)
    assert not covers(second, first)
