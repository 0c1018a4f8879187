"""Every no of an edit, word for word: what is not possible, and what to do next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.edit_actions import Do, EditAction, shipping_title
from core.domain.edit_words import read_words
from core.domain.order import Order
from core.domain.refusals import Refusal
from tests.domain.test_edits import HOME, NOON, add, edit, line, order, put, two_mugs

SENT = order(line(1, "mug", 3, 1990, shipped=2))
TWICE = order(line(1, "mug", 1, 1990), line(2, "mug", 1, 1990))
WRITE = "Write `mug-red 2`, `add card 1`, `remove mug-red`, `discount 5.00 late` or `address …`."


def said(start: Order, action: EditAction) -> tuple[str, str, str]:
    with pytest.raises(Refusal) as refused:
        edit(start, action)
    return refused.value.code, refused.value.sentence, refused.value.next


NOES = [
    (
        two_mugs(),
        add("unicorn"),
        "not_found",
        "The catalog has no unicorn.",
        "Look for it: `stock` and a part of its name.",
    ),
    (
        two_mugs(),
        put("unicorn", 1),
        "not_found",
        "Order 1001 has no unicorn.",
        "It has mug, poster. To add another: `edit 1001 add <sku> 1`; to cancel the order: "
        "`cancel 1001`.",
    ),
    (
        two_mugs(),
        put("mug", -1),
        "invalid",
        "A quantity of -1 makes no sense.",
        "Write 0 to 100,000.",
    ),
    (
        two_mugs(),
        add("card", 100_001),
        "invalid",
        "A quantity of 100001 makes no sense.",
        "Write 1 to 100,000.",
    ),
    (
        SENT,
        put("mug", 1),
        "below_shipped",
        "2 × mug of order 1001 have shipped already.",
        "What has left comes back as a return: `return 1001 mug`.",
    ),
    (
        TWICE,
        put("mug", 3),
        "ambiguous",
        "Order 1001 has mug on 2 lines.",
        "Open the form and change the line that you mean: `edit 1001`.",
    ),
    (
        two_mugs(),
        EditAction(Do.DISCOUNT),
        "invalid",
        "How much is the discount?",
        "Write it like `discount 5.00 late parcel`.",
    ),
    (
        two_mugs(),
        EditAction(Do.DISCOUNT, percent=101),
        "invalid",
        "A discount is 1 to 100 percent.",
        "",
    ),
    (
        two_mugs(),
        EditAction(Do.DISCOUNT, amount=5181),
        "bad_amount",
        "A discount cannot be more than the goods cost.",
        "Choose less.",
    ),
    (
        two_mugs(),
        EditAction(Do.FULL_PRICE),
        "already",
        "There is no discount on order 1001.",
        "",
    ),
    (
        two_mugs(),
        add("card", 1, price=-1),
        "invalid",
        "An amount lies between 0 and 10,000,000,000,000 minor units.",
        "",
    ),
    (
        SENT,
        EditAction(Do.ADDRESS, text="Kiez 7, 10999 Berlin"),
        "not_possible",
        "A part of order 1001 has left to the old address.",
        "Hold the rest and ask the carrier, or split it off.",
    ),
    (
        two_mugs(),
        EditAction(Do.ADDRESS, text="Berlin"),
        "invalid",
        "I cannot read that address.",
        "Write it like `Kiez 7, 10999 Berlin`.",
    ),
    *[
        (
            two_mugs(),
            EditAction(Do.ADDRESS, address=nowhere),
            "invalid",
            "An address needs a street and a city.",
            "Write `Kiez 7, 10999 Berlin`.",
        )
        for nowhere in (replace(HOME, street=" "), replace(HOME, city=" "))
    ],
    (
        two_mugs(),
        EditAction(Do.METHOD, text="x" * 101),
        "invalid",
        "A shipping method has a name of 100 characters at most.",
        "",
    ),
    (
        two_mugs(),
        EditAction(Do.NOTE, text="x" * 2001),
        "invalid",
        "A note has 2,000 characters at most.",
        "",
    ),
    (
        two_mugs(),
        EditAction(Do.SPLIT, "mug", quantity=3),
        "not_possible",
        "Only 2 × mug of order 1001 can be split off: the rest has no stock yet, or has left.",
        "",
    ),
    (
        two_mugs(),
        EditAction(Do.MOVE),
        "invalid",
        "To which location?",
        "Write `edit 1001 move ham`.",
    ),
    (
        replace(two_mugs(), canceled_at=NOON),
        put("mug", 1),
        "not_possible",
        "Order 1001 is canceled; there is nothing to edit.",
        "`show 1001` tells when and why.",
    ),
    (
        replace(two_mugs(), handed_over=True),
        put("mug", 1),
        "not_possible",
        "Order 1001 was sold over the till.",
        "Start a return instead.",
    ),
    (
        order(line(1, "mug", 1, 1990, shipped=1)),
        put("mug", 2),
        "not_possible",
        "Order 1001 has left the house; an edit is too late.",
        "Start a return: `return 1001`, or write a note.",
    ),
]


@pytest.mark.parametrize(("start", "action", "code", "sentence", "step"), NOES)
def test_a_no_says_what_and_what_next(
    start: Order, action: EditAction, code: str, sentence: str, step: str
) -> None:
    assert said(start, action) == (code, sentence, step)


@pytest.mark.parametrize(
    ("text", "sentence", "step"),
    [
        ("", "What is to be changed?", WRITE),
        ("mug red 2", "I do not understand “mug red 2”.", WRITE),
        ("mug-red", "I do not understand “mug-red”.", WRITE),
        ("set mug-red", "How many mug-red?", "Write `mug-red 2`."),
        (
            "remove mug-red 1",
            "Say how many mug-red stay.",
            "Write `mug-red 1`, or `remove mug-red` for all.",
        ),
    ],
)
def test_words_that_make_no_sense_are_answered_with_words_that_do(
    text: str, sentence: str, step: str
) -> None:
    with pytest.raises(Refusal) as refused:
        read_words(text, "EUR")
    assert (refused.value.sentence, refused.value.next) == (sentence, step)


@pytest.mark.parametrize(
    ("start", "action"),
    [
        (two_mugs(), put("mug", 100_000)),
        (two_mugs(), add("card", 100_000)),
        (two_mugs(), EditAction(Do.NOTE, text="x" * 2000)),
        (two_mugs(), EditAction(Do.METHOD, text="x" * 100)),
        (two_mugs(), EditAction(Do.DISCOUNT, percent=100)),
        (two_mugs(), add("card", 1, price=10**13)),
    ],
)
def test_what_just_fits_is_possible(start: Order, action: EditAction) -> None:
    assert not edit(start, action).is_empty


def test_reasons_and_names_are_kept_as_they_are() -> None:
    assert shipping_title(two_mugs()) == ""
    named = edit(two_mugs(), EditAction(Do.METHOD, text=" DHL Express ")).after
    assert (shipping_title(named), named.method) == ("DHL Express", "express")
    off = edit(two_mugs(), EditAction(Do.DISCOUNT, amount=1)).adjustments
    assert [each.reason for each in off] == ["discount"]
    cheap = order(line(1, "mug", 2, 1990, discount=500))
    back = edit(cheap, EditAction(Do.FULL_PRICE)).adjustments
    assert [(each.amount, each.reason) for each in back] == [(-500, "discount taken away")]
    wrong = edit(cheap, EditAction(Do.FULL_PRICE, text=" wrong code ")).adjustments
    assert [each.reason for each in wrong] == ["wrong code"]
