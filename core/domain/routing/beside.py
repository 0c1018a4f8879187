"""Beside a decision: the plans and the locations that it was better than, each with one reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from core.domain.routing.aims import OF_OBJECTIVE, Wanted, measured
from core.domain.routing.decision import Decision, Facts, aims_of, attempt, decide
from core.domain.routing.document import Aim, Document, Money, Rule
from core.domain.routing.planner import Limits
from core.domain.routing.problem import Demand, Pick
from core.domain.routing.rules import LocationFacts
from core.domain.routing.scope import OrderFacts
from core.domain.routing.story import cost_of, cost_of_picks, only_from, others, without
from core.domain.routing.trace import CostParts, Trace, has_plain_facts, plain_question
from core.domain.routing.worse import (
    KEPT_WHOLE,
    MONEY,
    NOT_SEEN,
    RANKING,
    SHORT,
    TOO_SMALL,
    Beside,
    Worse,
)

# A glance at each location: what is worse with it shows long before the best plan is proven.
GLANCE = Limits(node_limit=60)
_TIES = (Aim.FEWEST_PARCELS, Aim.NEAREST)


def told_beside(trace: Trace, document: Document, facts: Facts, found: Decision) -> Trace:
    """The trace with the plans and the locations that its decision was better than."""
    considered = [each.location for each in trace.weighed if each.verdict == "considered"]
    return replace(
        trace,
        compared=tuple(_compared(document, facts, found)),
        beside=tuple(_beside(document, facts, found, location) for location in considered),
    )


def told_without_rules(trace: Trace) -> Trace:
    """The same for a trace without rules whose facts were kept: its objective is its one rule."""
    if not has_plain_facts(trace):
        return trace
    demands, sites = plain_question(trace)
    places = [
        LocationFacts(s.location, s.available, s.rank, s.parcel_cost, s.unit_cost, s.distance_km)
        for s in sites
    ]
    document = Document(trace.rule, (Rule(trace.rule, prefer=OF_OBJECTIVE[trace.objective]),))
    facts = Facts(OrderFacts(), tuple(demands), tuple(places))
    return told_beside(trace, document, facts, decide(document, facts, Limits(brief=trace.brief)))


def _compared(document: Document, facts: Facts, found: Decision) -> Iterator[CostParts]:
    """The decision first, then what it would be without one of its locations."""
    yield cost_of(facts, found)
    for other in others(document, facts, found):
        worse = _worse(facts, found, other.picks, sum(other.short.values()))
        yield replace(cost_of(facts, other), worse=worse)


def _beside(document: Document, facts: Facts, found: Decision, location: str) -> Beside:
    """All that this location can do for the rule that had the last word, the rest from others."""
    only = only_from(facts, location)
    mine, _ = attempt(found.rule, document, only, found.asked, found.taken, GLANCE)
    if not mine.picks:
        return Beside(location, Worse(TOO_SMALL), {d.sku: d.quantity for d in found.asked})
    so_far = (*found.taken, *mine.picks)
    left = [Demand(sku, quantity) for sku, quantity in mine.short.items()]
    rule, rest_of = _one_parcel_less(found.rule), without(facts, location)
    rest, _ = attempt(rule, document, rest_of, left, so_far, GLANCE)
    worse = _worse(facts, found, (*so_far, *rest.picks), sum(rest.short.values()))
    helpers = tuple(sorted({pick.location for pick in rest.picks}))
    return Beside(location, worse, dict(mine.short), helpers)


def _one_parcel_less(rule: Rule) -> Rule:
    most = rule.only.max_parcels
    return rule if most is None else replace(rule, only=replace(rule.only, max_parcels=most - 1))


def _worse(facts: Facts, found: Decision, picks: Sequence[Pick], short: int) -> Worse:
    """The first thing that counts in which these picks fall behind the decision."""
    missing = sum(found.short.values())
    if short < missing:
        return Worse(NOT_SEEN if found.picks else KEPT_WHOLE)
    ours = [(SHORT, missing), *_measures(facts, found, found.picks)]
    theirs = [(SHORT, short), *_measures(facts, found, picks)]
    for (what, mine), (_, other) in zip(ours, theirs, strict=True):
        if other != mine:
            return Worse(what, other - mine) if other > mine else Worse(NOT_SEEN)
    return Worse(RANKING)


def _measures(facts: Facts, found: Decision, picks: Sequence[Pick]) -> list[tuple[str, int]]:
    """What the rule compares, in its order, and what breaks its ties but the ranking."""
    prefer, first = aims_of(found.rule), []
    aims: tuple[Aim, ...] = _TIES
    if isinstance(prefer, Money):
        first = [(MONEY, cost_of_picks(facts, picks, {}, prefer).cost)]
    else:
        aims = (*prefer, *_TIES)
    by_sku: dict[str, int] = {}
    for demand in found.asked:
        by_sku[demand.sku] = by_sku.get(demand.sku, 0) + demand.quantity
    wanted = Wanted(sum(by_sku.values()), by_sku)
    return [*first, *measured(facts.places, tuple(dict.fromkeys(aims)), wanted, picks)]
