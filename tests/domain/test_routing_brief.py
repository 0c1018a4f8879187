"""Brief plans: what a large question may lose by being answered at once, and what it may not."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.routing.decision import Facts, decide
from core.domain.routing.document import Aim, Constraints, Document, Rule
from core.domain.routing.planner import Candidate, Demand, Limits, Objective, plan
from core.domain.routing.rules import LocationFacts
from core.domain.routing.scope import Goods, OrderFacts
from core.domain.routing.trace import Trace, made_again, plain_facts
from core.domain.routing.trace import decide as decide_plainly

BRIEF = Limits(brief=True)
objectives = st.sampled_from(list(Objective))


def question(seed: int, places: int, lines: int, most: int) -> tuple[list[Demand], list[Candidate]]:
    """Large enough that a brief plan is a guess."""
    rng = random.Random(seed)
    skus = [f"s{n}" for n in range(lines)]
    sites = [
        Candidate(
            f"L{n}",
            n,
            rng.randint(300, 900),
            rng.randint(10, 90),
            rng.uniform(0, 900),
            {sku: rng.randint(1, 4) for sku in skus if rng.random() < 0.4},
        )
        for n in range(places)
    ]
    return [Demand(sku, rng.randint(1, most)) for sku in skus], sites


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from((30, 90)), st.sampled_from((2, 20)), objectives)
def test_a_brief_plan_ships_all_there_is_and_says_what_it_may_lose(
    seed: int, places: int, lines: int, objective: Objective
) -> None:
    demands, sites = question(seed, places, lines, 6)
    brief = plan(demands, sites, objective, BRIEF)
    full = plan(demands, sites, objective, Limits(node_limit=400))
    assert brief.short == full.short
    if brief.gap_unit == "parcels":
        assert not brief.proven
        assert brief.gap_bound
        assert full.parcels >= brief.parcels - brief.gap_bound
    elif brief.parcels == full.parcels or objective is Objective.CHEAPEST:
        assert brief.gap_bound is not None
        assert full.cost >= brief.cost - brief.gap_bound
    if brief.proven and full.proven:
        assert (brief.cost, brief.parcels) == (full.cost, full.parcels)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 4), objectives)
def test_a_brief_plan_keeps_to_its_parcels_and_is_always_the_same(
    seed: int, most: int, objective: Objective
) -> None:
    demands, sites = question(seed, 60, 12, 8)
    limits = replace(BRIEF, max_parcels=most)
    found = plan(demands, sites, objective, limits)
    assert 1 <= found.parcels <= most
    available = {site.location: site.available for site in sites}
    assert all(pick.quantity <= available[pick.location][pick.sku] for pick in found.picks)
    assert found == plan(demands[::-1], sites[::-1], objective, limits)


@pytest.mark.parametrize("objective", list(Objective))
def test_a_small_question_is_answered_in_full_all_the_same(objective: Objective) -> None:
    demands, sites = question(3, 40, 3, 3)
    assert plan(demands, sites, objective, BRIEF) == plan(demands, sites, objective)


@pytest.mark.parametrize("objective", list(Objective))
def test_a_brief_trace_leads_to_its_own_plan_again(objective: Objective) -> None:
    demands, sites = question(5, 50, 15, 5)
    found, trace = decide_plainly(demands, sites, objective, "default", 1, BRIEF)
    trace = replace(trace, facts=plain_facts(demands, sites), brief=True)
    again = made_again(Trace.from_json(trace.to_json()))
    assert again is not None
    assert (again.picks, again.gap_bound, again.proven) == (found.picks, found.gap_bound, False)


def test_a_brief_decision_never_leaves_a_parcel_that_is_worth_too_little() -> None:
    demands, sites = question(7, 60, 20, 1)
    order = OrderFacts(goods={demand.sku: Goods(price=500) for demand in demands})
    places = tuple(
        LocationFacts(s.location, s.available, s.rank, s.parcel_cost, s.unit_cost, s.distance_km)
        for s in sites
    )
    rule = Rule("worth it", only=Constraints(min_parcel_value=1_500), prefer=(Aim.CHEAPEST,))
    facts = Facts(order, tuple(demands), places)
    for limits in (Limits(), BRIEF):
        found = decide(Document("test", (rule,)), facts, limits)
        worth = {
            at: sum(500 * p.quantity for p in found.picks if p.location == at)
            for at in found.locations
        }
        assert len(worth) > 1
        assert min(worth.values()) >= 1_500
