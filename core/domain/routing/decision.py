"""One order through a rule set: which rule has it, what ships from where, what waits for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.domain.lanes import PICKUP
from core.domain.routing.aims import Wanted, priced
from core.domain.routing.document import (
    Aim,
    Constraints,
    Document,
    Else,
    Money,
    Otherwise,
    Rule,
)
from core.domain.routing.planner import Candidate, Demand, Limits, Objective, Pick, Plan, plan
from core.domain.routing.rules import (
    NO_STOCK,
    NOT_TOGETHER,
    PARCEL_TOO_SMALL,
    LocationFacts,
    reason_by_rule,
    usable,
)
from core.domain.routing.scope import OrderFacts, misfit
from core.domain.values import dataclass

NO_RULE = Rule("no rule fits")
_PARCELS_ONLY = (Aim.FEWEST_PARCELS,)
_DROPPED_SINGLY = 1
BUNDLE = "\x00"  # no SKU begins so: goods that must leave together are planned as one


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision depends on beside its rules: the same facts give the same decision."""

    order: OrderFacts
    demands: tuple[Demand, ...]
    places: tuple[LocationFacts, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that was looked at. outcome: misfit, all, part, nothing. `detail` says why."""

    rule: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What ships from where. `otherwise` is what happens with `short`, when anything is.

    The rule that had the last word was `asked` for this, when so much was `taken` already.
    """

    rule: Rule
    picks: tuple[Pick, ...]
    short: Mapping[str, int]
    steps: tuple[Step, ...]
    sites: tuple[Candidate, ...]
    otherwise: Otherwise | None
    proven: bool
    asked: tuple[Demand, ...] = ()
    taken: tuple[Pick, ...] = ()

    @property
    def locations(self) -> tuple[str, ...]:
        return tuple(sorted({pick.location for pick in self.picks}))


def decide(document: Document, facts: Facts, limits: Limits | None = None) -> Decision:
    """The decision that a rule set makes of these facts."""
    return _Way(document, facts, limits or Limits()).go()


class _Way:
    """The way of one order through the rules, with what each of them took."""

    def __init__(self, document: Document, facts: Facts, limits: Limits) -> None:
        self.document, self.facts, self.limits = document, facts, limits
        self.left = list(facts.demands)
        self.picks: list[Pick] = []
        self.steps: list[Step] = []
        self.proven = True
        self.last: tuple[Rule, tuple[Candidate, ...]] | None = None
        self.asked, self.taken = tuple(self.left), tuple(self.picks)

    def go(self) -> Decision:
        for position, rule in enumerate(self.document.rules):
            against = misfit(rule.when, self.facts.order)
            if against is not None:
                self.steps.append(Step(rule.name, "misfit", against))
                continue
            otherwise = self.document.otherwise_of(position)
            self._try(as_collected(rule, self.facts.order), otherwise)
            if not self.left or otherwise.do is not Else.NEXT:
                return self._end(otherwise)
        if self.last is None:
            self._try(NO_RULE, Otherwise(Else.NEXT))
        return self._end(Otherwise())

    def _try(self, rule: Rule, otherwise: Otherwise) -> None:
        found, sites = attempt(rule, self.document, self.facts, self.left, self.picks, self.limits)
        self.last = rule, sites
        self.asked, self.taken = tuple(self.left), tuple(self.picks)
        takes = bool(found.picks) and (not found.short or _takes_part(rule, otherwise))
        if takes:
            self._take(found)
        self.steps.append(Step(rule.name, _outcome(found, takes)))

    def _take(self, found: Plan) -> None:
        self.picks += found.picks
        self.left = [Demand(sku, quantity) for sku, quantity in found.short.items()]
        self.proven = self.proven and found.proven

    def _end(self, otherwise: Otherwise) -> Decision:
        rule, sites = self.last or (NO_RULE, ())
        return Decision(
            rule=rule,
            picks=_merged(self.picks),
            short={demand.sku: demand.quantity for demand in self.left},
            steps=tuple(self.steps),
            sites=sites,
            otherwise=otherwise if self.left else None,
            proven=self.proven,
            asked=self.asked,
            taken=self.taken,
        )


def as_collected(rule: Rule, order: OrderFacts) -> Rule:
    """Where a customer collects is not for a rule to limit; what it says of a shortage counts."""
    if order.method != PICKUP:
        return rule
    return replace(rule, only=Constraints(complete=rule.only.complete, over_capacity=True))


def _takes_part(rule: Rule, otherwise: Otherwise) -> bool:
    return not rule.only.complete and otherwise.do not in (Else.QUEUE, Else.ASK)


def _outcome(found: Plan, takes: bool) -> str:
    if not takes:
        return "nothing"
    return "part" if found.short else "all"


def _merged(picks: Sequence[Pick]) -> tuple[Pick, ...]:
    units: dict[tuple[str, str], int] = {}
    for pick in picks:
        key = (pick.location, pick.sku)
        units[key] = units.get(key, 0) + pick.quantity
    return tuple(Pick(*key, quantity) for key, quantity in units.items())


# --- one rule ------------------------------------------------------------------------------------


def attempt(
    rule: Rule,
    document: Document,
    facts: Facts,
    left: Sequence[Demand],
    taken: Sequence[Pick] = (),
    limits: Limits | None = None,
) -> tuple[Plan, tuple[Candidate, ...]]:
    """The best plan that one rule allows for what is left, and how it saw each location."""
    demands = _summed(left)
    bundles = _bundles(rule.only.keep_together, facts.order, demands)
    asked = [Demand(sku, quantity) for sku, quantity in demands.items()]
    sites = [_site(place, rule, document, facts, asked, taken) for place in facts.places]
    sites = [_bundled(site, bundles, demands) for site in sites]
    wanted = _with_bundles(demands, bundles)
    limits = replace(
        limits or Limits(), max_parcels=rule.only.max_parcels, split_penalty=_split(rule)
    )
    found, seen = _plan(rule, facts, sites, wanted, demands, taken, limits)
    return _unbundled(found, bundles, demands), seen


def _plan(
    rule: Rule,
    facts: Facts,
    sites: list[Candidate],
    wanted: Mapping[str, int],
    demands: Mapping[str, int],
    taken: Sequence[Pick],
    limits: Limits,
) -> tuple[Plan, tuple[Candidate, ...]]:
    """Plan, and leave out locations whose parcel would be too small, the smallest first; a brief
    plan soon leaves out all of them at once."""
    opened = frozenset(pick.location for pick in taken)
    places = {place.location: place for place in facts.places}
    whole = Wanted(sum(wanted.values()), demands)
    by_parcels = _first_is_parcels(rule) and not opened
    aims = _behind_parcels(aims_of(rule)) if by_parcels else aims_of(rule)
    priced_sites = priced(sites, places, aims, whole, opened)
    objective = Objective.FEWEST_PARCELS if by_parcels else Objective.CHEAPEST
    dropped = 0
    while True:
        asked = [Demand(sku, quantity) for sku, quantity in wanted.items()]
        found = plan(asked, priced_sites, objective, limits)
        small = _too_small(rule, facts.order, found, opened)
        if not small:
            break
        dropped += 1
        gone = small if limits.brief and dropped > _DROPPED_SINGLY else small[:1]
        priced_sites = [
            replace(site, excluded=PARCEL_TOO_SMALL) if site.location in gone else site
            for site in priced_sites
        ]
    seen = tuple(
        shown if shown.excluded == site.excluded else replace(shown, excluded=site.excluded)
        for shown, site in zip(sites, priced_sites, strict=True)
    )
    return replace(found, proven=found.proven and not dropped), seen


def _split(rule: Rule) -> int:
    return rule.prefer.split if isinstance(rule.prefer, Money) else 0


def aims_of(rule: Rule) -> tuple[Aim, ...] | Money:
    """What a rule prefers; of plans with as few parcels the cheapest, if it names nothing else."""
    return (*_PARCELS_ONLY, Aim.CHEAPEST) if rule.prefer == _PARCELS_ONLY else rule.prefer


def _behind_parcels(aims: tuple[Aim, ...] | Money) -> tuple[Aim, ...] | Money:
    """The planner counts parcels by itself: what is left to weigh."""
    return aims if isinstance(aims, Money) else aims[1:]


def _first_is_parcels(rule: Rule) -> bool:
    return isinstance(rule.prefer, tuple) and rule.prefer[0] is Aim.FEWEST_PARCELS


def _site(
    place: LocationFacts,
    rule: Rule,
    document: Document,
    facts: Facts,
    wanted: Sequence[Demand],
    taken: Sequence[Pick],
) -> Candidate:
    reason = reason_by_rule(place, rule.only, document.capacity, facts.order)
    has = usable(place, wanted, rule.only, facts.order)
    for pick in taken:
        if pick.location == place.location and pick.sku in has:
            has[pick.sku] -= pick.quantity
    if taken:
        has = {sku: quantity for sku, quantity in has.items() if quantity > 0}
    return Candidate(
        location=place.location,
        rank=place.rank,
        parcel_cost=place.parcel_cost,
        unit_cost=place.unit_cost,
        distance_km=place.distance_km,
        available=has,
        excluded=reason or (None if has else NO_STOCK),
    )


def _summed(demands: Sequence[Demand]) -> dict[str, int]:
    wanted: dict[str, int] = {}
    for demand in demands:
        wanted[demand.sku] = wanted.get(demand.sku, 0) + demand.quantity
    return wanted


def _too_small(rule: Rule, order: OrderFacts, found: Plan, opened: frozenset[str]) -> list[str]:
    """The locations whose parcels are worth too little, the least first, unless it is the only
    parcel of the order."""
    values: dict[str, int] = {}
    for pick in found.picks:
        goods = order.goods.get(pick.sku)
        price = goods.price if goods else 0
        values[pick.location] = values.get(pick.location, 0) + price * pick.quantity
    if len(values) < 2 and not found.short and not opened:
        return []
    small = [(v, at) for at, v in values.items() if v < rule.only.min_parcel_value]
    return [at for _, at in sorted(small) if at not in opened]


# --- goods that leave together -------------------------------------------------------------------


def _bundles(
    together: tuple[str, ...], order: OrderFacts, demands: Mapping[str, int]
) -> dict[str, tuple[str, ...]]:
    """The SKUs of each category that must leave in one parcel, where there are two or more."""
    found = {}
    for category in together:
        skus = tuple(
            sku
            for sku in demands
            if sku in order.goods and order.goods[sku].category.casefold() == category
        )
        if len(skus) > 1 or any(demands[sku] > 1 for sku in skus):
            found[BUNDLE + category] = skus
    return found


def _with_bundles(
    demands: Mapping[str, int], bundles: Mapping[str, tuple[str, ...]]
) -> dict[str, int]:
    """What is wanted, a bundle counting as many units as it holds."""
    inside = {sku for skus in bundles.values() for sku in skus}
    wanted = {sku: quantity for sku, quantity in demands.items() if sku not in inside}
    return wanted | {name: sum(demands[s] for s in skus) for name, skus in bundles.items()}


def _bundled(
    site: Candidate, bundles: Mapping[str, tuple[str, ...]], demands: Mapping[str, int]
) -> Candidate:
    """A location has a bundle when it has all of it; then it has exactly what is wanted."""
    if not bundles:
        return site
    has = dict(site.available)
    for name, skus in bundles.items():
        whole = all(has.get(sku, 0) >= demands[sku] for sku in skus)
        for sku in skus:
            has.pop(sku, None)
        if whole:
            has[name] = sum(demands[sku] for sku in skus)
    lost = site.excluded is None and not has
    return replace(site, available=has, excluded=NOT_TOGETHER if lost else site.excluded)


def _unbundled(
    found: Plan, bundles: Mapping[str, tuple[str, ...]], demands: Mapping[str, int]
) -> Plan:
    if not bundles:
        return found
    picks: list[Pick] = []
    for pick in found.picks:
        inside = bundles.get(pick.sku)
        picks += [Pick(pick.location, s, demands[s]) for s in inside] if inside else [pick]
    short = {sku: q for sku, q in found.short.items() if sku not in bundles}
    for name in found.short:
        short |= {sku: demands[sku] for sku in bundles.get(name, ())}
    return replace(found, picks=tuple(picks), short=short)
