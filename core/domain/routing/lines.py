"""Hypothetical orders as JSON lines: a routing question in, a plan or one clear error out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.domain.refusals import Invalid, Refusal
from core.domain.routing.planner import (
    Candidate,
    Demand,
    Limits,
    Objective,
    Plan,
    Solver,
    plan,
)
from core.domain.values import dataclass

# Nobody waits in a chat for these plans.
AT_LEISURE = Limits(node_limit=6_000)
_LARGEST = 10**15

_SHAPE = (
    'Send {"objective", "lines": [{"sku", "quantity"}], '
    '"locations": [{"id", "parcel_cost", "unit_cost", "stock"}]}.'
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of JSON: a plan, or {"error": {"line", "code", "sentence", "next"}}."""

    text: str
    ok: bool


def answer(line: bytes, solver: Solver | None = None, number: int = 1) -> Answer:
    """The answer to one line, whatever it holds; an error names the line by its `number`."""
    try:
        told = _told(_planned(line, solver))
    except Refusal as refusal:
        said = {"code": refusal.code, "sentence": refusal.sentence, "next": refusal.next}
        return Answer(json.dumps({"error": {"line": number, **said}}), False)
    return Answer(json.dumps(told), True)


def _planned(line: bytes, solver: Solver | None) -> Plan:
    asked = _read(line)
    objective = _get(asked, "objective", str, "question")
    if objective not in set(Objective):
        known = ", ".join(Objective)
        raise Invalid(f"There is no objective {_short(objective)}.", f"Objectives: {known}.")
    lines = _get(asked, "lines", list, "question")
    sites = _get(asked, "locations", list, "question")
    demands = [_demand(f"lines[{place}]", one) for place, one in enumerate(lines)]
    candidates = [_site(f"locations[{rank}]", rank, one) for rank, one in enumerate(sites)]
    return plan(demands, candidates, Objective(objective), replace(AT_LEISURE, solver=solver))


def _read(line: bytes) -> Any:
    try:
        # Some editors begin a file with a mark of their own, which "utf-8-sig" passes over.
        return json.loads(line.strip().decode("utf-8-sig"), object_pairs_hook=_once)
    except RecursionError:
        raise Invalid("This is nested too deeply to be a routing question.", _SHAPE) from None
    except ValueError as problem:
        raise Invalid(f"This is no JSON: {problem}.", _SHAPE) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that stands twice would silently lose one of its values."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"{_short(twice)} stands twice in one object.", "Write each name once.")
    return found


def _demand(place: str, one: Any) -> Demand:
    quantity = _get(one, "quantity", int, place)
    if quantity < 1:
        raise Invalid(f"{place}.quantity is {_short(quantity)}.", "Ask for 1 or more.")
    return Demand(_get(one, "sku", str, place), quantity)


def _site(place: str, rank: int, one: Any) -> Candidate:
    costs = _cost(one, "parcel_cost", place), _cost(one, "unit_cost", place)
    stock = _get(one, "stock", dict, place)
    for sku in stock:
        _get(stock, sku, int, f"{place}.stock")
    return Candidate(_get(one, "id", str, place), rank, *costs, None, stock)


def _cost(one: Any, name: str, place: str) -> int:
    cost: int = _get(one, name, int, place)
    if cost < 0:
        raise Invalid(f"{place}.{name} is {_short(cost)}.", "A cost is zero or more minor units.")
    return cost


_KINDS = {str: "a text", int: "a whole number", list: "a list", dict: "an object"}


def _get(one: Any, name: str, kind: type, place: str) -> Any:
    if not isinstance(one, Mapping):
        raise Invalid(f"{place} is {_short(one)}, which is no object.", _SHAPE)
    if name not in one:
        raise Invalid(f"{place} has no {name}.", _SHAPE)
    value = one[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Invalid(f"{_where(place, name)} is {_short(value)}, not {_KINDS[kind]}.", _SHAPE)
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise Invalid(f"{_where(place, name)} is too large.", f"Numbers end at {_LARGEST}.")
    return value


def _where(place: str, name: str) -> str:
    return f"{place}.{name}" if len(name) <= 40 else f"{place}.{name[:39]}…"


def _short(value: Any) -> str:
    """A value as it was written, as far as a person wants to read it."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _told(found: Plan) -> dict[str, Any]:
    picks = [
        {"location": pick.location, "sku": pick.sku, "quantity": pick.quantity}
        for pick in found.picks
    ]
    return {
        "picks": picks,
        "parcels": found.parcels,
        "cost": found.cost,
        "proven": found.proven,
        "short": dict(found.short),
    }
