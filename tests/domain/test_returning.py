"""What may come back and on which terms: rules read strictly, verdicts, and where goods go."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.refusals import Invalid, NotPossible
from core.domain.returning.dispositions import PLACED, Disposition, arrival, moving
from core.domain.returning.explain import document_in_words, lint
from core.domain.returning.money import Paid, fee_due, shipping_due
from core.domain.returning.presets import PRESETS, drafted
from core.domain.returning.rules import (
    LineFacts,
    Payer,
    ShippingBack,
    Terms,
    plain_terms,
    read_document,
    read_terms,
    terms_for,
    to_plain,
)
from core.domain.returning.verdict import Verdict, assess, overall
from core.domain.returning.words import why_text
from core.domain.returns import Rma, RmaLine, RmaStatus, Wish
from core.domain.stock import StockMove, deltas

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
RULES = read_document(
    {
        "name": "House rules",
        "rules": [
            {"name": "Posters", "when": {"categories": ["Posters"]}, "then": {"final_sale": True}},
            {
                "name": "VIPs",
                "when": {"tiers": ["vip"]},
                "then": {"window_days": 60, "fee": 0},
            },
            {
                "name": "Abroad",
                "when": {"countries": ["at", "CH"]},
                "then": {"fee": 990, "label": "customer", "label_cost": 500},
            },
            {
                "name": "Everybody",
                "then": {
                    "window_days": 14,
                    "keep_below": 1000,
                    "resolutions": ["refund", "credit"],
                    "bonus_percent": 10,
                },
            },
        ],
    }
)


def terms(**line) -> Terms:
    return terms_for(RULES.rules, LineFacts(**line), Terms())


def judged(days: int = 1, value: int = 5000, **line):
    facts = LineFacts(value=value, **line)
    found = terms_for(RULES.rules, facts, Terms())
    return assess(facts, found, value, NOW - timedelta(days=days), NOW)


# --- terms ---------------------------------------------------------------------------------------


def test_each_term_is_said_by_the_first_rule_that_names_it():
    found = terms(tier="vip", country="AT")
    assert (found.window_days, found.fee, found.label) == (60, 0, Payer.CUSTOMER)
    assert found.rules == ("VIPs", "Abroad", "Everybody")
    assert found.bonus_percent == 10


def test_what_no_rule_names_is_the_shops_policy():
    assert terms().staff_above == Terms().staff_above


@pytest.mark.parametrize("reason", ["defective", "not_as_described", "wrong_item"])
def test_what_is_our_fault_costs_the_customer_nothing(reason):
    found = terms(country="CH", reason=reason)
    assert (found.fee, found.label, found.fixed_fee) == (0, Payer.SHOP, 0)
    assert terms(country="CH", reason="unwanted").fixed_fee == 990 + 500


def test_shipping_for_a_fault_is_not_given_for_a_whim():
    given_back = read_document(
        {"name": "x", "rules": [{"name": "y", "then": {"shipping": "fault"}}]}
    ).rules
    found = [
        terms_for(given_back, LineFacts(reason=reason), Terms()).shipping
        for reason in ("defective", "unwanted")
    ]
    assert found == [ShippingBack.FAULT, ShippingBack.NONE]


def test_kept_terms_are_read_as_they_were_promised():
    found = terms(tier="vip", country="AT")
    assert read_terms(plain_terms(found)) == found
    assert read_terms({}) == Terms()


# --- the document --------------------------------------------------------------------------------


def test_a_document_survives_being_written_and_read():
    assert read_document(to_plain(RULES)) == RULES


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"name": "x"}, "rules[0].then: say what holds"),
        ({"then": {"fee": 1}}, "rules[0].name: give the rule a name"),
        ({"name": "x", "then": {"windw_days": 3}}, "did you mean window_days?"),
        ({"name": "x", "then": {"fee": -1}}, "rules[0].then.fee: write a whole number"),
        ({"name": "x", "then": {"fee_percent": 101}}, "from 0 to 100"),
        ({"name": "x", "then": {"label": "nobody"}}, "write shop or customer"),
        ({"name": "x", "then": {"resolutions": []}}, "write a list of refund"),
        ({"name": "x", "when": {"reasons": ["bored"]}, "then": {"fee": 1}}, "“bored” is not known"),
        ({"name": "x", "when": {"tiers": ["king"]}, "then": {"fee": 1}}, "write vip or b2b"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(rule, said):
    with pytest.raises(Invalid) as refused:
        read_document({"name": "Wrong", "rules": [rule]})
    assert said in str(refused.value)


def test_rules_are_said_in_one_line_each():
    told = document_in_words(RULES, lambda minor: f"{minor / 100:.2f} EUR")
    assert told[0] == "1. Posters — Goods in posters: final sale, nothing comes back."
    assert told[2] == (
        "3. Abroad — Goods from AT, CH: a fee of 9.90 EUR; the customer pays for the way back; "
        "a label costs 5.00 EUR."
    )
    assert "below 10.00 EUR refunded without goods" in told[3]


def test_lint_finds_what_is_probably_not_meant():
    odd = read_document(
        {
            "name": "Odd",
            "rules": [
                {"name": "All", "then": {"fee": 100, "label": "shop", "label_cost": 5}},
                {"name": "Late", "when": {"tags": ["x"]}, "then": {"fee": 200}},
                {"name": "Gone", "when": {"categories": ["hats"]}, "then": {"fee_percent": 80}},
                {"name": "Never", "then": {"final_sale": True, "window_days": 3}},
            ],
        }
    )
    found = lint(odd, frozenset({"mugs"}))
    assert [line.split("”")[0].split("“")[1] for line in found] == [
        "Late",
        "All",
        "Gone",
        "Never",
        "Gone",
    ]
    assert lint(RULES) == []


@pytest.mark.parametrize("name", PRESETS)
def test_every_ready_rule_can_be_drafted_and_is_not_odd(name):
    assert lint(drafted([name])) == []


# --- verdicts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "verdict", "why"),
    [
        ({}, "approve", "It is within the return policy."),
        ({"days": 14}, "approve", "It is within the return policy."),
        ({"days": 15}, "reject", "The return window of 14 days after delivery has passed."),
        ({"days": 15, "tier": "vip"}, "approve", "It is within the return policy."),
        (
            {"category": "Posters"},
            "reject",
            "This item was a final sale and cannot be returned.",
        ),
        ({"value": 10_001}, "review", "A colleague looks at returns of this value."),
        ({"wish": Wish.EXCHANGE}, "review", "A colleague looks at what you have asked for."),
        (
            {"value": 999},
            "approve",
            "You can keep the goods; there is no need to send them back.",
        ),
    ],
)
def test_a_verdict_has_a_reason_that_can_be_read(told, verdict, why):
    found = judged(**told)
    assert (found.verdict, why_text(found.why)) == (verdict, why)


def test_a_photo_that_is_asked_for_is_missed():
    terms_ = Terms(photo=True)
    without = assess(LineFacts(), terms_, 0, None, NOW)
    assert (without.verdict, without.why[0].code) == (Verdict.REVIEW, "photo")
    assert assess(LineFacts(photos=True), terms_, 0, None, NOW).verdict is Verdict.APPROVE


def test_german_says_sie_or_du():
    found = judged(value=999)
    assert why_text(found.why, "de").startswith("Sie können die Ware behalten")
    assert why_text(found.why, "de", formal=False).startswith("Du kannst die Ware behalten")


def test_a_return_is_rejected_only_when_every_line_is():
    no, yes, doubt = judged(days=99), judged(), judged(value=99_999)
    assert overall([no, no]) is Verdict.REJECT
    assert overall([no, yes]) is Verdict.APPROVE
    assert overall([no, yes, doubt]) is Verdict.REVIEW


# --- the units of a return -----------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(st.sampled_from(("receive", "miss", "keep", "pay", "finish")), st.integers(1, 3)),
    max_size=12,
)


@given(st.integers(1, 5), STEPS)
def test_every_unit_of_a_return_is_in_one_state(quantity, steps):
    """What is refused changes nothing; nothing is ever expected twice, or less than not at all."""
    rma = Rma(1, 1, "R1-1", RmaStatus.APPROVED, (RmaLine(7, "mug", quantity),), "style", NOW)
    for name, units in steps:
        with contextlib.suppress(NotPossible):
            rma = stepped(rma, name, units)
        (line,) = rma.lines
        parts = (line.received, line.missing, line.kept, line.declined, line.expected)
        assert sum(parts) == quantity
        assert min(parts) >= 0
        assert rma.closed_at is None or not rma.waits_for_goods
    assert (rma.status is RmaStatus.CANCELED) <= (rma.lines[0].received == 0)


def stepped(rma: Rma, name: str, units: int) -> Rma:
    match name:
        case "receive":
            return rma.receive({7: (units, True, "")}, NOW)
        case "miss":
            return rma.miss({7: units})
        case "keep":
            return rma.keep({7: min(units, rma.lines[0].expected)}, NOW)
        case "pay":
            return rma.pay({7: 1})
        case _:
            return rma.finish(NOW)


# --- where goods go ------------------------------------------------------------------------------


def moved(steps) -> dict[str, int]:
    """What these steps do to a level in all."""
    found = deltas(StockMove(kind, "mug", 1, sign * 3) for kind, sign in steps)
    return {name: n for d in found for name, n in d.change._asdict().items() if n}


@pytest.mark.parametrize(
    ("to", "changes"),
    [
        (Disposition.RESTOCK, {"on_hand": 3}),
        (Disposition.QUARANTINE, {"quality": 3}),
        (Disposition.REFURBISH, {"damaged": 3}),
        (Disposition.WRITE_OFF, {}),
        (Disposition.SEND_BACK, {}),
    ],
)
def test_what_arrives_stands_in_one_place(to, changes):
    assert moved(arrival(to)) == changes


@given(st.sampled_from(PLACED), st.sampled_from(PLACED))
def test_to_arrive_and_move_on_is_to_arrive_there(before, after):
    if before is after:
        with pytest.raises(NotPossible):
            moving(before, after)
        return
    assert moved((*arrival(before), *moving(before, after))) == moved(arrival(after))
    assert moved((*moving(before, after), *moving(after, before))) == {}


# --- the money beside the goods ------------------------------------------------------------------

amounts = st.lists(st.integers(1, 10_000), min_size=1, max_size=6)


@given(amounts, st.integers(0, 100), st.integers(0, 3000))
def test_the_fee_of_a_return_does_not_depend_on_how_it_is_split(values, percent, fixed):
    """Taken receipt by receipt it never exceeds the goods, and ends at what one receipt takes."""
    rate = Terms(fee=fixed, fee_percent=percent)
    taken = 0
    for end in range(1, len(values) + 1):
        goods = sum(values[:end])
        taken += fee_due([Paid(goods, rate)], taken)
        assert 0 <= taken <= goods
    assert taken == fee_due([Paid(sum(values), rate)], 0)


@given(amounts, st.integers(0, 5000), st.sampled_from(list(ShippingBack)))
def test_shipping_goes_back_once_and_never_more_than_was_paid(values, shipping, how):
    total, given_back = sum(values), 0
    for end in range(1, len(values) + 1):
        all_back = end == len(values)
        part = shipping_due(shipping, total, sum(values[:end]), all_back, how, given_back)
        assert part >= 0
        given_back += part
    assert given_back == (0 if how is ShippingBack.NONE else shipping)
