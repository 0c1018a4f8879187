"""Edits as people type them."""

from __future__ import annotations

import pytest

from core.domain.edit_actions import Do, EditAction
from core.domain.edit_words import read_words
from core.domain.refusals import Invalid


def one(text: str) -> EditAction:
    (found,) = read_words(text, "EUR")
    return found


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("mug-red 2", EditAction(Do.SET, "mug-red", quantity=2)),
        ("2 mug-red", EditAction(Do.SET, "mug-red", quantity=2)),
        ("mug-red x2", EditAction(Do.SET, "mug-red", quantity=2)),
        ("set mug-red to 0", EditAction(Do.SET, "mug-red", quantity=0)),
        ("add card", EditAction(Do.ADD, "card", quantity=1)),
        ("add 3x card", EditAction(Do.ADD, "card", quantity=3)),
        ("Add card 3 at 2,50", EditAction(Do.ADD, "card", quantity=3, price=250)),
        ("remove mug-red", EditAction(Do.REMOVE, "mug-red")),
        ("discount 5.00 late parcel", EditAction(Do.DISCOUNT, amount=500, text="late parcel")),
        ("discount 5", EditAction(Do.DISCOUNT, amount=500)),
        ("discount 10%", EditAction(Do.DISCOUNT, percent=10)),
        ("discount 10 % sorry", EditAction(Do.DISCOUNT, percent=10, text="sorry")),
        ("discount mug-red 1,50 chip", EditAction(Do.DISCOUNT, "mug-red", amount=150, text="chip")),
        ("discount mug-red 5%", EditAction(Do.DISCOUNT, "mug-red", percent=5)),
        ("discount off", EditAction(Do.FULL_PRICE)),
        ("discount mug-red off", EditAction(Do.FULL_PRICE, "mug-red")),
        ("discount off wrong code", EditAction(Do.FULL_PRICE, text="wrong code")),
        ("address Kiez 7, 10999 Berlin", EditAction(Do.ADDRESS, text="Kiez 7, 10999 Berlin")),
        ("method 9.90 Express", EditAction(Do.METHOD, price=990, text="Express")),
        ("method 9,90 Express", EditAction(Do.METHOD, price=990, text="Express")),
        ("shipping DHL Express", EditAction(Do.METHOD, text="DHL Express")),
        ("note ring twice", EditAction(Do.NOTE, text="ring twice")),
        ("split mug-red 1", EditAction(Do.SPLIT, "mug-red", quantity=1)),
        ("split mug-red", EditAction(Do.SPLIT, "mug-red")),
        ("move to ham", EditAction(Do.MOVE, to="ham")),
    ],
)
def test_what_was_meant(text: str, meant: EditAction) -> None:
    assert one(text) == meant


def test_several_at_once() -> None:
    found = read_words(" mug-red 2; add card ;", "EUR")
    assert [action.do for action in found] == [Do.SET, Do.ADD]


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "mug-red",
        "mug red 2",
        "add",
        "remove",
        "remove mug-red 1",
        "set mug-red",
        "discount lots",
        "discount 5.001",
        "2 3 mug-red",
        "address",
        "add mug-red 1234567",
    ],
)
def test_what_makes_no_sense_says_how_to_write_it(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_words(text, "EUR")
    assert refused.value.next


def test_amounts_have_the_currencys_digits() -> None:
    assert read_words("discount 500", "JPY") == (EditAction(Do.DISCOUNT, amount=500),)
