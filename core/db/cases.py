"""Cases: rows ↔ domain, one open row per kind and subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement, one_of
from core.db.orders import seen_from_own_places
from core.db.rows import from_json, micros, micros_or_none, moment, moment_or_none, to_json
from core.domain import events as e
from core.domain.blocking import case_due
from core.domain.cases import RULES, Case, CaseKind, Finding, Rule
from core.domain.refusals import Conflict, NotFound
from core.domain.undo import CaseBefore

if TYPE_CHECKING:
    from core.db.reading import Reader
    from core.db.unit_of_work import UnitOfWork

_c = t.cases.c
_FIELDS = [c for c in t.cases.columns if c.name != "shop_id"]
_LAST = 2**62  # after every date
TAKEN_BACK_NOTE = "the step was taken back"
_NOW_OPEN = one_of(_c.state, ("open", "taken", "snoozed"))
_BY_ID = Statement(
    sa.select(*_FIELDS).where(_c.shop_id == sa.bindparam("shop"), _c.id == sa.bindparam("id"))
)
_BY_NUMBER = Statement(
    sa.select(*_FIELDS).where(
        _c.shop_id == sa.bindparam("shop"), _c.number == sa.bindparam("number")
    )
)
_LOCKED = Statement(
    sa.select(*_FIELDS)
    .where(_c.shop_id == sa.bindparam("shop"), _c.id == sa.bindparam("id"))
    .with_for_update()
)
_OPEN_ONE = Statement(
    sa.select(*_FIELDS).where(
        _c.shop_id == sa.bindparam("shop"),
        _c.kind == sa.bindparam("kind"),
        _c.subject == sa.bindparam("subject"),
        _NOW_OPEN,
    )
)
_OPEN_OF_KIND = Statement(
    sa.select(*_FIELDS)
    .where(_c.shop_id == sa.bindparam("shop"), _c.kind == sa.bindparam("kind"), _NOW_OPEN)
    .order_by(_c.id)
)
_OPEN_OF_ORDER = Statement(
    sa.select(*_FIELDS)
    .where(_c.shop_id == sa.bindparam("shop"), _c.order_id == sa.bindparam("order"), _NOW_OPEN)
    .order_by(_c.id)
)
_OPEN_OF_GROUP = Statement(
    sa.select(*_FIELDS).where(_c.group_id == sa.bindparam("group"), _NOW_OPEN)
)
_SNOOZED = Statement(
    sa.select(*_FIELDS).where(
        _c.shop_id == sa.bindparam("shop"),
        _c.state == "snoozed",
        _c.snoozed_until <= sa.bindparam("now"),
    )
)
_UPDATE = Statement(
    t.cases.update().where(
        _c.id == sa.bindparam("row_id"), _c.version == sa.bindparam("seen_version")
    ),
    sets=(
        "state",
        "title",
        "assignee",
        "due_at",
        "snoozed_until",
        "resolved_at",
        "resolution",
        "facts",
        "version",
    ),
)


def read_case(row: Row) -> Case:
    r: dict[str, Any] = dict(zip((c.name for c in _FIELDS), row, strict=True))
    return Case(
        **{
            **r,
            "kind": CaseKind(r["kind"]),
            "facts": from_json(r["facts"]),
            "opened_at": moment(r["opened_at"]),
            "due_at": moment_or_none(r["due_at"]),
            "snoozed_until": moment_or_none(r["snoozed_until"]),
            "resolved_at": moment_or_none(r["resolved_at"]),
        }
    )


def case_by_id(session: Session, shop_id: int, case_id: int) -> Case | None:
    row = session.row(_BY_ID, shop=shop_id, id=case_id)
    return None if row is None else read_case(row)


def open_cases_of(session: Session, shop_id: int, order_id: int) -> list[Case]:
    return [read_case(row) for row in session.rows(_OPEN_OF_ORDER, shop=shop_id, order=order_id)]


def visible_cases(within: UnitOfWork | Reader) -> sa.ColumnElement[bool]:
    """People of a store see the cases of their own places and of orders promised from there."""
    mine = _c.shop_id == within.actor.shop_id
    orders = seen_from_own_places(within)
    if orders is None:
        return mine
    places = [p.id for p in within.shop.locations.values() if p.code in within.actor.locations]
    return sa.and_(mine, sa.or_(_c.location_id.in_(places), _c.order_id.in_(orders)))


def visible_case(within: UnitOfWork | Reader, number: int) -> Case:
    """The case of this number, if this person may see it; anything else is *not found*."""
    found = within.session.select(
        sa.select(*_FIELDS).where(visible_cases(within), _c.number == number)
    )
    if not found:
        raise NotFound(f"There is no case {number}.", "Write `cases` to see the open ones.")
    return read_case(tuple(found[0]))


def list_open_cases(
    within: UnitOfWork | Reader,
    *,
    kind: CaseKind | None = None,
    assignee: str | None = None,
    location_id: int | None = None,
    limit: int = 50,
) -> tuple[list[Case], int]:
    """Open cases, those of this person first, then by due date; and how many there are in all.

    The cases of a storm stand behind its one card and are not listed beside it.
    """
    clause = sa.and_(visible_cases(within), _NOW_OPEN, _c.group_id.is_(None))
    if kind is not None:
        clause = sa.and_(clause, _c.kind == kind.value)
    if assignee is not None:
        clause = sa.and_(clause, _c.assignee == assignee)
    if location_id is not None:
        clause = sa.and_(clause, _c.location_id == location_id)
    mine_first = sa.case((_c.assignee == within.actor.name, 0), else_=1)
    rows = within.session.select(
        sa.select(*_FIELDS)
        .where(clause)
        .order_by(mine_first, sa.func.coalesce(_c.due_at, _LAST), _c.id)
        .limit(limit)
    )
    total = within.session.select(sa.select(sa.func.count()).where(clause).select_from(t.cases))
    return [read_case(tuple(row)) for row in rows], int(total[0][0])


def count_open_cases(within: UnitOfWork | Reader, places: Sequence[int] | None) -> int:
    """Open cases, of some locations or of the whole shop; a storm counts as its cases do."""
    clause = sa.and_(visible_cases(within), _NOW_OPEN, _c.kind != CaseKind.STORM.value)
    if places is not None:
        clause = sa.and_(clause, _c.location_id.in_(places))
    rows = within.session.select(sa.select(sa.func.count()).select_from(t.cases).where(clause))
    return int(rows[0][0])


def members_of(within: UnitOfWork | Reader, storm_id: int) -> list[Case]:
    """The cases behind a storm's card that this person may see."""
    rows = within.session.select(
        sa.select(*_FIELDS)
        .where(visible_cases(within), _c.group_id == storm_id)
        .order_by(_c.number)
        .limit(200)
    )
    return [read_case(tuple(row)) for row in rows]


