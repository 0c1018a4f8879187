"""Returns: asked for by staff or customers, and judged by the shop's rules line by line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Annotated, Any

from core.commands.doubting import doubt_about_goods
from core.commands.nothing_left import why_nothing
from core.commands.return_terms import judge, keepable, words_of
from core.commands.returned_money import pay_for
from core.db.claims import note_photos
from core.db.reading import Reader
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right, Role
from core.domain.cases import CaseKind, Finding
from core.domain.order import Change, Line, Order
from core.domain.photos import KEPT_MOST, require_few_per_line
from core.domain.refusals import Invalid, NotPossible
from core.domain.returning.deadline import deadline
from core.domain.returning.rules import plain_terms, read_terms
from core.domain.returning.verdict import Assessed, Verdict, overall
from core.domain.returns import ReturnReason, Rma, RmaLine, RmaStatus, Wish, units_of
from core.domain.values import dataclass
from core.registry import Arg, Done, command

Units = dict[int, int]  # line id -> units
ALL = "all"  # typed in the place of a SKU


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """Units of one line, named by its id or SKU; no quantity means all that can come back, no
    reason that of the whole return."""

    line: str
    quantity: int | None = None
    reason: ReturnReason | None = None


@dataclass(frozen=True, slots=True)
class RequestReturn:
    """Start a return of delivered goods: of one line, or of `all` that was delivered.

    Without a SKU and lines it is all; people are asked which.
    """

    order: Annotated[str, Arg.ORDER]
    sku: Annotated[str, Arg.SKU] = ""
    quantity: Annotated[int | None, Arg.QUANTITY] = None
    reason: Annotated[ReturnReason, Arg.CHOICE] = ReturnReason.UNKNOWN
    wish: Annotated[Wish, Arg.CHOICE] = Wish.REFUND
    note: Annotated[str, Arg.TEXT] = ""
    lines: Annotated[tuple[ReturnedLine, ...], Arg.NONE] = ()
    photos: Annotated[tuple[str, ...], Arg.NONE] = ()

    def audited(self) -> dict[str, Any]:
        return _audited(self)

    @property
    def wanted(self) -> tuple[ReturnedLine, ...]:
        if not self.sku or (self.sku.casefold() == ALL and self.quantity is None):
            return self.lines
        return (ReturnedLine(self.sku, self.quantity), *self.lines)


@command(
    "return",
    RequestReturn,
    Right.RETURN_REQUEST,
    aliases=("rma",),
    asks_for="sku",
    examples=("return 1001 all", "return 1001 mug-red 1 defective"),
)
def request(ask: RequestReturn, uow: UnitOfWork) -> Done:
    doubted = doubt_about_goods(uow, uow.orders.get(ask.order), told(ask.wanted))
    return doubted or request_return(uow, ask)


def told(wanted: Iterable[ReturnedLine]) -> list[tuple[str, int | None]]:
    return [(wish.line, wish.quantity) for wish in wanted]


@dataclass(frozen=True, slots=True)
class RequestOwnReturn:
    """Start a return of one's own delivered goods: what a customer does in chat or on a page."""

    order: Annotated[str, Arg.ORDER]
    lines: Annotated[tuple[ReturnedLine, ...], Arg.NONE] = ()
    reason: Annotated[ReturnReason, Arg.CHOICE] = ReturnReason.UNKNOWN
    note: Annotated[str, Arg.TEXT] = ""
    wish: Annotated[Wish, Arg.CHOICE] = Wish.REFUND
    photos: Annotated[tuple[str, ...], Arg.NONE] = ()

    @property
    def wanted(self) -> tuple[ReturnedLine, ...]:
        return self.lines

    def audited(self) -> dict[str, Any]:
        return _audited(self)


@command("return-own", RequestOwnReturn, Right.OWN, in_chat=False)
def request_own(ask: RequestOwnReturn, uow: UnitOfWork) -> Done:
    return request_return(uow, ask)


def _audited(ask: RequestReturn | RequestOwnReturn) -> dict[str, Any]:
    """Without the note: customers write what they like into it."""
    return {
        "order": ask.order,
        "lines": [[wish.line, wish.quantity] for wish in ask.wanted],
        "reason": ask.reason.value,
        "wish": ask.wish.value,
    }


