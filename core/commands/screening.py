"""Screening: an order is looked at when it comes in and when it changes; people set the rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated

from core.commands.address_forms import form_of
from core.commands.gatehouse import lift
from core.commands.holds import ask_locations
from core.commands.screened import BY, is_ours, settle
from core.db import roster
from core.db import screening as db
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.address import address_key
from core.domain.cases import CaseKind, Finding
from core.domain.concerns import Facts, concerns
from core.domain.holds import Hold, HoldReason, Scope
from core.domain.order import Change, Order, OrderStatus
from core.domain.refusals import NotPossible
from core.domain.screening import RULES, Concern, Settings, Then, judge, news
from core.domain.stock import Level
from core.domain.values import dataclass
from core.registry import Arg, Done, command

LOOKED_AT = ("ship_to", "email", "phone", "customer_name")
AN_HOUR = timedelta(hours=1)
Keys = Sequence[tuple[str, str]]


# --- a new order ---------------------------------------------------------------------------------


def screen(uow: UnitOfWork, order: Order, levels: Sequence[Level] | None) -> Order:
    """Look at a new order that is about to be stored; what is wrong holds it or opens a case."""
    settings = uow.shop.screening
    if not settings.active:
        return order
    found = concerns(order, _facts(uow, order, settings, levels), settings)
    return _act(uow, order, found, (), "capture") if found else order


def _facts(
    uow: UnitOfWork, order: Order, settings: Settings, levels: Sequence[Level] | None
) -> Facts:
    """Only what an active rule asks for; a new customer has no past to look at."""
    active, is_new = settings.active, uow.people.is_new(order.customer_id)
    seen: tuple[str, ...] = ()
    if "duplicate" in active and order.customer_id is not None and not is_new:
        seen = db.twins(uow.session, order, active["duplicate"].limit)
    return Facts(
        form=form_of(order.ship_to.country.upper()),
        currency=uow.shop.currency,
        is_new_customer=is_new,
        twins=seen,
        recent=_recent(uow, order, settings) if settings.counts_history else {},
        costs=db.costs_of(uow.session, uow.shop.id, [x.sku for x in order.lines])
        if "margin" in active
        else {},
        left=_left(uow, order, levels) if "last_units" in active else {},
    )


def _recent(uow: UnitOfWork, order: Order, settings: Settings) -> Mapping[str, int]:
    """How many orders of the last hour share a contact, an address or an origin with this one."""
    marks = {rule: mark for rule, mark in _marks(order) if rule in settings.active}
    counts = db.count_marks(uow.session, uow.shop.id, list(marks.values()), uow.now - AN_HOUR)
    db.add_marks(uow, order, marks.values())
    return {rule: counts.get(mark, 0) + 1 for rule, mark in marks.items()}


def _marks(order: Order) -> Iterable[tuple[str, str]]:
    """What an order is recognized by, hashed: the marks say nothing about anybody."""
    for rule, what in (
        ("many_by_email", order.email),
        ("many_by_phone", order.phone),
        ("many_by_address", address_key(order.ship_to)),
        ("many_by_ip", order.extra.get("ip", "")),
    ):
        if what:
            plain = f"{rule} {''.join(what.casefold().split())}"
            yield rule, hashlib.sha256(plain.encode()).hexdigest()[:32]


def _left(uow: UnitOfWork, order: Order, levels: Sequence[Level] | None) -> Mapping[str, int]:
    """What is available of each SKU once this order has its units; who always has it is no risk."""
    wanted: dict[str, int] = {}
    for line in order.lines:
        if not line.ships or line.awaits:
            continue
        wanted[line.sku] = wanted.get(line.sku, 0) + line.ordered
    found = levels if levels is not None else uow.stock.levels(sorted(wanted))
    taken = wanted if levels is not None else dict.fromkeys(wanted, 0)
    held = {sku: sum(x.available for x in found if x.sku == sku) for sku in wanted}
    endless = {level.sku for level in found if level.location_id in uow.shop.endless}
    return {sku: max(held[sku] - taken[sku], 0) for sku in wanted if sku not in endless}


# --- what follows --------------------------------------------------------------------------------


def _act(uow: UnitOfWork, order: Order, found: Sequence[Concern], gone: Keys, cause: str) -> Order:
    verdict = judge(found, uow.shop.screening)
    db.write_down(uow, order, cause, verdict.points, found, gone)
    for kind, sentences in verdict.holds.items():
        order = _hold(uow, order, kind, " ".join(dict.fromkeys(sentences)))
    if verdict.needs_person:
        _open_case(uow, order, found, verdict.points)
    return order


def _hold(uow: UnitOfWork, order: Order, kind: HoldReason, note: str) -> Order:
    """A hold beside those that are there; one of the same kind is enough."""
    if any(hold.reason is kind and hold.scope is Scope.ORDER for hold in order.holds):
        return order
    change = order.hold(Hold(uow.new_id(), kind, note, BY, uow.now))
    uow.emit(order.id, *change.events)
    return change.after


def _open_case(uow: UnitOfWork, order: Order, found: Sequence[Concern], points: int) -> None:
    sentences = [concern.sentence for concern in found]
    waits = " waits" if is_ours(order) else ""
    more = f" (and {len(sentences) - 1} more)" if len(sentences) > 1 else ""
    title = f"Order {order.number}{waits}: {sentences[0]}{more}"
    facts = {"concerns": sentences, "points": points}
    subject = f"order:{order.id}"
    uow.cases.close(CaseKind.SCREENING, subject, "something else was seen")
    uow.cases.open(Finding(CaseKind.SCREENING, subject, title, order_id=order.id, facts=facts))


# --- an order that changed -----------------------------------------------------------------------


def screen_again(uow: UnitOfWork, order: Order, cause: str) -> Order:
    """Look at a stored order after an edit. What was told before is not told again, so that what
    a person let pass stays passed; a hold of ours whose cause is gone is lifted."""
    if order.status is not OrderStatus.OPEN:
        return order
    settings = uow.shop.screening
    facts = Facts(form_of(order.ship_to.country.upper()), uow.shop.currency)
    found = concerns(order, facts, settings, again=True)
    told = _told(db.entries_of(uow.session, order.id))
    keys = {concern.key for concern in found}
    gone = [key for key in told if RULES[key[0]].again and key not in keys]
    fresh = news(found, told)
    if fresh or gone:
        order = _act(uow, order, fresh, gone, cause)
        order = uow.orders.save(Change(order))
        order = _let_go(uow, order, found)
        ask_locations(uow, order, [w for w in uow.work.of(order.id) if w.is_open])
        if not found:
            settle(uow, order, "the order was corrected")
    return order


def screen_changed(uow: UnitOfWork, before: Order, after: Order, cause: str) -> Order:
    """Look again at an order of which somebody changed what the rules look at."""
    same = all(getattr(before, name) == getattr(after, name) for name in LOOKED_AT)
    return after if same else screen_again(uow, after, cause)


def _told(entries: Iterable[db.Entry]) -> dict[tuple[str, str], Concern]:
    """Every concern that was told and has not gone since."""
    told: dict[tuple[str, str], Concern] = {}
    for entry in entries:
        for key in entry.gone:
            told.pop(key, None)
        told |= {concern.key: concern for concern in entry.concerns if concern.rule in RULES}
    return told


def _let_go(uow: UnitOfWork, order: Order, found: Sequence[Concern]) -> Order:
    """Lift our holds that nothing asks for any more; one for fraud is a person's to lift."""
    asked = {RULES[c.rule].hold for c in found if c.then is Then.HOLD} | {HoldReason.FRAUD}
    going = [hold for hold in order.holds if hold.by == BY and hold.reason not in asked]
    return lift(uow, order, going, "its cause is gone", "the order was corrected")