class Cases:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._session = uow.session

    def get(self, number: int) -> Case:
        row = self._session.row(_BY_NUMBER, shop=self._uow.shop.id, number=number)
        if row is None:
            raise NotFound(f"There is no case {number}.", "Write `cases` to see the open ones.")
        return read_case(row)

    def by_id(self, case_id: int) -> Case:
        row = self._session.row(_BY_ID, shop=self._uow.shop.id, id=case_id)
        if row is None:
            raise NotFound("There is no such case.")
        return read_case(row)

    def open_one(self, kind: CaseKind, subject: str) -> Case | None:
        row = self._session.row(_OPEN_ONE, shop=self._uow.shop.id, kind=kind.value, subject=subject)
        return None if row is None else read_case(row)

    def open_of_kind(self, kind: CaseKind) -> list[Case]:
        rows = self._session.rows(_OPEN_OF_KIND, shop=self._uow.shop.id, kind=kind.value)
        return [read_case(row) for row in rows]

    def open_of_order(self, order_id: int) -> list[Case]:
        return open_cases_of(self._session, self._uow.shop.id, order_id)

    def open_of_group(self, group_id: int) -> list[Case]:
        return [read_case(row) for row in self._session.rows(_OPEN_OF_GROUP, group=group_id)]

    def snoozed_due(self) -> list[Case]:
        rows = self._session.rows(_SNOOZED, shop=self._uow.shop.id, now=micros(self._uow.now))
        return [read_case(row) for row in rows]

    def open(self, finding: Finding, group_id: int | None = None) -> Case:
        """Open a case, or give back the one that is open for this kind and subject already."""
        self._order_first(finding.order_id)
        known = self.open_one(finding.kind, finding.subject)
        if known is not None:
            return known
        rule = RULES[finding.kind]
        case = Case(
            id=self._uow.new_id(),
            number=self._uow.people.next_number("case", start=0),
            kind=finding.kind,
            subject=finding.subject,
            title=finding.title,
            state="open",
            opened_at=self._uow.now,
            party=rule.party,
            order_id=finding.order_id,
            location_id=finding.location_id,
            facts=finding.facts,
            due_at=finding.due_at or self._due(rule, finding.location_id),
            group_id=group_id,
        )
        self._uow.insert(t.cases, self._row(case))
        fact = e.CaseOpened(case.id, case.kind.value, case.title, grouped=group_id is not None)
        self._uow.emit(case.order_id, fact)
        return case

    def _due(self, rule: Rule, location_id: int | None) -> datetime:
        """The rule's hours as working time of whoever acts."""
        shop = self._uow.shop
        place = shop.locations.get(location_id or 0)
        return case_due(shop, rule.party, place, self._uow.now, rule.hours)

    def _order_first(self, order_id: int | None) -> None:
        """Everybody locks an order before its cases, so that nobody waits in a circle."""
        if order_id is not None and not self._uow.founding:
            self._uow.orders.own(order_id)

    def save(self, before: Case, after: Case, note: str = "") -> Case:
        self._order_first(after.order_id)
        changed = self._session.run(
            _UPDATE,
            row_id=after.id,
            seen_version=before.version,
            state=after.state,
            title=after.title,
            assignee=after.assignee,
            due_at=micros_or_none(after.due_at),
            snoozed_until=micros_or_none(after.snoozed_until),
            resolved_at=micros_or_none(after.resolved_at),
            resolution=after.resolution,
            facts=to_json(dict(after.facts)),
            version=before.version + 1,
        )
        if changed != 1:
            raise Conflict(f"Case {after.number} changed meanwhile.", "Look again and repeat.")
        self._remember(before)
        if after.state != before.state or note:
            fact = e.CaseChanged(after.id, after.kind.value, after.state, note)
            self._uow.emit(after.order_id, fact)
        if not after.is_open and after.group_id is not None:
            self._end_storm(after.group_id)
        return after

    def _remember(self, before: Case) -> None:
        """How undo finds it: as it was before the first change of this command."""
        was = self._uow.cases_were.get(before.id)
        first = was or CaseBefore(before.id, 0, before.state, before.assignee, before.snoozed_until)
        self._uow.cases_were[before.id] = replace(first, version=before.version + 1)

    def put_back(self, was: CaseBefore) -> None:
        """Undo what a step did to a case. Raises Conflict when somebody changed it since."""
        case = self.by_id(was.id)
        if case.version != was.version:
            raise Conflict(f"Case {case.number} has changed since.", "Look at it and decide anew.")
        other = self.open_one(case.kind, case.subject)
        if other is None or other.id == case.id:
            self.save(case, case.put_back(was), TAKEN_BACK_NOTE)

    def _end_storm(self, storm_id: int) -> None:
        """A storm is over when none of its cases is open any more."""
        row = self._session.row(_LOCKED, shop=self._uow.shop.id, id=storm_id)
        storm = None if row is None else read_case(row)
        if storm is not None and storm.is_open and not self.open_of_group(storm_id):
            over = "all of its cases are closed"
            self.save(storm, storm.resolve(self._uow.now, over), over)

    def close(self, kind: CaseKind, subject: str, resolution: str) -> None:
        """The cause is gone: close the open case for it, if there is one."""
        known = self.open_one(kind, subject)
        if known is not None:
            self.save(known, known.resolve(self._uow.now, resolution), resolution)

    def _row(self, case: Case) -> dict[str, Any]:
        return {
            "id": case.id,
            "shop_id": self._uow.shop.id,
            "number": case.number,
            "kind": case.kind.value,
            "subject": case.subject,
            "order_id": case.order_id,
            "location_id": case.location_id,
            "title": case.title,
            "facts": to_json(dict(case.facts)),
            "party": case.party,
            "state": case.state,
            "opened_at": micros(case.opened_at),
            "due_at": micros_or_none(case.due_at),
            "group_id": case.group_id,
            "version": 1,
        }
