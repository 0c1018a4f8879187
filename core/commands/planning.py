"""Where an order would ship from now: by the shop's rules, or by its one objective without any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from core.commands.facts import (
    Known,
    Used,
    days_of,
    facts_after,
    facts_from,
    limited,
    place_facts,
    stock_of,
)
from core.commands.ways import barred_by_way
from core.db import capacity
from core.db.capacity import Claim
from core.db.reading import Reader
from core.db.routing import goods_of, location_waited_for, received_at, rejected_by
from core.db.rows import micros
from core.db.unit_of_work import UnitOfWork
from core.domain.awaiting import with_endless
from core.domain.estimate import way_of
from core.domain.order import Order
from core.domain.routing import planner, rules
from core.domain.routing.aims import OF_OBJECTIVE
from core.domain.routing.decision import Decision, Facts, decide
from core.domain.routing.document import Capacity, Document, Otherwise, Rule, RuleSet
from core.domain.routing.problem import Candidate, Demand, Pick
from core.domain.routing.scope import Goods
from core.domain.routing.story import best_two, story_of
from core.domain.routing.trace import Trace, plain_facts, trace_of
from core.domain.shop import Shop
from core.domain.stock import Level
from core.domain.values import dataclass

DAY_MICROS = 86_400_000_000
DEFAULT_RULE = "default"
CHOSEN_ELSEWHERE = "another_location_was_chosen"
LEFT_OUT = "a_person_left_it_out"
Within = UnitOfWork | Reader
# With this many locations a plan takes the writer about a millisecond: less than thinking ahead
# on a connection of its own would cost. Bigger shops think ahead, outside the transaction.
PLANNED_IN_WRITER = 30
FULL_BORNE = 5
PLENTY, BRIEF = planner.Limits(), planner.Limits(brief=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """What ships from where and why; `otherwise` is what happens with what is short. `offers`
    are the plans from which a person may choose, where somebody has worked them out already."""

    picks: tuple[Pick, ...]
    short: Mapping[str, int]
    proven: bool
    story: Trace
    otherwise: Otherwise | None = None
    claims: tuple[Claim, ...] = ()
    ruled: tuple[Facts, Decision] | None = None
    offers: tuple[Decision, ...] | None = None


def plan_for(
    within: Within,
    order: Order,
    demands: Sequence[Demand],
    levels: Sequence[Level],
    only: int | None = None,
    avoid: Collection[int] = (),
    limits: planner.Limits | None = None,
) -> Plan:
    """The plan for these units; a location that a person chose (`only`) outranks every rule.

    Without `limits` a shop of many locations gets a brief plan from a writing transaction, in
    which others wait: where it lost anything by that, the next look for better plans finds it.
    Where a pause is in the way the goods come from elsewhere, if elsewhere has all of them.
    """
    limits = limits or usual_limits(within)
    away = _behind_a_pause(within, order) if within.shop.pauses and only is None else {}
    if away:
        around = {**away, **_named_reasons(avoid)}
        found = _plan(within, order, demands, levels, None, around, limits)
        if not found.short:
            return found
    return _plan(within, order, demands, levels, only, avoid, limits)


def plan_again(
    within: Within,
    plan: Plan,
    levels: Sequence[Level],
    skus: Collection[str],
    barred: Mapping[int, str],
) -> Plan | None:
    """A plan by the same rules after one that missed, when only the levels of these SKUs and who
    is barred are others now. None where more has to be looked at."""
    shop = within.shop
    if plan.ruled is None or shop.rules is None or shop.pauses or shop.endless:
        return None
    facts = facts_after(plan.ruled[0], shop, levels, skus, barred)
    return by_rules(within, shop.rules, facts, usual_limits(within))


def usual_limits(within: Within) -> planner.Limits:
    is_large = len(within.shop.locations) > PLANNED_IN_WRITER
    return BRIEF if is_large and not within.readonly else PLENTY


def _behind_a_pause(within: Within, order: Order) -> dict[int, str]:
    """The locations from which nothing that is not paused goes to this address."""
    to, shop = order.ship_to, within.shop
    ways = {
        i: way_of(shop, site, to, order.method, within.now) for i, site in shop.locations.items()
    }
    return {i: rules.WAY_PAUSED for i, way in ways.items() if way.opens is not None}


def _plan(
    within: Within,
    order: Order,
    demands: Sequence[Demand],
    levels: Sequence[Level],
    only: int | None,
    avoid: Collection[int],
    limits: planner.Limits,
) -> Plan:
    ruled = within.shop.rules
    if ruled is not None and only is None:
        facts = facts_for(within, ruled, order, demands, levels, avoid)
        return by_rules(within, ruled, facts, limits)
    shop = within.shop
    objective = planner.Objective(shop.policy["objective"])
    found = candidates(within, order, demands, levels, only, avoid)
    best = planner.plan(demands, found, objective, limits)
    kept = plain_facts(demands, found)
    story = trace_of(demands, found, objective, best, DEFAULT_RULE, 1, facts=kept)
    if only is not None or limits.brief:
        by = "" if only is None else within.actor.name
        story = replace(story, override=by, brief=limits.brief)
    claims = () if ruled is None else claims_of(within, ruled, best.picks, bound=False)
    return Plan(best.picks, best.short, best.proven, story, claims=claims)


def chosen_by_hand(within: Within, story: Trace, picks: tuple[Pick, ...]) -> Plan:
    """A plan that a person chose among those that were offered; limits of the day are no bar."""
    ruled = within.shop.rules
    claims = () if ruled is None else claims_of(within, ruled, picks, bound=False)
    return Plan(picks, {}, False, replace(story, override=within.actor.name), claims=claims)


def by_rules(within: Within, ruled: RuleSet, facts: Facts, limits: planner.Limits = PLENTY) -> Plan:
    """What the rules make of these facts."""
    found = decide(ruled.document, facts, limits)
    bound = not found.rule.only.over_capacity
    story = story_of(ruled.number, facts, found)
    return Plan(
        found.picks,
        found.short,
        found.proven,
        replace(story, brief=True) if limits.brief else story,
        found.otherwise,
        claims_of(within, ruled, found.picks, bound=bound),
        (facts, found),
    )


def offers_of(within: Within, plan: Plan) -> tuple[Decision, ...]:
    """The plans from which a person may choose where the rules ask one."""
    if plan.offers is not None:
        return plan.offers
    if plan.ruled is None or within.shop.rules is None:
        return ()
    return tuple(best_two(within.shop.rules.document, *plan.ruled, usual_limits(within)))


def rules_in_force(shop: Shop) -> RuleSet:
    """The shop's rules; without any, its objective as the one rule that it is."""
    if shop.rules is not None:
        return shop.rules
    objective = planner.Objective(shop.policy["objective"])
    return RuleSet(0, Document(DEFAULT_RULE, (Rule(DEFAULT_RULE, prefer=OF_OBJECTIVE[objective]),)))


