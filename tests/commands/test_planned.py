"""Plans made before their order queues: taken while their question is the same, else made anew."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest

from core.commands.capture import _drawn
from core.commands.carts import CartLine, ReserveCart
from core.commands.facts import facts_after
from core.commands.placing import snapshot
from core.commands.planned import demands_of, question_of
from core.commands.planning import facts_for
from core.db import tables as t
from core.db.connection import Database
from core.db.reading import Reader
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Role
from core.domain.order import Address, Order
from core.domain.stock import Move, StockMove
from core.domain.values import replace
from core.engine import Engine
from tests import lending
from tests.commands.test_routing import places, put, trace
from tests.shop import BER, CHANNEL, HAM, SHOP, SKUS, Shop, make_shop, staff

MANY = 34
OWNER = staff(Role.OWNER, "Olga")
BERLIN = Address(street="Hauptstr. 1", zip="10827", city="Berlin", country="DE", lat=52.5, lon=13.4)


class Slow(Engine):
    """Between thinking ahead and the writer something may happen."""

    meanwhile: Callable[[], Any] | None = None

    def _prepare(self, command: Any, caller: Any) -> Any:
        prepared = super()._prepare(command, caller)
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            happens()
        return prepared


class Hasty(Slow):
    """Everything is left to the writer."""

    def thinks_ahead(self, command: Any, caller: Any) -> bool:
        return False


def many(url: str, kind: type[Engine] = Slow) -> Shop:
    """BER and HAM have ten of everything; 34 dearer places have two of the mug, one of the tee."""
    made = make_shop(url)
    made.engine.chore(_open_many, SHOP)
    made.engine.close()
    made.clock.advance(seconds=1)  # two makers of ids never share a moment
    return Shop(kind(Database(url), made.clock), made.clock)


def _open_many(uow: UnitOfWork) -> None:
    for n in range(MANY):
        row = {"id": 100 + n, "shop_id": SHOP, "code": f"P{n}", "name": f"Place {n}"}
        costs = {"rank": 10 + n, "parcel_cost": 700 + n, "unit_cost": 50}
        where = {"kind": "store", "city": "Berlin", "country": "DE", "lat": 48 + n / 5, "lon": 10}
        uow.insert(t.location, row | costs | where)
    uow.write_rows()
    shelves = [("mug-red", 2), ("tee-black-m", 1)]
    uow.stock.move(
        StockMove(Move.RECEIVE, sku, 100 + n, units, reason="opening stock")
        for n in range(MANY)
        for sku, units in shelves
    )


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = many(database)
    yield made
    made.close()


def meanwhile(shop: Shop, happens: Callable[[], Any]) -> None:
    assert isinstance(shop.engine, Slow)
    shop.engine.meanwhile = happens


# --- between thinking and writing ----------------------------------------------------------------


def test_a_plan_made_ahead_is_taken_and_what_was_taken_meanwhile_is_not(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 8))
    assert places(shop, 1001) == [BER]
    assert (trace(shop, 1001)["proven"], trace(shop, 1001)["brief"]) == (True, False)

    meanwhile(shop, lambda: shop.place(1003, ("mug-red", 2)))
    assert shop.place(1002, ("mug-red", 2)).ok  # planned from BER, where the last two are gone now
    assert (places(shop, 1003), places(shop, 1002)) == ([BER], [HAM])
    assert trace(shop, 1002)["brief"] is True
    (level,) = shop.rows(t.stock_level, sku="mug-red", location_id=BER)
    assert (level["on_hand"], level["reserved"]) == (10, 10)

    all_of_it = 8 + 2 * MANY
    meanwhile(shop, lambda: shop.place(1005, ("mug-red", all_of_it)))
    assert shop.place(1004, ("mug-red", 3)).ok
    (order,) = shop.rows(t.orders, number="1004")
    (line,) = shop.rows(t.order_line, order_id=order["id"])
    assert (places(shop, 1004), line["backordered"]) == ([], 3)


def test_rules_that_are_activated_meanwhile_count(shop: Shop) -> None:
    meanwhile(shop, lambda: put(shop, {"name": "east", "only": {"groups": ["ham"]}}))
    assert shop.place(1001, ("mug-red", 1)).ok
    assert (places(shop, 1001), trace(shop, 1001)["rule"]) == ([HAM], "east")
    meanwhile(shop, lambda: shop.place(1003, ("mug-red", 9)))
    assert shop.place(1002, ("mug-red", 2), ("tee-black-m", 1)).ok
    told = trace(shop, 1002)  # nobody else is in the east
    assert (told["picks"], told["short"]) == (
        [{"location": "HAM", "sku": "tee-black-m", "quantity": 1}],
        {"mug-red": 2},
    )


def test_room_that_is_taken_meanwhile_is_left_to_others(shop: Shop) -> None:
    put(shop, {"name": "any"}, capacity=[{"of": "ber", "orders": 1}, {"of": "ham", "units": 4}])
    meanwhile(shop, lambda: shop.place(1002, ("poster-sun", 1)))
    assert shop.place(1001, ("poster-sun", 3)).ok
    assert (places(shop, 1002), places(shop, 1001)) == ([BER], [HAM])
    reasons = {each["location"]: each["reason"] for each in trace(shop, 1001)["weighed"]}
    assert reasons["BER"] == "at_capacity"
    assert shop.place(1003, ("mug-red", 2)).ok  # HAM has room for one more: that was seen before
    assert set(places(shop, 1003)).isdisjoint({BER, HAM})
    assert trace(shop, 1003)["brief"] is False


def test_what_a_cart_holds_is_planned_with_and_planned_anew_when_it_changes(shop: Shop) -> None:
    assert shop.do(ReserveCart("c1", (CartLine("poster-sun", 20),)), CHANNEL).ok
    assert shop.place(1001, ("poster-sun", 12), cart="c1").ok
    assert (sorted(places(shop, 1001)), trace(shop, 1001)["brief"]) == ([BER, HAM], False)
    assert shop.do(ReserveCart("c2", (CartLine("poster-sun", 5),)), CHANNEL).ok
    meanwhile(shop, lambda: shop.do(ReserveCart("c2", (CartLine("poster-sun", 8),)), CHANNEL))
    assert shop.place(1002, ("poster-sun", 8), cart="c2").ok
    assert (places(shop, 1002), trace(shop, 1002)["brief"]) == ([HAM], True)
    assert all(x["reserved"] == x["on_hand"] for x in shop.rows(t.stock_level, sku="poster-sun"))


def test_the_minute_of_a_plan_ends_it(shop: Shop) -> None:
    """Cut-offs, promises and limits of the day may be others in the next."""
    meanwhile(shop, lambda: shop.clock.advance(minutes=1))
    assert shop.place(1001, ("mug-red", 1)).ok
    assert (places(shop, 1001), trace(shop, 1001)["brief"]) == ([BER], True)


def test_what_is_wrong_with_an_order_is_for_the_writer_to_say(shop: Shop) -> None:
    refused = shop.place(1001, ("mug-red", 0))
    assert refused.outcome in ("refused", "deferred")
    assert shop.place(1002, ("nobody-knows", 1), ("mug-red", 1)).ok
    assert (places(shop, 1002), trace(shop, 1002)["brief"]) == ([BER], False)
    again = shop.place(1002, ("nobody-knows", 1), ("mug-red", 1))
    assert again.sentence == "Order 1002 is known."


# --- the same question, the same plan ------------------------------------------------------------

RULES: tuple[dict[str, Any], ...] = (
    {},
    {"rules": [{"name": "all", "prefer": ["on_time", "fewest_parcels", "nearest"]}]},
    {
        "rules": [
            {"name": "near", "when": {"tags": ["vip"]}, "only": {"max_distance_km": 300}},
            {"name": "ask", "only": {"complete": True}, "otherwise": {"do": "ask"}},
        ],
        "capacity": [{"of": "ber", "units": 3}, {"of": "store", "lines": 1}],
    },
)


@pytest.mark.parametrize("rules", RULES, ids=["none", "aims", "scopes and limits"])
def test_made_ahead_or_in_the_writer_it_is_the_same_plan(sqlite_database, rng, rules):
    """Two shops with the same orders, one of which never thinks ahead."""
    with lending.lend("sqlite", ask=False) as url:
        shops = many(sqlite_database), many(url, Hasty)
        for shop in shops:
            if rules:
                put(shop, *rules["rules"], capacity=rules.get("capacity", []))
        for number in range(12):
            asked = _any_order(rng)
            for shop in shops:
                assert shop.place(number, *asked[0], **asked[1]).ok
            ahead, there = (trace(shop, number) for shop in shops)
            assert (ahead.pop("brief"), there.pop("brief")) == (False, True)
            assert ahead == there
            assert places(shops[0], number) == places(shops[1], number)
        for shop in shops:
            shop.close()


def _any_order(rng: random.Random) -> tuple[list[tuple[str, int]], dict[str, Any]]:
    skus = rng.sample(SKUS, rng.randint(1, 4))
    told: dict[str, Any] = {
        "tags": tuple(rng.sample(("vip", "gift"), rng.randint(0, 2))),
        "ship_to": replace(BERLIN, lat=rng.uniform(47, 55)),
        "promise": rng.choice((None, date(2026, 11, 24), date(2026, 11, 26))),
    }
    return [(sku, rng.randint(1, 6)) for sku in skus], told


def drawn(within: Any, ask: Any) -> Order:
    return _drawn(ask, within.shop, count(1).__next__, within.now)


READ: dict[str, Any] = {
    "country": {"ship_to": replace(BERLIN, country="AT")},
    "zip": {"ship_to": replace(BERLIN, zip="01067")},
    "distance": {"ship_to": replace(BERLIN, lat=48.1)},
    "method": {"method": "express"},
    "channel": {"channel": "ebay"},
    "tags": {"tags": ("vip",)},
    "total": {"total": 99_000},
    "promise": {"promise": date(2026, 11, 25)},
}
UNREAD: dict[str, Any] = {
    "email": {"email": "bert@example.org"},
    "note": {"note": "ring twice"},
    "number": {"number": "2002"},
    "payment": {"payment_note": "cash"},
}


def test_the_question_is_another_one_whenever_the_facts_are(sqlite_database: str) -> None:
    shop = many(sqlite_database)
    put(shop, {"name": "money", "prefer": {"money": {"late_day": 100}}})
    with shop.engine.database.read() as session:
        reader = Reader(session, OWNER.actor, shop.clock())
        usual = _asked_and_known(reader, shop, {})
        for name, change in READ.items():
            asked, known = _asked_and_known(reader, shop, change)
            assert known != usual[1], name
            assert asked != usual[0], name
        for name, change in UNREAD.items():
            assert _asked_and_known(reader, shop, change) == usual, name
        reader.now += timedelta(seconds=50)
        assert _asked_and_known(reader, shop, {}) == usual
    shop.close()


def test_facts_of_what_moved_are_the_facts_of_all(sqlite_database: str) -> None:
    shop = many(sqlite_database)
    put(shop, {"name": "any"})
    with shop.engine.database.read() as session:
        reader = Reader(session, OWNER.actor, shop.clock())
        ruled = reader.shop.rules
        assert ruled is not None
        order = drawn(reader, shop.order(1001, ("mug-red", 2), ("tee-black-m", 1)))
        demands, levels = demands_of(order.lines), snapshot(reader, SKUS)
        gone = {("mug-red", BER), ("mug-red", 105), ("mug-red", 107)}
        after = [
            replace(x, reserved=1 if x.location_id == 107 else x.on_hand)
            if (x.sku, x.location_id) in gone
            else x
            for x in levels
        ]
        before = facts_for(reader, ruled, order, demands, levels)
        barred = {HAM: "at_capacity"}
        known = facts_for(reader, ruled, order, demands, after, barred)
        assert facts_after(before, reader.shop, after, {"mug-red"}, barred) == known != before
    shop.close()


def _asked_and_known(reader: Reader, shop: Shop, change: dict[str, Any]) -> tuple[Any, Any]:
    told: dict[str, Any] = {"number": "1001", "ship_to": BERLIN, "total": 5000} | change
    order = drawn(reader, shop.order(told.pop("number"), ("mug-red", 2), ("sock-grey", 1), **told))
    demands = demands_of(order.lines)
    levels = snapshot(reader, SKUS)
    assert reader.shop.rules is not None
    facts = facts_for(reader, reader.shop.rules, order, demands, levels)
    return question_of(reader, order, demands, ()), facts
