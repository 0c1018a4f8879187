"""A rule set is read strictly: a mistake is told with its place and what to write there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.priority import priority_named, priority_of
from core.domain.refusals import Invalid
from core.domain.routing.document import Document, Else, read_document, to_plain
from core.domain.routing.explain import document_in_words
from core.domain.routing.lint import covers, lint
from core.domain.routing.presets import PRESETS, drafted
from core.domain.routing.scope import OrderFacts, misfit
from core.domain.shop import Location

WHOLE: dict[str, Any] = {
    "name": "Nordlicht",
    "rules": [
        {
            "name": "express",
            "when": {"promise_within_hours": 48, "countries": ["de"], "value_from": 1000},
            "only": {"groups": ["National"], "max_distance_km": 500, "complete": True},
            "prefer": ["on_time", "nearest"],
            "otherwise": "next",
        },
        {
            "name": "rest",
            "prefer": {"money": {"split": 150, "late_day": 500}},
            "otherwise": {"do": "cancel", "days": 3},
        },
    ],
    "capacity": [{"of": "store", "orders": 10, "cut_off": "9:30"}],
}


def document(**changes: Any) -> Document:
    return read_document({"name": "x", "rules": [{"name": "one", **changes}]})


def test_a_document_is_read_and_written_again_without_loss() -> None:
    read = read_document(WHOLE)
    assert read_document(to_plain(read)) == read
    assert read.rules[0].only.groups == ("national",)
    assert read.capacity[0].cut_off == "09:30"


@pytest.mark.parametrize(
    ("plain", "told"),
    [
        ([], "The document: write an object with name, rules, capacity."),
        ({"name": "x", "rules": []}, "rules: a rule set needs at least one rule."),
        ({"rules": [{"name": "a"}]}, "name: give the rule set a name."),
        ({"name": "x", "rules": [{}]}, "rules[0].name: give the rule a name."),
        (
            {"name": "x", "rules": [{"name": "a"}, {"name": "A"}]},
            "rules[1].name: there is a rule “a” already.",
        ),
    ],
)
def test_a_document_that_is_none_says_where(plain: Any, told: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_document(plain)
    assert str(refused.value) == told
    assert refused.value.code == "bad_rules"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"when": {"country": ["de"]}}, "rules[0].when.country: there is no such key; did you"),
        ({"when": {"tags": []}}, "rules[0].when.tags: write a list of 1 to 200 words."),
        ({"when": {"tags": [1]}}, "rules[0].when.tags[0]: write a name of 1 to 100"),
        ({"only": {"max_distance_km": "far"}}, "rules[0].only.max_distance_km: write a whole"),
        ({"only": {"max_parcels": True}}, "rules[0].only.max_parcels: write a whole number"),
        ({"only": {"max_parcels": 0}}, "rules[0].only.max_parcels: write a whole number from 1"),
        ({"only": {"safety": -1}}, "rules[0].only.safety: write a whole number from 0"),
        ({"only": {"complete": "yes"}}, "rules[0].only.complete: write true or false."),
        ({"prefer": []}, "rules[0].prefer: write a list of aims"),
        ({"prefer": ["fast"]}, "rules[0].prefer[0]: “fast” is not known; write on_time or"),
        ({"prefer": {"money": {"split": 1.5}}}, "rules[0].prefer.money.split: write a whole"),
        ({"prefer": {"cash": {}}}, "rules[0].prefer: write a list of aims"),
        ({"otherwise": "give up"}, "rules[0].otherwise.do: “give up” is not known"),
        ({"otherwise": {"days": 3}}, "rules[0].otherwise.do: write next or"),
        ({"otherwise": "backorder"}, "rules[0].otherwise.at: name the location"),
        ({"otherwise": "cancel"}, "rules[0].otherwise.days: write after how many days"),
        ({"wait": 4}, "rules[0].wait: write an object with one_place_hours, next_order_hours."),
        ({"wait": {"one_place_hours": -1}}, "rules[0].wait.one_place_hours: write a whole number "),
        (
            {"wait": {"next_order_hours": 169}},
            "rules[0].wait.next_order_hours: write a whole number from 0 to 168.",
        ),
        ({"wait": {"hours": 4}}, "rules[0].wait.hours: there is no such key;"),
        ({"scope": {}}, "rules[0].scope: there is no such key; known are name, when"),
    ],
)
def test_a_mistake_is_told_with_its_place(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(Invalid) as refused:
        document(**changes)
    assert str(refused.value).startswith(told)


AIMS = "on_time or fewest_parcels or cheapest or nearest or ranked or stock_balance or oldest_stock"
ELSES = "next or ship_part or queue or backorder or cancel or ask"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"when": {"tags": ["x" * 101]}}, "when.tags[0]: write a name of 1 to 100 characters."),
        ({"when": {"tags": [" "]}}, "when.tags[0]: write a name of 1 to 100 characters."),
        ({"when": {"tags": ["a"] * 201}}, "when.tags: write a list of 1 to 200 words."),
        ({"when": {"value_from": 10**9 + 1}}, "when.value_from: write a whole number from 0 to 10"),
        ({"when": {"promise_within_hours": 0}}, "when.promise_within_hours: write a whole number "),
        ({"when": {"country": ["de"]}}, "when.country: there is no such key; did you mean countr"),
        ({"prefer": ["fast"]}, f"prefer[0]: “fast” is not known; write {AIMS}."),
        ({"prefer": "nearest"}, 'prefer: write a list of aims, or {"money": {…}}.'),
        ({"prefer": {"money": {}, "x": 1}}, 'prefer: write a list of aims, or {"money": {…}}.'),
        ({"otherwise": "give up"}, f"otherwise.do: “give up” is not known; write {ELSES}."),
        ({"otherwise": {"days": 3}}, f"otherwise.do: write {ELSES}."),
        ({"otherwise": "backorder"}, "otherwise.at: name the location that the rest waits for."),
        ({"otherwise": "cancel"}, "otherwise.days: write after how many days the rest is canceled"),
        (
            {"otherwise": {"do": "queue", "reason": "x" * 201}},
            "otherwise.reason: write a text of 2",
        ),
        ({"otherwise": 3}, "otherwise: write an object with do, reason, at, days."),
        ({"name": ""}, "name: write a name of 1 to 100 characters."),
    ],
)
def test_a_mistake_is_told_with_what_to_write(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(Invalid) as refused:
        document(**changes)
    assert str(refused.value).startswith(f"rules[0].{told}")
    assert refused.value.code == "bad_rules"


def test_what_just_fits_is_read() -> None:
    long = "x" * 100
    when = {"tags": [long], "skus": ["Mug"] * 200, "value_from": 0, "value_below": 10**9}
    only = {"safety": 0, "min_parcel_value": 0, "max_parcels": 1, "max_distance_km": 1}
    rest = {"do": "cancel", "days": 1, "reason": " " + "y" * 199}
    wait = {"one_place_hours": 0, "next_order_hours": 168}
    (read,) = document(name=f" {long[1:]} ", when=when, only=only, otherwise=rest, wait=wait).rules
    assert (read.wait.one_place_hours, read.wait.next_order_hours) == (0, 168)
    assert (read.name, read.when.tags, read.when.skus) == (long[1:], (long,), ("Mug",))
    assert (read.when.value_from, read.when.value_below) == (0, 10**9)
    assert read.otherwise is not None
    assert read.otherwise.reason == "y" * 199
    many = [{"name": str(n)} for n in range(50)]
    assert len(read_document({"name": "x", "rules": many}).rules) == 50
    with pytest.raises(Invalid, match="rules: write a list of 50 at most"):
        read_document({"name": "x", "rules": [*many, {"name": "one more"}]})


def test_what_is_named_twice_counts_once_where_it_was_first() -> None:
    (read,) = document(
        prefer=["nearest", "cheapest", "nearest"], when={"countries": ["de", "AT", "DE"]}
    ).rules
    assert [aim.value for aim in read.prefer] == ["nearest", "cheapest"]  # type: ignore[union-attr]
    assert read.when.countries == ("DE", "AT")


@pytest.mark.parametrize(("typed", "kept"), [("0:00", "00:00"), ("23:59", "23:59")])
def test_a_day_may_end_at_any_minute(typed: str, kept: str) -> None:
    limits = [{"of": "Store", "orders": 0, "cut_off": typed}]
    read = read_document({"name": "x", "rules": [{"name": "a"}], "capacity": limits})
    assert (read.capacity[0].of, read.capacity[0].cut_off) == ("store", kept)


@pytest.mark.parametrize("clock", ["24:00", "12:60", "25:00", "9", "12:5", "noon", "١٢:٠٠"])
def test_a_cut_off_is_a_time_of_day(clock: str) -> None:
    limits = [{"of": "store", "orders": 1, "cut_off": clock}]
    with pytest.raises(Invalid, match=r"capacity\[0\]\.cut_off"):
        read_document({"name": "x", "rules": [{"name": "a"}], "capacity": limits})


def test_a_capacity_limits_something() -> None:
    with pytest.raises(Invalid, match=r"capacity\[0\]: write how many"):
        read_document({"name": "x", "rules": [{"name": "a"}], "capacity": [{"of": "store"}]})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["name", "rules", "when", "only", "prefer", "otherwise", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_is_sent_is_read_or_refused(plain: Any) -> None:
    try:
        read = read_document(plain)
    except Invalid:
        return
    assert read_document(to_plain(read)) == read


# --- in words ------------------------------------------------------------------------------------


def test_each_rule_is_one_line_of_english() -> None:
    words = document_in_words(read_document(WHOLE), lambda amount: f"{amount / 100:.2f} EUR")
    assert words == [
        "1. express — Orders to DE worth 10.00 EUR or more promised within 48 h: only from "
        "national, at most 500 km away; on time, then nearest; only if it has everything. "
        "Otherwise the next rule.",
        "2. rest — Every order: from any location; least money: parcels and handling, 1.50 EUR "
        "for each split, 5.00 EUR for each day late. The rest is canceled after 3 days.",
        "Each location of “store” takes on 10 orders a day, counted until 09:30.",
    ]


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_good_document_and_explains_itself(name: str) -> None:
    made = drafted([name])
    assert read_document(to_plain(made)) == made
    assert all(len(line) > 40 for line in document_in_words(made))


def test_presets_go_one_after_another_and_each_but_the_last_has_a_next() -> None:
    made = drafted(["minimize splits", "nearest"])
    assert made.otherwise_of(0).do is Else.NEXT
    assert made.otherwise_of(1).do is Else.SHIP_PART


def test_a_preset_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(Invalid, match="Did you mean minimize-splits"):
        drafted(["minimise-splits"])


# --- which orders --------------------------------------------------------------------------------

ANNA = OrderFacts(
    channel="Shopify",
    priority="vip",
    tags=("Gift",),
    country="de",
    zip="10827",
    value=5000,
    promise_hours=40,
)


@pytest.mark.parametrize(
    ("when", "misses"),
    [
        ({}, None),
        ({"channels": ["shopify"], "tags": ["gift", "b2b"], "zip_prefixes": ["10", "2"]}, None),
        ({"channels": ["amazon"]}, "channel"),
        ({"priorities": ["normal"]}, "priority"),
        ({"tags": ["b2b"]}, "tags"),
        ({"not_tags": ["gift"]}, "tags"),
        ({"categories": ["shoes"]}, "category"),
        ({"skus": ["mug"]}, "items"),
        ({"methods": ["express"]}, "method"),
        ({"countries": ["FR"]}, "country"),
        ({"regions": ["BE"]}, "region"),
        ({"zip_prefixes": ["2"]}, "postal code"),
        ({"value_from": 5000, "value_below": 5001}, None),
        ({"value_from": 5001}, "value"),
        ({"value_below": 5000}, "value"),
        ({"promise_within_hours": 40}, None),
        ({"promise_within_hours": 39}, "promise"),
    ],
)
def test_a_rule_says_which_orders_it_is_for(when: dict[str, Any], misses: str | None) -> None:
    assert misfit(document(when=when).rules[0].when, ANNA) == misses


def test_an_order_without_a_promise_is_in_no_hurry() -> None:
    express = document(when={"promise_within_hours": 48}).rules[0].when
    assert misfit(express, OrderFacts()) == "promise"


def test_priority_is_its_own_or_what_a_tag_says() -> None:
    assert priority_of(0, ("VIP",)) == 30
    assert priority_of(25, ("gift",)) == 25
    assert [priority_named(n) for n in (31, 30, 20, 11, 9)] == [
        "vip", "vip", "b2b", "gift", "normal",
    ]  # fmt: skip


# --- the linter ----------------------------------------------------------------------------------

PLACES = [Location(1, "BER", "Berlin", groups=("National",)), Location(2, "HAM", "H", kind="store")]


def oddities(*rules: dict[str, Any], **more: Any) -> list[str]:
    return lint(read_document({"name": "x", "rules": list(rules), **more}), PLACES)


def test_a_good_document_has_nothing_odd() -> None:
    assert oddities({"name": "a", "only": {"groups": ["national", "store", "ber"]}}) == []


def test_a_rule_behind_one_that_keeps_everything_is_never_reached() -> None:
    odd = oddities(
        {"name": "all", "otherwise": "queue"}, {"name": "rest", "when": {"tags": ["vip"]}}
    )
    assert odd == ["Rule “rest” is never reached: “all” keeps all of its orders."]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"only": {"groups": ["north"]}}, "no location is in the group “north”"),
        ({"only": {"groups": ["ber"], "not_groups": ["ber"]}}, "both wanted and left out"),
        ({"when": {"value_from": 10, "value_below": 10}}, "no order is worth 10 or more"),
        ({"when": {"tags": ["a"], "not_tags": ["a"]}}, "the same tag is wanted and left out"),
        ({"when": {"priorities": ["king"]}}, "there is no priority “king”"),
        ({"only": {"complete": True}, "otherwise": "ship_part"}, "clash"),
        ({"otherwise": {"do": "backorder", "at": "rom"}}, "there is no location “rom”"),
        ({"only": {"handling": ["cold"]}}, "no location can do “cold”"),
    ],
)
def test_what_is_probably_not_meant_is_said(changes: dict[str, Any], told: str) -> None:
    assert any(told in line for line in oddities({"name": "one", **changes}))


def test_capacity_of_nobody_is_odd() -> None:
    odd = oddities({"name": "a"}, capacity=[{"of": "moon", "orders": 1}])
    assert odd == ["Capacity of “moon”: no location is in that group."]


_SCOPES = st.fixed_dictionaries(
    {},
    optional={
        "tags": st.lists(st.sampled_from(["vip", "gift"]), min_size=1, max_size=2),
        "not_tags": st.lists(st.sampled_from(["b2b"]), min_size=1, max_size=1),
        "countries": st.lists(st.sampled_from(["DE", "AT"]), min_size=1, max_size=2),
        "zip_prefixes": st.lists(st.sampled_from(["1", "10", "2"]), min_size=1, max_size=2),
        "value_from": st.integers(0, 3),
        "value_below": st.integers(1, 4),
        "promise_within_hours": st.integers(1, 3),
    },
)
_ORDERS = st.builds(
    OrderFacts,
    tags=st.lists(st.sampled_from(["vip", "gift", "b2b"]), max_size=2).map(tuple),
    country=st.sampled_from(["DE", "AT", "FR"]),
    zip=st.sampled_from(["10827", "1010", "2000", ""]),
    value=st.integers(0, 4),
    promise_hours=st.none() | st.integers(0, 4),
)


@given(_SCOPES, _SCOPES, _ORDERS)
def test_a_scope_that_covers_another_fits_whatever_fits_that_one(
    wide: dict[str, Any], narrow: dict[str, Any], order: OrderFacts
) -> None:
    first, second = (document(when=each).rules[0].when for each in (wide, narrow))
    if covers(first, second) and misfit(second, order) is None:
        assert misfit(first, order) is None