# --- what is known -------------------------------------------------------------------------------

# Everybody who may forbid a location for an order: (within, order) -> reasons by location id.
Forbids = Callable[[Within, Order], Mapping[int, str]]


def rejected(within: Within, order: Order) -> Mapping[int, str]:
    """Who gave an order back does not get it again; a new order was never given back."""
    if not order.version:
        return {}
    return dict.fromkeys(rejected_by(within.session, order.id), rules.REJECTED)


def waits_for_one(within: Within, order: Order) -> Mapping[int, str]:
    """What a rule keeps back for one location does not ship from another one."""
    if not order.version or within.shop.rules is None:
        return {}
    waits_for = location_waited_for(within.session, order.id)
    others = (i for i in within.shop.locations if i != waits_for)
    return dict.fromkeys(others, rules.WAITS_ELSEWHERE) if waits_for else {}


FORBIDS: list[Forbids] = [rejected, waits_for_one, barred_by_way]


def forbidden(
    within: Within, order: Order, only: int | None, avoid: Collection[int] = ()
) -> dict[int, str]:
    """The one reason against each location that somebody forbids for this order; `avoid` may
    name its own reasons."""
    if only is not None:
        return {i: CHOSEN_ELSEWHERE for i in within.shop.locations if i != only}
    found = _named_reasons(avoid)
    for forbids in FORBIDS:
        found = {**forbids(within, order), **found}
    return found


def _named_reasons(avoid: Collection[int]) -> dict[int, str]:
    return dict(avoid) if isinstance(avoid, Mapping) else dict.fromkeys(avoid, LEFT_OUT)


