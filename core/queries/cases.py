"""Cases as people see them: the open ones, one's own first by due date, and one with its story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Annotated, Any

from core.db.cases import list_open_cases, members_of, visible_case
from core.db.orders import numbers_of
from core.db.reading import Reader
from core.domain.access import Right
from core.domain.cases import Case, CaseKind
from core.domain.refusals import Invalid
from core.domain.values import dataclass
from core.queries.holds import BlockedOrder, blocked_orders
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case. `party` acts next until `due_at`; `members` are the cases behind a storm's card."""

    id: int
    number: int
    kind: str
    title: str
    state: str
    party: str
    order: str
    location: str
    assignee: str
    mine: bool
    opened_at: datetime
    due_at: datetime | None
    overdue: bool
    snoozed_until: datetime | None
    resolved_at: datetime | None
    resolution: str
    version: int
    facts: Mapping[str, Any]
    actions: tuple[str, ...]
    members: tuple[CaseView, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class CasePage:
    """The first cases of a list, and how many there are in all; `blocked` are orders that wait
    for this very person."""

    cases: tuple[CaseView, ...]
    total: int
    blocked: tuple[BlockedOrder, ...] = ()


@dataclass(frozen=True, slots=True)
class ListCases:
    """List the open cases: yours first, then by due date."""

    location: Annotated[str, Arg.LOCATION] = ""
    kind: Annotated[CaseKind | None, Arg.CHOICE] = None
    limit: Annotated[int, Arg.NONE] = 20


@question("cases", ListCases, Right.CASE, aliases=("exceptions",), examples=("cases", "cases ber"))
def cases(ask: ListCases, reader: Reader) -> CasePage:
    place = reader.shop.location(ask.location) if ask.location else None
    return _page(reader, ask.limit, kind=ask.kind, location_id=place.id if place else None)


@dataclass(frozen=True, slots=True)
class MyCases:
    """List the cases that you have taken, and the orders that wait for you."""

    limit: Annotated[int, Arg.NONE] = 20


@question("mine", MyCases, Right.CASE, aliases=("cases mine", "my cases"), examples=("mine",))
def mine(ask: MyCases, reader: Reader) -> CasePage:
    page = _page(reader, ask.limit, assignee=reader.actor.name)
    told = {case.order for case in page.cases}
    waiting = (
        each
        for each in blocked_orders(reader, None)
        if each.next.party == reader.actor.name and each.number not in told
    )
    return replace(page, blocked=tuple(waiting)[: ask.limit])


def _page(reader: Reader, limit: int, **narrow: Any) -> CasePage:
    if not 1 <= limit <= 200:
        raise Invalid("A page has 1 to 200 cases.")
    found, total = list_open_cases(reader, limit=limit, **narrow)
    return CasePage(_views(reader, found), total)


@dataclass(frozen=True, slots=True)
class ShowCase:
    """Show one case with its facts and what can be done."""

    number: Annotated[int, Arg.CASE]


@question("case", ShowCase, Right.CASE, examples=("case 7",))
def show(ask: ShowCase, reader: Reader) -> CaseView:
    return case_view(reader, visible_case(reader, ask.number))


def case_view(reader: Reader, case: Case) -> CaseView:
    """One case that this reader may see, with the cases behind it."""
    members = members_of(reader, case.id) if case.kind is CaseKind.STORM else []
    return _views(reader, [case], _views(reader, members))[0]


def _views(
    reader: Reader, found: list[Case], members: tuple[CaseView, ...] = ()
) -> tuple[CaseView, ...]:
    orders = numbers_of(reader.session, {c.order_id for c in found if c.order_id is not None})
    return tuple(_view(reader, case, orders, members) for case in found)


def _view(
    reader: Reader, case: Case, orders: Mapping[int, str], members: tuple[CaseView, ...]
) -> CaseView:
    place = reader.shop.locations.get(case.location_id or 0)
    is_mine = case.assignee == reader.actor.name
    return CaseView(
        id=case.id,
        number=case.number,
        kind=case.kind.value,
        title=case.title,
        state=case.state,
        party=place.code if place and case.party == "location" else case.party,
        order=orders.get(case.order_id or 0, ""),
        location=place.code if place else "",
        assignee=case.assignee,
        mine=is_mine,
        opened_at=case.opened_at,
        due_at=case.due_at,
        overdue=case.is_open and case.due_at is not None and case.due_at < reader.now,
        snoozed_until=case.snoozed_until,
        resolved_at=case.resolved_at,
        resolution=case.resolution,
        version=case.version,
        facts=case.facts,
        actions=_actions(case, is_mine),
        members=members,
    )


def _actions(case: Case, is_mine: bool) -> tuple[str, ...]:
    if not case.is_open:
        return ()
    return ("snooze", "resolve") if is_mine else ("take", "snooze", "resolve")
