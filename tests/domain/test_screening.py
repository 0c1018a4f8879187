"""Each rule of the screening says yes and no; what follows is the sum of what was seen."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.concerns import AddressForm, Facts, concerns, line_key
from core.domain.holds import HoldReason
from core.domain.order import Address, Line, Order
from core.domain.refusals import Invalid
from core.domain.screening import RULES, SWITCHES, Concern, Settings, Then, judge, news

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
GERMANY = AddressForm("DE", ("street", "zip", "city"), (re.compile(r"\d{5}"),), "26133")
HOME = Address("Anna Schmidt", "", "Hauptstr. 1", "", "10827", "Berlin", "", "DE")
QUIET = Facts(form=GERMANY, currency="EUR")


def order(**more: Any) -> Order:
    told: dict[str, Any] = {
        "id": 1,
        "shop_id": 1,
        "number": "1001",
        "channel": "api",
        "connection_id": None,
        "external_id": None,
        "customer_id": 7,
        "email": "anna@example.org",
        "phone": "",
        "customer_name": "Anna Schmidt",
        "language": "de",
        "currency": "EUR",
        "subtotal": 1990,
        "discount": 0,
        "shipping": 0,
        "tax": 0,
        "total": 1990,
        "captured": 1990,
        "refunded": 0,
        "ship_to": HOME,
        "bill_to": HOME,
        "lines": (Line(1, 1, None, "mug-red", "Mug", 1, total=1990),),
        "placed_at": AT,
        "captured_at": AT,
    } | more
    return Order(**told)


def to(**parts: Any) -> dict[str, Address]:
    return {"ship_to": replace(HOME, **parts)}


def everything(**limits: int) -> Settings:
    """Every rule on, with its points."""
    settings = Settings(countries=frozenset({"DE", "AT"})).change("fraud", "yes")
    for key in RULES:
        settings = settings.change(key, "warn" if RULES[key].then is Then.OFF else "points 10")
    for key, limit in limits.items():
        settings = settings.change(key, str(limit))
    return settings


def seen(about: Order, facts: Facts = QUIET, **limits: int) -> set[str]:
    return {one.rule for one in concerns(about, facts, everything(**limits))}


def test_a_plain_order_is_of_no_concern() -> None:
    assert concerns(order(), QUIET, everything()) == ()


@pytest.mark.parametrize(
    ("rule", "more"),
    [
        ("contact", {"email": ""}),
        ("recipient", {"customer_name": "", **to(name="")}),
        ("address", to(street=" ")),
        ("address", to(country="")),
        ("postal_code", to(zip="1082")),
        ("po_box", to(street="Postfach 12 34")),
        ("po_box", to(street2="P.O. Box 7")),
        ("packing_station", to(street="Packstation 145")),
        ("country", {**to(country="FR"), "bill_to": Address()}),
        ("zero_total", {"total": 0}),
        ("currency", {"currency": "CHF"}),
        ("high_value", {"total": 50_000}),
        ("countries_differ", {"bill_to": replace(HOME, country="US")}),
        ("name_and_email", {"email": "xk29@example.org"}),
    ],
)
def test_what_stands_in_the_order_is_seen_alone(rule: str, more: dict[str, Any]) -> None:
    assert seen(order(**more)) == {rule}


@pytest.mark.parametrize(
    "more",
    [
        {"email": "", "phone": "+49301234"},
        {"customer_name": "", **to(name="", company="Schmidt GmbH")},
        to(zip="D-10827"),
        to(zip=" 10827 "),
        to(street="Poststraße 5"),
        to(street="Postfachweg 5"),
        {"total": 49_999},
        {"bill_to": Address()},
        {"email": "schmidt.a@example.org"},
        {"customer_name": "Jörg Müller", "email": "mueller@example.org", **to(name="")},
        {"customer_name": "李雷", "email": "xk29@example.org", **to(name="李雷")},
        {"method": "pickup", "ship_to": Address()},
    ],
)
def test_what_is_fine_is_left_alone(more: dict[str, Any]) -> None:
    assert seen(order(**more)) == set()


def test_goods_that_do_not_travel_need_no_address() -> None:
    card = Line(1, 1, None, "gift-card", "Gift card", 1, total=1990, ships=False)
    assert seen(order(lines=(card,), ship_to=Address())) == set()


def test_the_past_is_counted() -> None:
    assert seen(order(), replace(QUIET, twins=("1000",))) == {"duplicate"}
    assert seen(order(), replace(QUIET, recent={"many_by_email": 4})) == {"many_by_email"}
    assert seen(order(), replace(QUIET, recent={"many_by_email": 3})) == set()
    new = replace(QUIET, is_new_customer=True)
    assert seen(order(total=30_000), new) == {"high_first_order"}
    assert seen(order(total=30_000)) == set()
    assert seen(order(method="express"), new) == {"first_and_express"}
    assert seen(order(method="express")) == set()


def test_cost_and_stock_are_compared() -> None:
    dear, right = replace(QUIET, costs={"mug-red": 1991}), replace(QUIET, costs={"mug-red": 1990})
    assert seen(order(), dear) == {"margin"}
    assert seen(order(), right) == set()
    assert seen(order(), right, margin=10) == {"margin"}
    assert seen(order(), replace(QUIET, left={"mug-red": 0})) == {"last_units"}
    assert seen(order(), replace(QUIET, left={"mug-red": 1})) == set()
    assert seen(order(), replace(QUIET, left={"mug-red": 1}), last_units=1) == {"last_units"}


def test_the_sentence_quotes_the_customer_and_gives_an_example() -> None:
    (one,) = concerns(order(**to(zip="1082")), QUIET, Settings())
    assert one.sentence == "“1082” is no postal code of DE (such as 26133)."


def test_fraud_is_off_until_a_shop_switches_it_on() -> None:
    odd = order(bill_to=replace(HOME, country="US"), email="xk29@example.org")
    assert concerns(odd, QUIET, Settings()) == ()
    on = Settings().change("fraud", "on")
    assert [one.points for one in concerns(odd, QUIET, on)] == [20, 10]


def test_without_a_list_every_country_is_served() -> None:
    assert concerns(order(**to(country="FR", zip="75001")), Facts(), Settings()) == ()


# --- what follows --------------------------------------------------------------------------------


def concern(points: int, then: Then = Then.COUNT, rule: str = "contact", n: int = 0) -> Concern:
    return Concern(rule, f"Something {n}.", points, then, str(n))


def test_points_add_up_to_a_look_and_to_a_hold() -> None:
    settings = Settings(review_at=30, hold_at=60)
    assert judge([concern(29)], settings).needs_person is False
    assert judge([concern(15), concern(15)], settings).needs_person is True
    assert judge([concern(15), concern(44)], settings).holds == {}
    assert list(judge([concern(20), concern(40)], settings).holds) == [HoldReason.FRAUD]


def test_a_rule_that_holds_does_so_for_its_own_kind() -> None:
    found = [concern(0, Then.HOLD, "address"), concern(0, Then.HOLD, "margin", 1)]
    assert judge(found, Settings()).holds == {
        HoldReason.ADDRESS: ("Something 0.",),
        HoldReason.STOCK: ("Something 1.",),
    }


concern_lists = st.lists(
    st.builds(
        concern,
        st.integers(0, 80),
        st.sampled_from([Then.COUNT, Then.WARN, Then.HOLD]),
        st.sampled_from(sorted(RULES)),
        st.integers(0, 3),
    ),
    max_size=6,
)


@given(concern_lists, st.integers(1, 100), st.integers(1, 100))
def test_one_more_concern_never_makes_an_order_less_suspicious(
    found: list[Concern], review_at: int, hold_at: int
) -> None:
    settings = Settings(review_at=review_at, hold_at=hold_at)
    for size in range(len(found)):
        less, more = judge(found[:size], settings), judge(found[: size + 1], settings)
        assert more.points >= less.points
        assert set(more.holds) >= set(less.holds)
        assert more.needs_person >= less.needs_person
    verdict = judge(found, settings)
    assert judge(reversed(found), settings).points == verdict.points
    assert not verdict.holds or verdict.needs_person
    assert judge((), settings).needs_person is False


@given(concern_lists, concern_lists)
def test_what_was_told_is_not_told_again(found: list[Concern], before: list[Concern]) -> None:
    told = [one.key for one in before]
    fresh = news(found, told)
    assert not {one.key for one in fresh} & set(told)
    assert news(fresh, told) == fresh
    assert news(found, [*told, *(one.key for one in fresh)]) == ()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 5)), max_size=6))
def test_lines_are_the_same_in_any_order_and_any_split(lines: list[tuple[str, int]]) -> None:
    apart = [(sku, 1) for sku, quantity in lines for _ in range(quantity)]
    assert line_key(lines) == line_key(reversed(lines)) == line_key(apart)


# --- deciding ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "words", "typed"),
    [
        ("fraud", "on", "yes"),
        ("countries", "de, at", "AT DE"),
        ("countries", "all", "all"),
        ("hold_at", "80", "80"),
        ("duplicate", "hold 60", "hold 60 points 10"),
        ("duplicate", "45", "warn 45 points 10"),
        ("duplicate", "off", "off 30 points 10"),
        ("po_box", "warn", "warn points 0"),
        ("po_box", "points 15", "count points 15"),
        ("postal_code", "points 15", "warn points 15"),
        ("postal_code", "count", "count points 0"),
    ],
)
def test_rules_are_set_by_a_few_words(key: str, words: str, typed: str) -> None:
    changed = Settings().change(key, words)
    assert changed.as_typed(key) == typed
    assert Settings.read(changed.stored()) == changed


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("fraud", "maybe"),
        ("countries", "Germany"),
        ("countries", ""),
        ("hold_at", "0"),
        ("hold_at", "1001"),
        ("hold_at", "-5"),
        ("duplicate", "sometimes"),
        ("duplicate", ""),
        ("duplicate", "points 5000"),
        ("duplicate", "9999999999999"),
        ("po_box", "30"),
        ("po_box", "points"),
        ("weather", "warn"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_write(key: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        Settings().change(key, words)
    assert refused.value.next


@given(st.sampled_from([*RULES, *SWITCHES]), st.sampled_from(["warn", "off", "yes", "DE", "7"]))
def test_what_is_shown_can_be_typed_back(key: str, words: str) -> None:
    try:
        settings = Settings().change(key, words)
    except Invalid:
        return
    assert Settings().change(key, settings.as_typed(key)).as_typed(key) == settings.as_typed(key)


@given(st.text(max_size=30))
def test_no_words_break_the_reading(words: str) -> None:
    for key in ("duplicate", "fraud", "countries", "hold_at"):
        try:
            changed = Settings().change(key, words)
        except Invalid:
            continue
        assert Settings.read(changed.stored()) == changed
