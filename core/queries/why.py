"""Why an order ships from where it does: the stored trace told again, and the plans beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import msgspec

from core.db import routing, searching
from core.db.reading import Reader
from core.db.rows import from_json, moment
from core.domain.access import Right
from core.domain.refusals import NotFound
from core.domain.routing.beside import told_beside, told_without_rules
from core.domain.routing.decision import Facts, decide
from core.domain.routing.planner import Limits
from core.domain.routing.problem import Pick
from core.domain.routing.trace import Trace, made_again, ships
from core.domain.values import dataclass
from core.registry import Arg, question

EARLIER_SHOWN = 5


@dataclass(frozen=True, slots=True)
class WhyRouted:
    """Say why an order ships from where it does."""

    order: Annotated[str, Arg.ORDER]


@dataclass(frozen=True, slots=True)
class Decided:
    """An earlier decision about the same order; without a `rule` the shop's policy decided."""

    at: datetime
    rule: str
    version: int
    locations: tuple[str, ...]
    by: str = ""
    ships: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoutingStory:
    """`same_again` says whether the stored facts lead to the same plan today; None: not kept."""

    order: str
    at: datetime | None
    trace: dict[str, Any] | None
    same_again: bool | None = None
    earlier: tuple[Decided, ...] = ()


@question("why", WhyRouted, Right.VIEW, examples=("why 1001",))
def why(ask: WhyRouted, reader: Reader) -> RoutingStory:
    order = reader.orders.get(ask.order)
    found = searching.traces_of(reader.session, order.id, EARLIER_SHOWN)
    if not found:
        return RoutingStory(order.number, None, None)
    (plain, at), *before = found
    trace, same = told_again(reader, Trace.from_json(from_json(plain)))
    earlier = tuple(_decided(from_json(text), moment(when)) for text, when in before)
    shown = replace(trace, facts=None).to_json()
    return RoutingStory(order.number, moment(at), shown, same, earlier)


def told_again(reader: Reader, trace: Trace) -> tuple[Trace, bool | None]:
    """The trace with the plans that it was better than, and whether it comes out the same."""
    if trace.facts is None or trace.override:
        return trace, None
    again = made_again(trace)
    if again is not None:
        same = _units(again.picks) == _units(trace.picks)
        return (told_without_rules(trace) if same else trace), same
    try:
        document = routing.RULES.one(reader.session, reader.shop.id, trace.version).document
    except NotFound:
        return trace, None
    facts = msgspec.convert(trace.facts, Facts)
    found = decide(document, facts, Limits(brief=trace.brief))
    same = _units(found.picks) == _units(trace.picks)
    return told_beside(trace, document, facts, found), same


def _units(picks: tuple[Pick, ...]) -> set[Pick]:
    return set(picks)


def _decided(plain: dict[str, Any], at: datetime) -> Decided:
    locations = tuple(sorted({pick["location"] for pick in plain["picks"]}))
    rule = plain["rule"] if plain.get("aims") else ""
    told = ships((pick["location"], pick["sku"], pick["quantity"]) for pick in plain["picks"])
    by = plain.get("override", "")
    return Decided(at, rule, plain["version"], locations, by, tuple(told))
