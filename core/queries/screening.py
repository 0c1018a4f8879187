"""The screening as staff see it: what the shop looks for, and what was seen in one order."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from core.db.reading import Reader
from core.db.screening import Entry, entries_of
from core.domain.access import Right
from core.domain.order import Order
from core.domain.screening import RULES, SWITCHES, Concern, Settings
from core.domain.values import dataclass
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class RuleView:
    """One rule: what it looks for, what follows, its points and its limit (0 and "": none)."""

    rule: str
    says: str
    then: str
    points: int
    limit: int
    limit_is: str
    is_asked: bool


@dataclass(frozen=True, slots=True)
class SwitchView:
    name: str
    says: str
    value: str


@dataclass(frozen=True, slots=True)
class ScreeningView:
    rules: tuple[RuleView, ...]
    switches: tuple[SwitchView, ...]


@dataclass(frozen=True, slots=True)
class ConcernView:
    """`state` is holds, counts, was let pass (by a person) or settled (by an edit)."""

    rule: str
    sentence: str
    points: int
    then: str
    state: str
    at: datetime
    cause: str


@dataclass(frozen=True, slots=True)
class ScreenedOrder:
    """What was seen in an order; `points` are those of what is not settled."""

    order: str
    concerns: tuple[ConcernView, ...]
    points: int
    review_at: int
    hold_at: int
    held: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExplainScreening:
    """Say what the screening saw in an order, point by point."""

    order: Annotated[str, Arg.ORDER]


@question("screening", ExplainScreening, Right.VIEW, examples=("screening 1001",))
def explain_screening(ask: ExplainScreening, reader: Reader) -> ScreenedOrder:
    order = reader.orders.get(ask.order)
    entries = entries_of(reader.session, order.id)
    gone = _settled(entries)
    seen = [
        _concern(one, entry, order, number in gone.get(one.key, ()))
        for number, entry in enumerate(entries)
        for one in entry.concerns
    ]
    settings = reader.shop.screening
    return ScreenedOrder(
        order.number,
        tuple(seen),
        sum(one.points for one in seen if one.state != "settled"),
        settings.review_at,
        settings.hold_at,
        tuple(hold.reason.value for hold in order.holds if hold.by == "screening"),
    )


def _settled(entries: list[Entry]) -> dict[tuple[str, str], set[int]]:
    """For each concern the entries whose telling of it a later entry has settled."""
    return {key: set(range(number)) for number, entry in enumerate(entries) for key in entry.gone}


def _concern(one: Concern, entry: Entry, order: Order, is_gone: bool) -> ConcernView:
    kind = RULES[one.rule].hold if one.rule in RULES else None
    holding = one.then == "hold" and any(
        hold.by == "screening" and hold.reason is kind for hold in order.holds
    )
    state = "settled" if is_gone else "holds" if holding else "counts"
    state = "was let pass" if one.then == "hold" and state == "counts" else state
    return ConcernView(
        one.rule, one.sentence, one.points, one.then.value, state, entry.at, entry.cause
    )


@dataclass(frozen=True, slots=True)
class ShowScreening:
    """Show what is looked for in new orders, and what follows."""


@question("screening", ShowScreening, Right.VIEW, examples=("screening",))
def show_screening(_ask: ShowScreening, reader: Reader) -> ScreeningView:
    settings = reader.shop.screening
    return ScreeningView(
        tuple(_rule(key, settings) for key in RULES),
        tuple(SwitchView(key, says, settings.as_typed(key)) for key, says in SWITCHES.items()),
    )


def _rule(key: str, settings: Settings) -> RuleView:
    rule, one = RULES[key], settings.of(key)
    return RuleView(
        key,
        rule.says,
        one.then.value,
        one.points,
        one.limit,
        rule.limit_is,
        key in settings.active,
    )
