"""One pool for all channels: what one is told of and what is kept from it are the whole of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.channel_stock import kept_from, offered
from core.domain.kits import Kits, Part
from core.domain.shop import Connection, Shop
from core.domain.stock import Level

PLACES = (11, 12, 13)
levels = st.lists(
    st.builds(
        Level,
        st.sampled_from(["mug", "tee"]),
        st.sampled_from(PLACES),
        st.integers(0, 30),
        st.integers(0, 10),
        buffer=st.integers(0, 3),
        frozen=st.integers(0, 3),
    ),
    unique_by=lambda level: (level.sku, level.location_id),
)


def _shop(knows: set[int], kits: Kits | None = None, endless: frozenset[int] = frozenset()) -> Shop:
    places = {
        place: SimpleNamespace(external_ids={"1": "x"} if place in knows else {})
        for place in PLACES
    }
    return cast(Shop, SimpleNamespace(locations=places, kits=kits or {}, endless=endless))


def _connection(**stock: Any) -> Connection:
    return cast(Connection, SimpleNamespace(id=1, config={"stock": stock}))


@given(levels, st.sets(st.sampled_from(PLACES)), st.integers(0, 20), st.integers(0, 100))
def test_told_and_kept_back_are_all_that_routing_could_ship(
    found: list[Level], knows: set[int], units: int, percent: int
) -> None:
    shop, channel = _shop(knows), _connection(keep=units, percent=percent)
    told, kept = offered(shop, channel, found), kept_from(shop, channel, found)
    pool = {(x.sku, x.location_id): x.routable for x in found if x.location_id in knows}
    assert {key: told[key] + kept[key] for key in told} == pool
    assert all(each >= 0 for each in (*told.values(), *kept.values()))
    for sku in {sku for sku, _ in pool}:
        whole = sum(units for key, units in pool.items() if key[0] == sku)
        held = sum(units for key, units in kept.items() if key[0] == sku)
        assert held == min(whole, max(units, -(-whole * percent // 100)))


made_of = st.lists(
    st.builds(Part, st.sampled_from(["mug", "tee"]), st.integers(1, 3)),
    unique_by=lambda part: part.sku,
    min_size=1,
)


@given(levels, made_of, st.integers(0, 5), st.integers(0, 9))
def test_whole_kits_are_offered_out_of_what_is_offered_of_their_parts(
    found: list[Level], parts: list[Part], usual: int, of_the_kit: int
) -> None:
    shop = _shop(set(PLACES), {"box": tuple(parts)})
    plain = offered(shop, _connection(keep=usual), found)
    told = offered(shop, _connection(keep=usual, skus={"box": str(of_the_kit)}), found)
    for place in PLACES:
        whole = plain.get(("box", place), 0)
        assert all(whole * p.quantity <= plain.get((p.sku, place), 0) for p in parts)
    kits = sum(units for (sku, _), units in plain.items() if sku == "box")
    assert sum(units for (sku, _), units in told.items() if sku == "box") == max(
        0, kits - of_the_kit
    )


def test_a_kit_of_which_one_part_is_nowhere_is_offered_nowhere() -> None:
    shop = _shop({11, 12}, {"box": (Part("mug", 2), Part("tee", 1))})
    found = [Level("mug", 11, 9, 0), Level("tee", 12, 4, 0)]
    assert offered(shop, _connection(), found) == {
        ("mug", 11): 9,
        ("tee", 12): 4,
        ("box", 11): 0,
        ("box", 12): 0,
    }


@pytest.mark.parametrize(("has", "told"), [(0, 40), (55, 55)])
def test_what_a_supplier_always_has_is_told_as_the_number_that_the_shop_chose(
    has: int, told: int
) -> None:
    shop = _shop({11, 12}, {"box": (Part("mug", 3),)}, frozenset({12}))
    found = [Level("mug", 11, 7, 0), Level("mug", 12, has, 0)]
    assert offered(shop, _connection(endless=40), found) == {
        ("mug", 11): 7,
        ("mug", 12): told,
        ("box", 11): 2,
        ("box", 12): told // 3,
    }
