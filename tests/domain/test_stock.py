"""Laws of stock: sums of moves, floors, shares of what arrives, what is told and when to buy."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.domain.channel_stock import KeepBack, KeepRules, offered, read_keep, rules_of
from core.domain.incoming import Expected, by_due, share
from core.domain.restock import Pace, Supply, outlook
from core.domain.shop import Connection, Location, Mode, Shop
from core.domain.stock import COLUMNS, EFFECTS, Effect, Level, Move, Short, StockMove, deltas, free

units = st.integers(0, 40)
levels = st.builds(
    Level, st.just("mug"), st.sampled_from([1, 2, 3]), *[units for _ in range(len(COLUMNS))]
)
moves = st.builds(
    StockMove,
    st.sampled_from(list(Move)),
    st.sampled_from(["mug", "tee"]),
    st.sampled_from([1, 2]),
    st.integers(-5, 5),
)


# --- the ledger ----------------------------------------------------------------------------------


@given(st.lists(moves, max_size=20))
def test_a_batch_does_what_its_moves_do_one_by_one(batch):
    together: dict[Any, list[int]] = {}
    for move in batch:
        sums = together.setdefault((move.sku, move.location_id), [0] * len(COLUMNS))
        for i, unit in enumerate(EFFECTS[move.kind]):
            sums[i] += unit * move.quantity
    assert {(d.sku, d.location_id): list(d.change) for d in deltas(batch)} == together


@given(st.lists(moves, max_size=20))
def test_rows_lock_in_one_order(batch):
    keys = [(d.sku, d.location_id) for d in deltas(batch)]
    assert keys == sorted(set(keys))


def test_every_kind_of_move_has_its_effect_and_none_does_nothing():
    assert set(EFFECTS) == set(Move)
    assert all(any(effect) for effect in EFFECTS.values())


@given(st.integers(1, 9), st.sampled_from(list(Move)))
def test_only_a_bare_promise_is_guarded_as_one(quantity, kind):
    (delta,) = deltas([StockMove(kind, "mug", 1, quantity)])
    assert delta.only_promises is (kind is Move.RESERVE)


# --- available -----------------------------------------------------------------------------------


@given(levels)
def test_nobody_is_told_of_less_than_nothing_and_routing_of_no_more_than_people(level):
    assert 0 <= level.routable <= level.available <= max(0, level.on_hand)


@given(levels, st.integers(1, 40))
def test_a_unit_in_any_floor_is_one_less_to_promise(level, more):
    for name in ("reserved", "safety", "frozen"):
        assert free(replace(level, **{name: getattr(level, name) + more})) == free(level) - more


@given(levels, st.integers(1, 40))
def test_damaged_incoming_and_buffered_units_are_promised_to_nobody_nor_kept_from_people(
    level, more
):
    for name in ("damaged", "quality", "incoming", "buffer"):
        changed = replace(level, **{name: getattr(level, name) + more})
        assert changed.available == level.available


def test_an_effect_names_every_column_of_a_level():
    level = Level("mug", 1, *range(len(COLUMNS)))
    assert [getattr(level, name) for name in Effect._fields] == list(range(len(COLUMNS)))


# --- what arrives --------------------------------------------------------------------------------

expected = st.builds(
    Expected,
    id=st.integers(1, 999),
    sku=st.just("mug"),
    location_id=st.just(1),
    reference=st.just("PO-1"),
    quantity=st.integers(1, 30),
    due_on=st.none() | st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)


@given(st.integers(0, 100), st.lists(expected, max_size=6))
def test_every_unit_that_arrives_is_booked_once(arrived, waiting):
    shares = share(arrived, waiting)
    assert sum(part for _, part in shares.parts) + shares.over == arrived
    assert all(0 < part <= each.open for each, part in shares.parts)
    assert not shares.over or all(each.receive(part).open == 0 for each, part in shares.parts)


@given(st.lists(expected, max_size=6))
def test_the_earliest_due_comes_first_and_what_has_no_day_last(waiting):
    days = [each.due_on or date.max for each in by_due(waiting)]
    assert days == sorted(days)


# --- what channels are told ----------------------------------------------------------------------


def town(places: int) -> Shop:
    locations = {
        n: Location(n, f"P{n}", f"Place {n}", external_ids={"9": str(n)} if n < 9 else {})
        for n in range(1, places + 1)
    }
    return Shop(
        1, "x", "EUR", "UTC", "en", "sie", Mode.LIVE, None, None, "", "", {}, {}, locations, {}
    )


def channel(**stock: Any) -> Connection:
    return Connection(9, "shopify", "nordlicht", {"stock": stock}, "")


@given(st.lists(units, min_size=1, max_size=4), st.integers(0, 50), st.integers(0, 100))
def test_the_pool_less_what_is_kept_back_is_offered_and_no_place_offers_more_than_it_has(
    stock, keep, percent
):
    found = [Level("mug", n, have, 0) for n, have in enumerate(stock, 1)]
    told = offered(town(4), channel(keep=keep, percent=percent), found)
    kept = max(keep, -(-sum(stock) * percent // 100))
    assert sum(told.values()) == max(0, sum(stock) - kept)
    assert all(0 <= told["mug", n] <= have for n, have in enumerate(stock, 1))


def test_a_place_that_the_channel_does_not_know_is_no_part_of_its_pool():
    found = [Level("mug", 1, 5, 0), Level("mug", 9, 50, 0)]
    assert offered(town(9), channel(keep=2), found) == {("mug", 1): 3}


def test_a_sku_may_be_kept_back_in_another_way():
    rules = rules_of(channel(keep=2, skus={"mug": "10%"}))
    assert rules.for_sku("mug").of(50) == 5
    assert rules.for_sku("tee").of(50) == 2
    assert rules_of(channel(**rules.as_config())) == rules
    assert rules.changed("mug", KeepBack(2)) == KeepRules(KeepBack(2))


@given(st.integers(0, 100))
def test_a_share_is_read_as_it_is_written(percent):
    assert read_keep(f"{percent} %") == KeepBack(percent=percent)


# --- when to buy ---------------------------------------------------------------------------------

supplies = st.builds(
    Supply,
    sku=st.just("mug"),
    location_id=st.none(),
    available=units,
    incoming=units,
    waited_for=units,
    sold=st.integers(0, 300),
    low_at=st.integers(0, 30),
)
paces = st.builds(Pace, st.integers(1, 90), st.integers(0, 60), st.integers(1, 90))


@given(supplies, paces)
def test_who_buys_what_is_suggested_is_no_longer_low(supply, pace):
    pace = replace(pace, target=max(pace.target, pace.cover))
    found = outlook(supply, pace)
    bought = replace(supply, incoming=supply.incoming + found.suggest)
    assert not outlook(bought, pace).is_low


@given(supplies, paces)
def test_what_neither_sells_nor_has_a_threshold_is_never_low(supply, pace):
    found = outlook(replace(supply, sold=0, low_at=0), pace)
    assert not found.is_low
    assert found.lasts_days is None


def test_a_shortage_names_each_sku_once_and_keeps_where_it_was_met():
    levels = (("tee", 2), ("mug", 1), ("mug", 3))
    short = Short(levels)
    assert (short.code, short.levels) == ("short", levels)
    assert short.sentence == "There is not enough stock of mug, tee."
    assert short.next == "Look at `stock` for the sku."
