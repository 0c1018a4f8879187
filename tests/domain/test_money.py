"""Money keeps every minor unit, and refuses what it cannot keep exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.money import (
    EXPONENTS,
    Money,
    allocate,
    amount_text,
    decimal_text,
    exponent,
    parse_minor,
    read_typed,
)
from core.domain.refusals import Invalid

currencies = st.sampled_from(sorted(EXPONENTS))
amounts = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.30", "EUR", 1230),
        ("12.3", "EUR", 1230),
        ("12", "EUR", 1200),
        ("-0.05", "USD", -5),
        (" +7.5 ", "GBP", 750),
        ("1230", "JPY", 1230),
        ("1230.00", "JPY", 1230),
        ("1.234", "KWD", 1234),
        ("0.0001", "CLF", 1),
        ("12.3000", "EUR", 1230),
    ],
)
def test_a_decimal_is_read_exactly(text: str, currency: str, minor: int) -> None:
    assert parse_minor(text, currency) == minor


@pytest.mark.parametrize(
    "text", ["", "12,30", "1e3", "12.305", "NaN", ".5", "5.", "1 000", "--1", "\u0661", "12.30€"]
)
def test_what_is_not_an_exact_amount_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_minor(text, "EUR")
    assert refused.value.code == "bad_amount"
    assert "12.30" in refused.value.next


@pytest.mark.parametrize("text", ["100000000000.01", "-100000000000.01", "9" * 30])
def test_nobody_types_more_than_any_order_costs(text: str) -> None:
    with pytest.raises(Invalid, match="No order costs that much"):
        read_typed(text, "EUR")
    assert read_typed("100000000000", "EUR") == 10**13


def test_half_a_yen_does_not_exist() -> None:
    with pytest.raises(Invalid):
        parse_minor("1.5", "JPY")


@pytest.mark.parametrize("currency", ["", "eur", "XXX", "EURO", "BTC"])
def test_an_unknown_currency_is_refused(currency: str) -> None:
    with pytest.raises(Invalid) as refused:
        Money(1, currency)
    assert refused.value.code == "unknown_currency"


def test_the_common_exponents_stand() -> None:
    assert [exponent(code) for code in ("EUR", "JPY", "KWD", "CLF", "HUF")] == [2, 0, 3, 4, 2]


@given(amounts, currencies)
def test_what_is_printed_is_read_back(amount: int, currency: str) -> None:
    assert parse_minor(decimal_text(amount, currency), currency) == amount


def test_cents_below_one_are_printed_with_their_zero() -> None:
    assert str(Money(-5, "EUR")) == "-€0.05"
    assert decimal_text(5, "KWD") == "0.005"


def test_sentences_write_money_as_people_do() -> None:
    assert amount_text(1690, "EUR") == "€16.90"
    assert amount_text(-123450, "GBP") == "-£1,234.50"
    assert amount_text(1230, "JPY") == "¥1,230"
    assert amount_text(1230, "CHF") == "CHF\N{NO-BREAK SPACE}12.30"


def test_money_of_one_currency_adds_subtracts_and_compares() -> None:
    ten, three = Money(10, "EUR"), Money.parse("0.03", "EUR")
    assert ten + three == Money(13, "EUR")
    assert ten - three == Money(7, "EUR")
    assert -three * 2 == Money(-6, "EUR")
    assert three < ten
    assert three <= Money(3, "EUR")


def test_two_currencies_are_never_counted_together() -> None:
    euro, dollar = Money(1, "EUR"), Money(1, "USD")
    for mix in (euro.__add__, euro.__sub__, euro.__lt__, euro.__le__):
        with pytest.raises(Invalid) as refused:
            mix(dollar)
        assert refused.value.code == "mixed_currencies"
    assert euro != dollar


@given(amounts, st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_a_division_adds_up_and_stays_within_one_unit(total: int, weights: list[int]) -> None:
    shares = allocate(total, weights)
    whole, fair = (sum(weights), weights) if any(weights) else (len(weights), [1] * len(weights))
    assert sum(shares) == total
    assert all(
        abs(share * whole - total * weight) < whole
        for share, weight in zip(shares, fair, strict=True)
    )


def test_among_equal_remainders_the_earlier_gets_the_cent() -> None:
    assert allocate(100, [1, 1, 1]) == (34, 33, 33)
    assert allocate(-100, [1, 1, 1]) == (-34, -33, -33)
    assert allocate(2, [0, 0, 0]) == (1, 1, 0)
    assert allocate(1, [1, 2]) == (0, 1)


@pytest.mark.parametrize("weights", [[], [1, -1]])
def test_a_division_needs_weights(weights: list[int]) -> None:
    with pytest.raises(Invalid):
        allocate(1, weights)
