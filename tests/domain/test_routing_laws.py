"""Laws of routing by rules: whatever rules and facts are, nothing is lost, nothing is broken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.domain.routing import rules as r
from core.domain.routing.decision import Facts, decide
from core.domain.routing.document import Document
from core.domain.routing.planner import Demand
from core.domain.routing.presets import PRESETS, drafted
from core.domain.routing.rules import LocationFacts
from core.domain.routing.scope import Goods, OrderFacts
from core.domain.routing.story import story_of
from core.domain.routing.trace import Trace, explain
from tests.domain.test_routing_decision import rules, ships

_SKUS = ("mug", "tee", "cup")
_PLACES = st.lists(
    st.builds(
        LocationFacts,
        location=st.sampled_from(["A", "B", "C", "D"]),
        available=st.dictionaries(st.sampled_from(_SKUS), st.integers(0, 4)),
        rank=st.integers(1, 3),
        parcel_cost=st.integers(0, 900),
        unit_cost=st.integers(0, 60),
        distance_km=st.none() | st.integers(0, 900).map(float),
        active=st.booleans(),
        barred=st.none() | st.just(r.REJECTED),
        country=st.sampled_from(["DE", "AT"]),
        groups=st.sampled_from([("store",), ("warehouse",), ("national", "warehouse")]),
        abilities=st.sampled_from([(), ("cold",)]),
        late_days=st.integers(0, 3),
        age_days=st.integers(0, 90),
        used=st.tuples(*[st.integers(0, 3)] * 3),
    ),
    max_size=4,
    unique_by=lambda place: place.location,
)
_ONLY = st.fixed_dictionaries(
    {},
    optional={
        "groups": st.just(["store"]),
        "same_country": st.booleans(),
        "max_distance_km": st.integers(1, 900),
        "handling": st.just(["cold"]),
        "keep_together": st.just(["set"]),
        "safety": st.integers(0, 2),
        "min_parcel_value": st.integers(0, 4000),
        "max_parcels": st.integers(1, 3),
        "complete": st.booleans(),
    },
)
_PREFER = st.lists(
    st.sampled_from(
        ["on_time", "fewest_parcels", "cheapest", "nearest", "ranked", "stock_balance"]
    ),
    min_size=1,
    max_size=4,
    unique=True,
) | st.fixed_dictionaries({"money": st.fixed_dictionaries({"split": st.integers(0, 300)})})
DOCUMENTS = st.lists(
    st.fixed_dictionaries(
        {"only": _ONLY, "prefer": _PREFER},
        optional={"otherwise": st.sampled_from(["next", "ship_part", "queue", "ask"])},
    ),
    min_size=1,
    max_size=3,
).map(
    lambda found: rules(
        *({"name": f"rule {n}", **each} for n, each in enumerate(found)),
        capacity=[{"of": "warehouse", "orders": 3}],
    )
)
FACTS = st.builds(
    Facts,
    order=st.just(
        OrderFacts(
            country="DE",
            goods={
                "mug": Goods("set", ("cold",), price=900),
                "tee": Goods("set", price=1900),
                "cup": Goods("single", price=500),
            },
        )
    ),
    demands=st.dictionaries(st.sampled_from(_SKUS), st.integers(1, 4), min_size=1).map(
        lambda wanted: tuple(Demand(*each) for each in wanted.items())
    ),
    places=_PLACES.map(tuple),
)


@given(DOCUMENTS, FACTS)
def test_what_is_shipped_and_what_is_short_is_what_was_wanted(
    document: Document, asked: Facts
) -> None:
    found = decide(document, asked)
    for demand in asked.demands:
        shipped = sum(pick.quantity for pick in found.picks if pick.sku == demand.sku)
        assert shipped + found.short.get(demand.sku, 0) == demand.quantity
    assert (found.otherwise is None) == (not found.short)


@given(DOCUMENTS, FACTS)
def test_no_rule_takes_more_than_lies_there_or_breaks_a_hard_limit(
    document: Document, asked: Facts
) -> None:
    places = {place.location: place for place in asked.places}
    for pick in decide(document, asked).picks:
        place = places[pick.location]
        assert pick.quantity <= place.available[pick.sku]
        assert place.active
        assert place.barred is None
        assert "warehouse" not in place.groups or place.used[0] < 3


@given(DOCUMENTS, FACTS, st.randoms())
def test_the_order_in_which_facts_are_told_does_not_matter(
    document: Document, asked: Facts, chance: Any
) -> None:
    places = list(asked.places)
    chance.shuffle(places)
    again = decide(document, replace(asked, places=tuple(places)))
    assert ships(again) == ships(decide(document, asked))


@given(DOCUMENTS, FACTS)
def test_every_candidate_has_one_reason_and_every_decision_a_story(
    document: Document, asked: Facts
) -> None:
    found = decide(document, asked)
    story = story_of(3, asked, found)
    assert {each.location for each in story.weighed} == {p.location for p in asked.places}
    assert all(each.reason for each in story.weighed)
    assert all(explain(story, str))
    assert Trace.from_json(story.to_json()).to_json() == story.to_json()


@given(st.sampled_from(sorted(PRESETS)), FACTS)
def test_every_preset_decides_whatever_it_is_asked(name: str, asked: Facts) -> None:
    found = decide(drafted([name]), asked)
    assert sum(found.short.values()) <= sum(demand.quantity for demand in asked.demands)
