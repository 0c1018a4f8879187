"""Why an order ships from where it ships: what was weighed, stored as data, told in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from core.domain.routing.decision import Step
from core.domain.routing.planner import Limits, Objective, Plan, plan
from core.domain.routing.problem import Candidate, Demand, Pick
from core.domain.routing.rules import AT_CAPACITY, INACTIVE, NO_COUNTRY, NO_STOCK, PAUSED

Verdict = Literal["chosen", "considered", "excluded"]

_OBJECTIVES = {
    Objective.FEWEST_PARCELS: "fewest parcels, then cheapest, then nearest",
    Objective.CHEAPEST: "cheapest, then fewest parcels, then nearest",
}
_REASONS = {
    INACTIVE: "it is not active",
    PAUSED: "it is paused",
    NO_COUNTRY: "it does not ship to that country",
    AT_CAPACITY: "it has all the orders it can take today",
    NO_STOCK: "it has none of these items",
    "ships": "it is part of the best plan",
    "has_everything": "it has everything, but costs more, needs more parcels or is farther away",
    "has_some": "it has only some of the items, and the plan is better without it",
}


@dataclass(frozen=True, slots=True)
class Weighed:
    """One location in the decision, with its one reason."""

    location: str
    verdict: Verdict
    reason: str
    distance_km: float | None = None


@dataclass(frozen=True, slots=True)
class CostParts:
    """One plan that was compared, in minor units by cost part."""

    locations: tuple[str, ...]
    parcels: int
    parcel_cost: int
    unit_cost: int
    units_short: int

    @property
    def cost(self) -> int:
        return self.parcel_cost + self.unit_cost


@dataclass(frozen=True, slots=True)
class Trace:
    """A routing decision as it was made; `compared` begins with the plan that was chosen.

    Of a rule set, `version` is its number, `rule` the rule that had the last word, `aims` what
    that rule prefers in words, `steps` what every rule came to, and `facts` all that the
    decision depended on: from them it can be made again. `override` names the person who chose.
    """

    objective: Objective
    rule: str
    version: int
    weighed: tuple[Weighed, ...]
    compared: tuple[CostParts, ...]
    picks: tuple[Pick, ...]
    short: Mapping[str, int]
    proven: bool
    gap_bound: int | None = 0
    gap_unit: str = "cost"
    aims: str = ""
    steps: tuple[Step, ...] = ()
    facts: Any = None
    override: str = ""
    waits: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data: dictionaries, lists, numbers and words."""
        plain = asdict(self)
        plain["objective"] = self.objective.value
        for name in ("weighed", "compared", "picks", "steps"):
            plain[name] = list(plain[name])
        for parts in plain["compared"]:
            parts["locations"] = list(parts["locations"])
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Trace:
        return cls(
            objective=Objective(plain["objective"]),
            rule=plain["rule"],
            version=plain["version"],
            weighed=tuple(Weighed(**each) for each in plain["weighed"]),
            compared=tuple(
                CostParts(**{**each, "locations": tuple(each["locations"])})
                for each in plain["compared"]
            ),
            picks=tuple(Pick(**each) for each in plain["picks"]),
            short=dict(plain["short"]),
            proven=plain["proven"],
            gap_bound=plain["gap_bound"],
            gap_unit=plain["gap_unit"],
            aims=plain.get("aims", ""),
            steps=tuple(Step(**each) for each in plain.get("steps", ())),
            facts=plain.get("facts"),
            override=plain.get("override", ""),
            waits=plain.get("waits", ""),
        )


def trace_of(
    demands: Sequence[Demand],
    candidates: Sequence[Candidate],
    objective: Objective,
    found: Plan,
    rule: str,
    version: int,
    others: Iterable[Plan] = (),
) -> Trace:
    """The trace of a plan that was made from these very demands and candidates."""
    chosen = {pick.location for pick in found.picks}
    return Trace(
        objective=objective,
        rule=rule,
        version=version,
        weighed=tuple(_weigh(each, demands, chosen) for each in candidates),
        compared=tuple(_cost_parts(each, candidates) for each in (found, *others)),
        picks=found.picks,
        short=dict(found.short),
        proven=found.proven,
        gap_bound=found.gap_bound,
        gap_unit=found.gap_unit,
    )


