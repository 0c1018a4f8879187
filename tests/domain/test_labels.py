"""Labels that are bought: the cheapest fitting rate, what a parcel weighs, who makes the label."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.labels import Rate, best_rate, grams_of, offers_label
from core.domain.returning.rules import Payer, Terms

RATES = (
    Rate("r1", "UPS", "Ground", 690, "EUR"),
    Rate("r2", "DHLPaket", "Return", 449, "EUR"),
    Rate("r3", "GLS", "Return", 449, "EUR"),
    Rate("r4", "USPS", "First", 100, "USD"),
)


@pytest.mark.parametrize(
    ("currency", "wanted", "found"),
    [
        ("EUR", (), "r2"),
        ("EUR", ("ups",), "r1"),
        ("EUR", (" gls ", "UPS"), "r3"),
        ("EUR", ("", " "), "r2"),
        ("USD", (), "r4"),
        ("EUR", ("usps",), None),
        ("SEK", (), None),
    ],
)
def test_the_cheapest_rate_in_the_shops_currency_of_the_carriers_it_wants(currency, wanted, found):
    best = best_rate(RATES, currency, wanted)
    assert (best.id if best else None) == found


@given(st.permutations(RATES))
def test_the_order_of_offers_does_not_matter(rates):
    assert best_rate(rates, "EUR") == RATES[1]


def test_a_parcel_weighs_its_goods_and_its_box():
    assert grams_of({"mug": 2, "tee": 1}, {"mug": 300, "tee": 0}) == 600 + 500 + 100


@pytest.mark.parametrize(
    ("terms", "offered"),
    [
        (Terms(), True),
        (Terms(label=Payer.CUSTOMER), False),
        (Terms(label=Payer.CUSTOMER, label_cost=490), True),
    ],
)
def test_who_makes_the_label(terms, offered):
    assert offers_label([terms]) is offered
