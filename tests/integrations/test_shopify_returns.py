"""Shopify's returns: its words into ours, and what a decision there means here."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.commands.channel_returns import ChannelReturnLine, RecordChannelReturn
from core.db import tables as t
from core.domain.returns import ReturnReason
from core.domain.shop import Connection
from core.engine import Unreadable
from core.integrations.channels.shopify.returns import reason_of
from core.integrations.channels.shopify.translate import translate_delivery
from tests.commands.test_returns import deliver, line
from tests.shop import CHANNEL, SHOPIFY, Shop, make_shop

STORE = Connection(SHOPIFY, "shopify", "Store", {}, "")
TOLD = {
    "id": 9001,
    "admin_graphql_api_id": "gid://shopify/Return/9001",
    "order": {"id": 777, "admin_graphql_api_id": "gid://shopify/Order/777"},
    "status": "requested",
    "name": "#1001-R1",
    "decline": None,
    "total_return_line_items": 1,
    "return_line_items": [
        {
            "id": 1,
            "admin_graphql_api_id": "gid://shopify/ReturnLineItem/1",
            "fulfillment_line_item": {"id": 5, "line_item": {"id": 55}},
            "quantity": 2,
            "return_reason": "size_too_small",
            "return_reason_note": "",
            "customer_note": "tight\u0000 at the neck",
        }
    ],
}


def read(topic: str = "returns/request", **changes):
    return translate_delivery(STORE, topic, json.dumps(TOLD | changes).encode())


def test_a_request_is_read_with_its_lines_and_reasons():
    assert read() == RecordChannelReturn(
        SHOPIFY,
        "777",
        "9001",
        "requested",
        (ChannelReturnLine("55", 2, ReturnReason.SIZE_TOO_SMALL),),
        "tight at the neck",
    )
    no = read("returns/decline", status="declined", decline={"reason": "x", "note": "It was worn."})
    assert (no.state, no.why) == ("declined", "It was worn.")


@pytest.mark.parametrize("reason", list(ReturnReason))
def test_shopifys_ten_reasons_are_ours(reason):
    assert reason_of(reason.value.upper()) is reason


def test_what_is_unknown_is_no_reason_to_stop():
    assert reason_of("bored") is ReturnReason.OTHER
    assert reason_of(None) is ReturnReason.UNKNOWN
    assert type(read(status="teleported")).__name__ == "IgnoreDelivery"
    assert isinstance(translate_delivery(STORE, "returns/request", b"{}"), Unreadable)


@pytest.fixture
def shop(database):
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 3))
    deliver(shop, 1001)
    yield shop
    shop.close()


def told(shop: Shop, state: Any, units: int = 2, **more: Any) -> Any:
    lines = (ChannelReturnLine("1001-1", units, ReturnReason.STYLE),)
    return shop.do(RecordChannelReturn(SHOPIFY, "gid-1001", "r9", state, lines, **more), CHANNEL)


def test_a_return_of_the_shop_is_one_return_here_and_ends_as_it_ends_there(shop):
    assert told(shop, "requested").facts["status"] == "approved"
    assert told(shop, "requested").facts["return"] == "R1001-1"
    assert told(shop, "open").facts["status"] == "approved"
    (rma,) = shop.rows(t.rma)
    assert (rma["external_id"], rma["reason"]) == ("r9", "style")
    assert line(shop).return_requested == 2
    assert told(shop, "canceled").facts["status"] == "canceled"
    assert line(shop).return_requested == 0
    assert told(shop, "closed").ok


def test_what_our_rules_turn_down_the_shop_may_still_approve(shop):
    shop.clock.advance(days=40)
    assert told(shop, "requested").facts["status"] == "rejected"
    assert told(shop, "open").facts["status"] == "approved"
    assert line(shop).return_requested == 2


def test_more_than_there_is_is_cut_and_an_order_that_is_not_here_waits(shop):
    assert told(shop, "declined").sentence == "Nothing new about returns of order 1001."
    told(shop, "open", 99)
    assert line(shop).return_requested == 3
    unknown = RecordChannelReturn(SHOPIFY, "gid-1", "r1", "open")
    assert shop.do(unknown, CHANNEL).code == "not_yet"