def request_return(uow: UnitOfWork, ask: RequestReturn | RequestOwnReturn) -> Done:
    """The return with its verdict, and whatever follows from that at once."""
    if len(ask.note) > 2000:
        raise Invalid("A note has 2,000 characters at most.")
    require_few_per_line(len(ask.photos), KEPT_MOST)
    order = uow.orders.get(ask.order)
    rma, found = try_return(uow, ask, order, uow.new_id(), len(uow.returns.of(order.id)) + 1)
    uow.emit(order.id, e.ReturnRequested(rma.id, rma.number, rma.reason))
    words = words_of(found.values())
    rma = _follow(uow, order, rma, overall(found.values()), words)
    uow.returns.add(rma)
    note_photos(uow, order.id, rma.photos)
    if rma.status is not RmaStatus.REJECTED:
        rma = begin(uow, rma)
    facts = {"return": rma.number, "order": order.number, "status": rma.status.value}
    return Done(f"Return {rma.number} is {rma.status.value}. {words}", facts)


def new_return(uow: UnitOfWork, ask: RequestReturn, order: Order) -> tuple[Rma, Verdict, str]:
    """A return of goods that are here already: it has its terms and nothing is turned down, but
    what the rules think of it, and why, is told."""
    rma, found = try_return(uow, ask, order, uow.new_id(), len(uow.returns.of(order.id)) + 1)
    lines = tuple(replace(line, declined=0) for line in rma.lines)
    strictest = {each.verdict for each in found.values()}
    verdict = next(v for v in (Verdict.REJECT, Verdict.REVIEW, Verdict.APPROVE) if v in strictest)
    return replace(rma, lines=lines), verdict, words_of(found.values())


def try_return(
    within: UnitOfWork | Reader,
    ask: RequestReturn | RequestOwnReturn,
    order: Order,
    id_: int,
    n: int,
) -> tuple[Rma, dict[int, Assessed]]:
    """The `n`th return of an order as it would be asked for now, and what the rules say of it."""
    rma = _new(within, order, _chosen(within, order, ask.wanted), ask, id_, n)
    found = judge(within, order, rma)
    return _judged(rma, found), found


def _judged(rma: Rma, found: Mapping[int, Assessed]) -> Rma:
    """Lines that the rules turn down are declined; the others go on without them."""
    lines = tuple(
        replace(
            line,
            declined=line.quantity if found[line.line_id].verdict is Verdict.REJECT else 0,
            terms=plain_terms(found[line.line_id].terms),
        )
        for line in rma.lines
    )
    why = {each.code: asdict(each) for one in found.values() for each in one.why}
    return replace(rma, lines=lines, why=tuple(why.values()))


def begin(uow: UnitOfWork, rma: Rma) -> Rma:
    """The order expects the units back; what the customer keeps is paid at once."""
    order = uow.orders.by_id(rma.order_id)
    order = uow.orders.save(Change(requested(order, units_of(rma.lines))))
    return keep_small(uow, order, rma)


def keep_small(uow: UnitOfWork, order: Order, rma: Rma) -> Rma:
    """An approved return of goods that are not worth the way back: refunded, and kept."""
    if rma.status is not RmaStatus.APPROVED:
        return rma
    kept = keepable(uow, order, rma)
    if not kept:
        return rma
    order = uow.orders.save(Change(_kept(order, kept)))
    uow.emit(order.id, e.ReturnKept(rma.id, rma.number, sum(kept.values())))
    after = uow.returns.save(rma, rma.keep(kept, uow.now))
    return pay_for(uow, order, after)[0]


def _kept(order: Order, units: Mapping[int, int]) -> Order:
    changed = {
        line_id: replace(
            line,
            return_requested=line.return_requested - quantity,
            return_kept=line.return_kept + quantity,
        )
        for line_id, quantity in units.items()
        for line in (order.line(line_id),)
    }
    return order.with_lines(changed)


def _chosen(
    within: UnitOfWork | Reader, order: Order, wanted: tuple[ReturnedLine, ...]
) -> tuple[Units, dict[int, ReturnReason | None]]:
    """The wish as units per line, and why; a SKU on several lines is taken from them in order."""
    free = {line.id: line.returnable for line in order.lines if line.returnable > 0}
    if not free:
        raise NotPossible(
            f"Nothing of order {order.number} can be returned.", why_nothing(within, order)
        )
    if not wanted:
        return free, {}
    units: Units = {}
    reasons: dict[int, ReturnReason | None] = {}
    for wish in wanted:
        for line_id, quantity in _take(order, wish, free).items():
            free[line_id] -= quantity
            units[line_id] = units.get(line_id, 0) + quantity
            reasons[line_id] = wish.reason
    return units, reasons


