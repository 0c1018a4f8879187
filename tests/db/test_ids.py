"""Ids of the house: they only grow, stay exact in JavaScript, and keep their node apart."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from core.db.ids import Ids
from tests.shop import Clock


def test_ids_only_grow_even_when_the_clock_goes_back() -> None:
    clock = Clock()
    ids = Ids(clock, node=5)
    first = [ids() for _ in range(100)]
    clock.advance(hours=-5)
    second = [ids() for _ in range(100)]
    assert first + second == sorted(set(first + second))


def test_ids_follow_the_clock_and_stay_below_what_javascript_can_hold() -> None:
    clock = Clock()
    ids = Ids(clock, node=63)
    before = ids()
    clock.advance(days=365 * 40)
    assert max(ids() for _ in range(64)) > before
    assert max(ids() for _ in range(64)) < 2**53


def test_two_nodes_never_make_the_same_id() -> None:
    clock = Clock()
    one, two = Ids(clock, node=1), Ids(clock, node=2)
    assert not {one() for _ in range(5000)} & {two() for _ in range(5000)}


def test_threads_share_one_sequence() -> None:
    ids = Ids(Clock(), node=1)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ids(), range(4000)))
    assert len(set(made)) == 4000
