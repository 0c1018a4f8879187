"""One pool for all channels: what one is told of and what is kept from it are the whole of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from core.domain.channel_stock import kept_from, offered
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


def _shop(knows: set[int]) -> Shop:
    places = {
        place: SimpleNamespace(external_ids={"1": "x"} if place in knows else {})
        for place in PLACES
    }
    return cast(Shop, SimpleNamespace(locations=places))


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