def _take(order: Order, wish: ReturnedLine, free: Mapping[int, int]) -> Units:
    lines = named_lines(order, wish.line)
    able = sum(free.get(line.id, 0) for line in lines)
    left = able if wish.quantity is None else wish.quantity
    if not 1 <= left <= able:
        raise NotPossible(
            f"{lines[0].title or lines[0].sku}: {able} can be returned, not {left}.",
            f"Choose {able if able == 1 else f'1 to {able}'}." if able else "Choose another line.",
        )
    taken: Units = {}
    for line in lines:
        part = min(left, free.get(line.id, 0))
        if part:
            taken[line.id] = part
            left -= part
    return taken


def named_lines(order: Order, word: str) -> list[Line]:
    """The lines that a line id or a SKU means."""
    clean = word.strip().casefold()
    found = [line for line in order.lines if clean in (str(line.id), line.sku.casefold())]
    if not found:
        skus = ", ".join(dict.fromkeys(line.sku for line in order.bought))
        raise Invalid(f"Order {order.number} has no line “{word}”.", f"Its lines: {skus}.")
    return found


def _new(
    within: UnitOfWork | Reader,
    order: Order,
    chosen: tuple[Units, Mapping[int, ReturnReason | None]],
    ask: RequestReturn | RequestOwnReturn,
    id_: int,
    n: int,
) -> Rma:
    units, reasons = chosen
    return Rma(
        id=id_,
        order_id=order.id,
        number=f"R{order.number}-{n}".upper(),
        status=RmaStatus.REQUESTED,
        lines=tuple(
            RmaLine(
                line_id,
                order.line(line_id).sku,
                quantity,
                reason=(reasons.get(line_id) or ask.reason).value,
            )
            for line_id, quantity in units.items()
        ),
        reason=ask.reason.value,
        requested_at=within.now,
        note=ask.note.strip(),
        requested_by="customer" if within.actor.role is Role.CUSTOMER else within.actor.name,
        wish=ask.wish,
        photos=tuple(ask.photos),
    )


def _follow(uow: UnitOfWork, order: Order, rma: Rma, verdict: Verdict, words: str) -> Rma:
    """What the rules say happens at once; a review waits for a colleague."""
    if verdict is Verdict.REJECT:
        uow.emit(order.id, e.ReturnRejected(rma.id, rma.number, words))
        return rma.reject("policy", uow.now, words)
    if verdict is Verdict.APPROVE:
        uow.emit(order.id, e.ReturnApproved(rma.id, rma.number, by_policy=True))
        return with_time(uow, rma.approve("policy", uow.now, words))
    uow.cases.open(
        Finding(
            CaseKind.RETURN_DECISION,
            f"return:{rma.id}",
            f"Return {rma.number} of {rma.units} units waits for a decision.",
            order_id=order.id,
            facts={
                "return": rma.number,
                "order": order.number,
                "reason": rma.reason,
                "why": words,
                "flags": flag_words(rma),
                **({"photos": len(rma.photos)} if rma.photos else {}),
            },
        )
    )
    return rma


def flag_words(rma: Rma) -> str:
    """What looked wrong about it, for staff; empty when nothing did."""
    told = (str(each.get("facts", {}).get("flags", "")) for each in rma.why)
    return " ".join(dict.fromkeys(filter(None, told)))


def with_time(uow: UnitOfWork, rma: Rma) -> Rma:
    """An approved return does not wait for ever; 0 days: it does."""
    days = int(uow.shop.policy["return_expires_days"])
    ends = deadline(uow.now, days, [read_terms(line.terms) for line in rma.lines if line.expected])
    return replace(rma, send_by_at=ends.send_by, expires_at=ends.expected_by)


def requested(order: Order, units: Mapping[int, int]) -> Order:
    """The order with so many more (or, negative, fewer) units asked back."""
    changed = {
        line_id: replace(line, return_requested=line.return_requested + quantity)
        for line_id, quantity in units.items()
        for line in (order.line(line_id),)
    }
    return order.with_lines(changed)