# --- what people say -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScreenOrder:
    """Look at an order once more by the rules of the screening as they are now."""

    order: Annotated[str, Arg.ORDER]


@command("screen", ScreenOrder, Right.HOLD, many=True, examples=("screen 1001",))
def screen_order(ask: ScreenOrder, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    if order.status is not OrderStatus.OPEN:
        raise NotPossible(f"Order {order.number} is {order.status.value}; nothing can wait.")
    after = screen_again(uow, order, "asked")
    words = "nothing new was seen" if after is order else "something was seen or settled"
    return Done(f"Order {order.number} was looked at: {words}.", {"order": order.number})


@dataclass(frozen=True, slots=True)
class SetScreening:
    """Decide one rule of the screening: off, count, warn or hold, its limit, its points."""

    rule: Annotated[str, Arg.WORD]
    value: Annotated[str, Arg.TEXT]


@command(
    "screening set",
    SetScreening,
    Right.MANAGE,
    examples=(
        "screening set fraud yes",
        "screening set countries DE AT CH",
        "screening set duplicate warn 60",
        "screening set many_by_email points 30",
    ),
)
def set_screening(ask: SetScreening, uow: UnitOfWork) -> Done:
    key = ask.rule.casefold().replace("-", "_")
    before = uow.shop.screening
    after = before.change(key, ask.value)
    stored = roster.settings_of(uow.session, uow.shop.id)
    uow.people.set_shop(settings=stored | {"screening": after.stored()})
    uow.undo = SetScreening(key, before.as_typed(key))
    return Done(f"{key} is {after.as_typed(key)} now.", {"before": before.as_typed(key)})


@dataclass(frozen=True, slots=True)
class ForgetMarks:
    """Throw away what nothing counts any more."""


@command("forget-marks", ForgetMarks, Right.MACHINERY, in_chat=False)
def forget_marks(_: ForgetMarks, uow: UnitOfWork) -> Done:
    return Done(f"{db.forget_marks(uow)} marks are forgotten.")