def candidates(
    within: Within,
    order: Order,
    demands: Sequence[Demand],
    levels: Sequence[Level],
    only: int | None = None,
    avoid: Collection[int] = (),
) -> tuple[Candidate, ...]:
    """Every location as the planner sees it, with its one reason when it may not take part."""
    levels = with_endless(within.shop, levels, demands)
    stock = stock_of(levels, by_hand=only is not None)
    known = Known(within.shop, within.now, stock, forbidden(within, order, only, avoid))
    places = (place_facts(known, site, order) for site in within.shop.locations.values())
    return rules.candidates(demands, order.ship_to.country, places)


def facts_for(
    within: Within,
    ruled: RuleSet,
    order: Order,
    demands: Sequence[Demand],
    levels: Sequence[Level],
    avoid: Collection[int] = (),
) -> Facts:
    """All that a rule set may ask about an order and the locations, read once."""
    known = Known(
        within.shop,
        within.now,
        stock_of(with_endless(within.shop, levels, demands)),
        forbidden(within, order, None, avoid),
        goods_known(within, ruled, [line.sku for line in order.lines]),
        _used(within, ruled),
        ages_known(within, ruled, [demand.sku for demand in demands]),
    )
    return facts_from(known, order, demands)


def goods_known(within: Within, ruled: RuleSet, skus: Iterable[str]) -> Mapping[str, Goods]:
    """What the goods are like, when a rule asks for it."""
    return goods_of(within.session, within.shop.id, skus) if ruled.reads_products else {}


def ages_known(within: Within, ruled: RuleSet, skus: Iterable[str]) -> dict[int, int]:
    """For how many days goods have been lying at each location, when a rule asks for it."""
    if not ruled.reads_ages:
        return {}
    now = micros(within.now)
    received = received_at(within.session, within.shop.id, skus)
    return {place: (now - at) // DAY_MICROS for place, at in received.items()}


# --- capacity ------------------------------------------------------------------------------------


def _used(within: Within, ruled: RuleSet) -> Mapping[int, Used]:
    days = days_of(within.shop, within.now, limited(within.shop, ruled))
    return capacity.used_on(within.session, within.shop.id, days) if days else {}


def without_room(within: Within, plan: Plan) -> list[int]:
    """The locations whose part of a plan is more than their day has room for, as was read."""
    ruled = within.shop.rules
    used = _used(within, ruled) if ruled and plan.claims else {}
    claims = ((claim, used.get(claim.location_id, (0, 0, 0))) for claim in plan.claims)
    return [claim.location_id for claim, taken in claims if not claim.fits(taken)]


def bar_full(within: Within, barred: dict[int, str], full: int, demands: Sequence[Demand]) -> None:
    """A location without room for its part is left out of the next plan. When that happens again
    and again, so is whoever has not room for the whole order: then no plan can miss any more."""
    ruled = within.shop.rules
    barred[full] = rules.AT_CAPACITY
    if ruled is None or list(barred.values()).count(rules.AT_CAPACITY) < FULL_BORNE:
        return
    used, units = _used(within, ruled), sum(demand.quantity for demand in demands)
    for i, limit in limited(within.shop, ruled).items():
        whole = Claim(i, "", len(demands), units, *_most(limit))
        if not whole.fits(used.get(i, (0, 0, 0))):
            barred[i] = rules.AT_CAPACITY


def claims_of(
    within: Within, ruled: RuleSet, picks: Sequence[Pick], *, bound: bool
) -> tuple[Claim, ...]:
    """What a plan takes of each limited day; work that may exceed it is counted all the same."""
    limits = limited(within.shop, ruled)
    if not limits:
        return ()
    days = days_of(within.shop, within.now, limits)
    parts: dict[int, list[int]] = defaultdict(list)
    for pick in picks:
        parts[within.shop.id_of(pick.location)].append(pick.quantity)
    return tuple(
        Claim(i, days[i], len(units), sum(units), *(_most(limits[i]) if bound else ()))
        for i, units in parts.items()
        if i in limits
    )


def _most(limit: Capacity) -> tuple[int | None, int | None, int | None]:
    return limit.orders, limit.lines, limit.units
