"""A decision as a story to keep: its trace, its cost by part, and the plans it was better than."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.domain.routing.aims import SPLIT, Wanted, parcel_parts
from core.domain.routing.decision import Decision, Facts, decide
from core.domain.routing.document import Aim, Document, Else, Money, Otherwise
from core.domain.routing.explain import aims_in_words
from core.domain.routing.planner import Limits, Objective, Pick
from core.domain.routing.rules import LocationFacts
from core.domain.routing.trace import SITES_KEPT, CostParts, Trace, Weighed, shortened

LEFT_OUT = "left_out_to_compare"
PLANS_COMPARED = 4


def story_of(number: int, facts: Facts, found: Decision) -> Trace:
    """The trace of a decision by rules, with all that it depended on."""
    chosen = set(found.locations)
    places = {place.location: place for place in facts.places}
    weighed, more = shortened(
        [
            _weigh(places[site.location], site.excluded, site.location in chosen, facts)
            for site in found.sites
        ]
    )
    return Trace(
        objective=Objective.CHEAPEST,
        rule=found.rule.name,
        version=number,
        weighed=weighed,
        compared=(cost_of(facts, found),),
        picks=found.picks,
        short=dict(found.short),
        proven=found.proven,
        gap_bound=0 if found.proven else None,
        aims=aims_in_words(found.rule.prefer),
        steps=found.steps,
        facts=facts if len(facts.places) <= SITES_KEPT else None,
        more=more,
        waits="" if found.otherwise is None else found.otherwise.do.value,
    )


def _weigh(place: LocationFacts, excluded: str | None, is_chosen: bool, facts: Facts) -> Weighed:
    if is_chosen:
        return Weighed(place.location, "chosen", "ships", place.distance_km)
    if excluded is not None:
        return Weighed(place.location, "excluded", excluded, place.distance_km)
    has = all(place.available.get(each.sku, 0) >= each.quantity for each in facts.demands)
    reason = "has_everything" if has else "has_some"
    return Weighed(place.location, "considered", reason, place.distance_km)


def place_of(facts: Facts, location: str) -> LocationFacts:
    return next(place for place in facts.places if place.location == location)


def wanted_of(facts: Facts) -> Wanted:
    wanted: dict[str, int] = {}
    for demand in facts.demands:
        wanted[demand.sku] = wanted.get(demand.sku, 0) + demand.quantity
    return Wanted(sum(wanted.values()), wanted)


def cost_of(facts: Facts, found: Decision) -> CostParts:
    """What a decision costs by part; lateness and splits count where its rule says so."""
    return cost_of_picks(facts, found.picks, found.short, found.rule.prefer)


def cost_of_picks(
    facts: Facts,
    picks: Sequence[Pick],
    short: Mapping[str, int],
    prefer: tuple[Aim, ...] | Money,
) -> CostParts:
    places = {place.location: place for place in facts.places}
    opened = sorted({pick.location for pick in picks})
    more: dict[str, int] = {}
    if isinstance(prefer, Money):
        wanted = wanted_of(facts)
        for location in opened:
            for name, amount in parcel_parts(places[location], prefer, wanted).items():
                more[name] = more.get(name, 0) + amount
        if prefer.split and len(opened) > 1:
            more[SPLIT] = prefer.split * (len(opened) - 1)
    return CostParts(
        locations=tuple(opened),
        parcels=len(opened),
        parcel_cost=sum(places[location].parcel_cost for location in opened),
        unit_cost=sum(places[pick.location].unit_cost * pick.quantity for pick in picks),
        units_short=sum(short.values()),
        more=more,
    )


# --- what else could have been -------------------------------------------------------------------


def best_two(
    document: Document, facts: Facts, found: Decision, limits: Limits | None = None
) -> list[Decision]:
    """What a person may choose from when the rules keep everything back: ships what there is."""
    open_ended = _without_keeping_back(document, found)
    first = decide(open_ended, facts, limits)
    return [first, *others(open_ended, facts, first, limits)][:2] if first.picks else []


def _without_keeping_back(document: Document, found: Decision) -> Document:
    """The same rules, but the one that kept the order back ships what it can."""
    rules = tuple(
        replace(
            rule,
            only=replace(rule.only, complete=False, max_parcels=None),
            otherwise=Otherwise(Else.SHIP_PART),
        )
        if rule == found.rule
        else rule
        for rule in document.rules
    )
    return replace(document, rules=rules)


def others(
    document: Document, facts: Facts, found: Decision, limits: Limits | None = None
) -> list[Decision]:
    """The best decisions without one of the chosen locations, the better ones first; a brief
    look goes without the first of them only."""
    seen = {found.picks}
    plans: list[Decision] = []
    for location in found.locations[: 1 if limits and limits.brief else PLANS_COMPARED]:
        other = decide(document, without(facts, location), limits)
        if other.picks and other.picks not in seen:
            seen.add(other.picks)
            plans.append(other)
    return sorted(plans, key=lambda plan: _how_bad(facts, plan))


def without(facts: Facts, location: str) -> Facts:
    places = tuple(
        replace(place, barred=LEFT_OUT) if place.location == location else place
        for place in facts.places
    )
    return replace(facts, places=places)


def only_from(facts: Facts, location: str) -> Facts:
    """The facts in which this is the only location."""
    return replace(facts, places=(place_of(facts, location),))


def _how_bad(facts: Facts, plan: Decision) -> tuple[int, int, int, tuple[str, ...]]:
    parts = cost_of(facts, plan)
    return parts.units_short, parts.cost, parts.parcels, parts.locations
