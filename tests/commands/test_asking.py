"""Asking a customer: told once, kept with the order, and what the rules hold waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from core.commands.asking import AskCustomer
from core.commands.orders import CancelOrder
from core.db import tables as t
from core.domain.access import Role
from core.domain.asking import About
from core.domain.order import Address
from core.queries.orders import ShowOrder
from tests.shop import Shop, make_shop, staff

HOME = Address("Anna Schmidt", "", "Hauptstr. 1", "", "10827", "Berlin", "", "DE")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database)
    yield shop
    shop.close()


def questions(shop: Shop) -> list[dict[str, Any]]:
    return shop.rows(t.event, kind="CustomerAsked")


def test_a_question_is_told_once_and_stands_in_the_timeline(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1), ship_to=replace(HOME, city=""))
    assert shop.do(AskCustomer("1001")).ok
    assert len(questions(shop)) == 1
    view = shop.ask(ShowOrder("1001", timeline=True))
    assert view.timeline[-1].data == {"about": "address", "text": ""}
    assert view.next.party == "customer"


def test_an_own_question_needs_words(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    assert shop.do(AskCustomer("1001", About.ORDER)).code == "invalid"
    assert shop.do(AskCustomer("1001", About.ORDER, "x" * 501)).code == "invalid"
    assert questions(shop) == []
    assert shop.do(AskCustomer("1001", About.ORDER, "Is it a gift?")).ok
    assert len(questions(shop)) == 1


def test_nobody_is_asked_about_what_is_over(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    shop.do(CancelOrder("1001", "changed mind"))
    assert shop.do(AskCustomer("1001", About.TWICE)).code == "not_possible"
    assert questions(shop) == []


def test_who_left_no_address_cannot_be_asked(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1), email="", customer_name="Bo")
    assert shop.do(AskCustomer("1001", About.CONTACT)).code == "not_possible"


def test_asking_needs_the_right_to_talk(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    assert shop.do(AskCustomer("1001"), staff(Role.WAREHOUSE, "Ward")).code == "not_allowed"
