"""Why an order ships from where it ships: what was weighed, stored as data, told in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, field
from typing import Any, Literal

from core.domain.routing import rules as r
from core.domain.routing.decision import Step
from core.domain.routing.planner import Limits, Objective, Plan, plan
from core.domain.routing.problem import Candidate, Demand, Pick
from core.domain.routing.worse import Beside, Worse, beside_in_words, in_words
from core.domain.values import dataclass

SITES_KEPT = 50
Verdict = Literal["chosen", "considered", "excluded"]
_VERDICTS: tuple[Verdict, ...] = ("chosen", "considered", "excluded")

_OBJECTIVES = {
    Objective.FEWEST_PARCELS: "fewest parcels, then cheapest, then nearest",
    Objective.CHEAPEST: "cheapest, then fewest parcels, then nearest",
}
_REASONS = {
    r.INACTIVE: "it is not active",
    r.PAUSED: "it is paused",
    r.WAY_PAUSED: "what would carry the parcel from there is paused",
    r.NO_COUNTRY: "it does not ship to that country",
    r.AT_CAPACITY: "it has all the orders it can take today",
    r.NO_STOCK: "it has none of these items",
    r.NOT_IN_GROUP: "the rule asks for other locations",
    r.IN_GROUP_LEFT_OUT: "the rule leaves it out",
    r.OTHER_COUNTRY: "it is in another country",
    r.TOO_FAR: "it is too far away",
    r.DISTANCE_UNKNOWN: "nobody knows how far away it is",
    r.NOT_ABLE: "it cannot do what the rule asks for",
    r.NOT_TOGETHER: "it does not have everything that must leave together",
    r.PARCEL_TOO_SMALL: "its parcel would be worth too little",
    r.REJECTED: "it gave this order back",
    r.WAITS_ELSEWHERE: "the order waits for another location",
    r.COLLECTED_ELSEWHERE: "the customer collects the order elsewhere",
    r.DOES_NOT_DELIVER: "it delivers nothing by itself",
    r.OUTSIDE_ITS_AREA: "the address is outside its delivery area",
    r.AREA_UNKNOWN: "nobody knows how far away the address is",
    "another_location_was_chosen": "a person chose another location",
    "ships": "it is part of the best plan",
    "has_everything": "it has everything, but costs more, needs more parcels or is farther away",
    "has_some": "it has only some of the items, and the plan is better without it",
}

_PARTS = {"split": "splits", "lateness": "lateness", "stock_out": "last units"}


@dataclass(frozen=True, slots=True)
class Weighed:
    """One location in the decision, with its one reason."""

    location: str
    verdict: Verdict
    reason: str
    distance_km: float | None = None


@dataclass(frozen=True, slots=True)
class CostParts:
    """One plan that was compared, in minor units by cost part; `more` names further parts,
    `worse` why it was not chosen."""

    locations: tuple[str, ...]
    parcels: int
    parcel_cost: int
    unit_cost: int
    units_short: int
    more: Mapping[str, int] = field(default_factory=dict)
    worse: Worse | None = None

    @property
    def cost(self) -> int:
        return self.parcel_cost + self.unit_cost + sum(self.more.values())


@dataclass(frozen=True, slots=True)
class Trace:
    """A routing decision as it was made; `compared` begins with the plan that was chosen.

    Of a rule set, `version` is its number, `rule` the rule that had the last word, `aims` what
    that rule prefers in words, `steps` what every rule came to, and `facts` all that the
    decision depended on: from them it can be made again. `override` names the person who chose.
    Of very many locations the first are named; `more` counts the others by their reason.
    `clock` says how long the order might wait for one parcel (Leave, and `until` in UTC).
    `beside` is worked out when it is asked for, and not stored. A `brief` one was planned while
    others waited (Limits).
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
    more: Mapping[str, int] = field(default_factory=dict)
    clock: Mapping[str, Any] = field(default_factory=dict)
    beside: tuple[Beside, ...] = ()
    brief: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data: dictionaries, lists, numbers and words."""
        plain = asdict(self)
        plain["objective"] = self.objective.value
        for name in ("weighed", "compared", "picks", "steps", "beside"):
            plain[name] = list(plain[name])
        for parts in plain["compared"]:
            parts["locations"] = list(parts["locations"])
        for each in plain["beside"]:
            each["others"] = list(each["others"])
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Trace:
        return cls(
            objective=Objective(plain["objective"]),
            rule=plain["rule"],
            version=plain["version"],
            weighed=tuple(Weighed(**each) for each in plain["weighed"]),
            compared=tuple(map(_parts_from, plain["compared"])),
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
            more=plain.get("more", {}),
            clock=plain.get("clock", {}),
            beside=tuple(map(_beside_from, plain.get("beside", ()))),
            brief=plain.get("brief", False),
        )


def _parts_from(plain: Mapping[str, Any]) -> CostParts:
    worse = plain.get("worse")
    told = {"locations": tuple(plain["locations"]), "worse": Worse(**worse) if worse else None}
    return CostParts(**{**plain, **told})


def _beside_from(plain: Mapping[str, Any]) -> Beside:
    return Beside(**{**plain, "worse": Worse(**plain["worse"]), "others": tuple(plain["others"])})


def trace_of(
    demands: Sequence[Demand],
    candidates: Sequence[Candidate],
    objective: Objective,
    found: Plan,
    rule: str,
    version: int,
    others: Iterable[Plan] = (),
    facts: Any = None,
) -> Trace:
    """The trace of a plan that was made from these very demands and candidates."""
    chosen = {pick.location for pick in found.picks}
    wanted: dict[str, int] = {}
    for demand in demands:
        wanted[demand.sku] = wanted.get(demand.sku, 0) + demand.quantity
    weighed, more = shortened([_weigh(each, wanted, chosen) for each in candidates])
    return Trace(
        objective=objective,
        rule=rule,
        version=version,
        weighed=weighed,
        compared=tuple(_cost_parts(each, candidates) for each in (found, *others)),
        picks=found.picks,
        short=dict(found.short),
        proven=found.proven,
        gap_bound=found.gap_bound,
        gap_unit=found.gap_unit,
        facts=facts,
        more=more,
    )


def shortened(weighed: Sequence[Weighed]) -> tuple[tuple[Weighed, ...], dict[str, int]]:
    """All of them when they are few; else what was chosen, the first others, and counts."""
    if len(weighed) <= SITES_KEPT:
        return tuple(weighed), {}
    by_verdict = sorted(weighed, key=lambda each: _VERDICTS.index(each.verdict))
    counts: dict[str, int] = {}
    for each in by_verdict[SITES_KEPT:]:
        counts[each.reason] = counts.get(each.reason, 0) + 1
    return tuple(by_verdict[:SITES_KEPT]), counts


def plain_facts(demands: Sequence[Demand], sites: Sequence[Candidate]) -> Any:
    """What a plan without rules depended on, as short as can be; None when that is very much."""
    able = [site for site in sites if site.excluded is None]
    if len(able) > SITES_KEPT:
        return None
    wanted = [(demand.sku, demand.quantity) for demand in demands]
    return {
        "wanted": wanted,
        "sites": [
            (
                site.location,
                site.rank,
                site.parcel_cost,
                site.unit_cost,
                site.distance_km,
                {sku: units for sku, _ in wanted if (units := site.available.get(sku, 0))},
            )
            for site in able
        ],
    }


def made_again(trace: Trace) -> Plan | None:
    """The plan that the facts of a trace without rules lead to; None when they were not kept."""
    if not has_plain_facts(trace):
        return None
    return plan(*plain_question(trace), trace.objective, Limits(brief=trace.brief))


def has_plain_facts(trace: Trace) -> bool:
    return isinstance(trace.facts, Mapping) and "sites" in trace.facts


def plain_question(trace: Trace) -> tuple[list[Demand], list[Candidate]]:
    """What was wanted, and the locations that were able, of a trace without rules."""
    wanted, sites = trace.facts["wanted"], trace.facts["sites"]
    return [Demand(*each) for each in wanted], [Candidate(*each) for each in sites]


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
        f"{in_force(trace.rule if trace.aims else '', trace.version)}: "
        f"{trace.aims or _OBJECTIVES[trace.objective]}.",
        *_steps(trace),
        *([f"{trace.override} chose the location."] if trace.override else []),
        *(
            _compared(parts, place, trace.compared[0], money)
            for place, parts in enumerate(trace.compared)
        ),
        _certainty(trace, money),
        *(_about(each, trace, money) for each in trace.weighed if each.verdict != "chosen"),
        *(f"{count} more: {_reason(reason)}." for reason, count in trace.more.items()),
    ]


def in_force(rule: str, version: int) -> str:
    """The rule that decided; "" stands for a shop without rules, whose policy decides."""
    return f"Rule “{rule}”, version {version}" if rule else "No routing rules"


def ships(picks: Iterable[tuple[str, str, int]]) -> list[str]:
    """“BER ships 2 × mug-red, 1 × card”, one for each location of (location, sku, units)."""
    found: dict[str, list[str]] = {}
    for location, sku, quantity in picks:
        found.setdefault(location, []).append(f"{quantity} × {sku}")
    return [f"{location} ships {', '.join(items)}" for location, items in found.items()]


def _weigh(site: Candidate, wanted: Mapping[str, int], chosen: set[str]) -> Weighed:
    if site.location in chosen:
        return Weighed(site.location, "chosen", "ships", site.distance_km)
    if site.excluded is not None:
        return Weighed(site.location, "excluded", site.excluded, site.distance_km)
    has = [site.available.get(sku, 0) for sku in wanted]
    if not any(quantity > 0 for quantity in has):
        return Weighed(site.location, "excluded", r.NO_STOCK, site.distance_km)
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
    picks = ((pick.location, pick.sku, pick.quantity) for pick in trace.picks)
    lines = [f"{each}." for each in ships(picks)]
    missing = ", ".join(f"{quantity} × {sku}" for sku, quantity in trace.short.items())
    return [*lines, *([f"{missing} cannot ship now."] if missing else [])]


def _steps(trace: Trace) -> list[str]:
    """What each rule came to, when more than one was looked at."""
    told = {
        "all": "had a place for everything",
        "part": "had a place for a part",
        "nothing": "had no place for it",
    }
    lines = [
        f"“{step.rule}” {told.get(step.outcome) or f'is not for it: {step.detail}'}."
        for step in trace.steps
    ]
    return lines if len(lines) > 1 else []


def _compared(parts: CostParts, place: int, first: CostParts, money: Callable[[int], str]) -> str:
    if not parts.locations:
        return "Nothing can be shipped now."
    word = "Chosen" if place == 0 else "Instead"
    count = "1 parcel" if parts.parcels == 1 else f"{parts.parcels} parcels"
    total, parcel, unit = map(money, (parts.cost, parts.parcel_cost, parts.unit_cost))
    places = " + ".join(parts.locations)
    more = "".join(f", {money(cost)} {_PARTS.get(name, name)}" for name, cost in parts.more.items())
    missing = parts.units_short - first.units_short
    short = f"; {missing} more would wait" if missing > 0 else ""
    short = f": {in_words(parts.worse, money)}" if parts.worse else short
    return f"{word}: {places}, {count}, {total} ({parcel} parcels, {unit} handling{more}){short}."


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
    reason = _reason(each.reason)
    beside = next((b for b in trace.beside if b.location == each.location), None)
    if beside is not None:
        return f"{each.location}{away} {verb}: {beside_in_words(beside, money)}."
    if each.reason == r.NO_STOCK:
        return f"{each.location}{away} has none of these items."
    alone = (parts.cost for parts in trace.compared if parts.locations == (each.location,))
    cost = next((f" It would cost {money(known)}." for known in alone), "")
    return f"{each.location}{away} {verb}: {reason}.{cost}"


def _reason(code: str) -> str:
    return _REASONS.get(code, code.replace("_", " "))
