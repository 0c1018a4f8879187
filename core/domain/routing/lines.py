"""Hypothetical orders as JSON lines: a routing question in, a plan out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.domain.refusals import Invalid
from core.domain.routing.planner import Candidate, Demand, Objective, Plan, plan

_SHAPE = (
    'Send {"objective", "lines": [{"sku", "quantity"}], '
    '"locations": [{"id", "parcel_cost", "unit_cost", "stock"}]}.'
)


def answer_line(line: str) -> str:
    """The plan of one question, as one line of JSON. Raises Invalid."""
    try:
        asked = json.loads(line)
        objective = Objective(asked["objective"])
        demands = [Demand(str(one["sku"]), _whole(one["quantity"])) for one in asked["lines"]]
        sites = [_site(rank, one) for rank, one in enumerate(asked["locations"])]
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise Invalid(f"This is no routing question ({problem!r}).", _SHAPE) from problem
    return json.dumps(_told(plan(demands, sites, objective)), ensure_ascii=False)


def _site(rank: int, one: Mapping[str, Any]) -> Candidate:
    stock = {str(sku): _whole(quantity) for sku, quantity in one["stock"].items()}
    costs = _whole(one["parcel_cost"]), _whole(one["unit_cost"])
    return Candidate(str(one["id"]), rank, *costs, None, stock)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{value!r} is not a whole number")
    return value


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