def decide(
    demands: Sequence[Demand],
    candidates: Sequence[Candidate],
    objective: Objective,
    rule: str,
    version: int,
    limits: Limits | None = None,
) -> tuple[Plan, Trace]:
    """Plan and explain in one step; beside it stands the best plan of the other objective."""
    other = next(each for each in Objective if each is not objective)
    found = plan(demands, candidates, objective, limits)
    beside = plan(demands, candidates, other, limits)
    others = (beside,) if beside.picks != found.picks else ()
    return found, trace_of(demands, candidates, objective, found, rule, version, others)


def explain(trace: Trace, money: Callable[[int], str]) -> list[str]:
    """The decision in sentences, the outcome first; `money` words an amount."""
    return [
        *_outcome(trace),
        f"Rule {trace.rule!r}, version {trace.version}: {_OBJECTIVES[trace.objective]}.",
        *(_compared(parts, place, money) for place, parts in enumerate(trace.compared)),
        _certainty(trace, money),
        *(_about(each, trace, money) for each in trace.weighed if each.verdict != "chosen"),
    ]


def _weigh(site: Candidate, demands: Sequence[Demand], chosen: set[str]) -> Weighed:
    if site.location in chosen:
        return Weighed(site.location, "chosen", "ships", site.distance_km)
    if site.excluded is not None:
        return Weighed(site.location, "excluded", site.excluded, site.distance_km)
    wanted: dict[str, int] = {}
    for demand in demands:
        wanted[demand.sku] = wanted.get(demand.sku, 0) + demand.quantity
    has = [site.available.get(sku, 0) for sku in wanted]
    if not any(quantity > 0 for quantity in has):
        return Weighed(site.location, "excluded", NO_STOCK, site.distance_km)
    everything = all(map(int.__ge__, has, wanted.values()))
    reason = "has_everything" if everything else "has_some"
    return Weighed(site.location, "considered", reason, site.distance_km)


def _cost_parts(found: Plan, candidates: Sequence[Candidate]) -> CostParts:
    used = {pick.location for pick in found.picks}
    parcels = sum(site.parcel_cost for site in candidates if site.location in used)
    return CostParts(
        locations=tuple(sorted(used)),
        parcels=found.parcels,
        parcel_cost=parcels,
        unit_cost=found.cost - parcels,
        units_short=sum(found.short.values()),
    )


def _outcome(trace: Trace) -> list[str]:
    ships: dict[str, list[str]] = {}
    for pick in trace.picks:
        ships.setdefault(pick.location, []).append(f"{pick.quantity} × {pick.sku}")
    lines = [f"{location} ships {', '.join(items)}." for location, items in ships.items()]
    missing = ", ".join(f"{quantity} × {sku}" for sku, quantity in trace.short.items())
    return [*lines, *([f"{missing} cannot ship now."] if missing else [])]


def _compared(parts: CostParts, place: int, money: Callable[[int], str]) -> str:
    if not parts.locations:
        return "Nothing can be shipped now."
    word = "Chosen" if place == 0 else "Instead"
    count = "1 parcel" if parts.parcels == 1 else f"{parts.parcels} parcels"
    total, parcel, unit = map(money, (parts.cost, parts.parcel_cost, parts.unit_cost))
    places = " + ".join(parts.locations)
    return f"{word}: {places}, {count}, {total} ({parcel} parcels, {unit} handling)."


def _certainty(trace: Trace, money: Callable[[int], str]) -> str:
    if trace.proven:
        return "No plan is better: this is proven."
    if trace.gap_bound is None:
        return "A better plan may exist; the search ended at its limit."
    if trace.gap_unit == "parcels":
        return f"A plan with fewer parcels may exist, {trace.gap_bound} fewer at most."
    return f"At most {money(trace.gap_bound)} cheaper may be possible."


def _about(each: Weighed, trace: Trace, money: Callable[[int], str]) -> str:
    verb = "was not allowed" if each.verdict == "excluded" else "was considered"
    away = "" if each.distance_km is None else f" ({each.distance_km:.0f} km)"
    reason = _REASONS.get(each.reason, each.reason.replace("_", " "))
    alone = (parts.cost for parts in trace.compared if parts.locations == (each.location,))
    cost = next((f" It would cost {money(known)}." for known in alone), "")
    return f"{each.location}{away} {verb}: {reason}.{cost}"
