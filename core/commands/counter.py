"""Returns at the counter: goods taken back across it, and a customer's code confirmed."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from core.commands.doubting import doubt_about_goods
from core.commands.receiving import CountedLine, ReceiveReturn, arrived_at, receive
from core.commands.returns import RequestReturn, ReturnedLine, new_return, requested, told
from core.db.pickups import wrong_codes
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.order import Change, Order
from core.domain.proofs import CODES, WRONG_CODES_MOST
from core.domain.refusals import Invalid, NotAllowed, NotPossible
from core.domain.returning.boris import is_return_code
from core.domain.returning.dispositions import Disposition
from core.domain.returning.places import taking
from core.domain.returning.verdict import Verdict
from core.domain.returns import ReturnReason, Rma, Wish, units_of
from core.domain.shop import Location
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command


@dataclass(frozen=True, slots=True)
class ReturnHere:
    """Take goods back at the counter: on the shelf or aside, and their money is due at once."""

    order: Annotated[str, Arg.ORDER]
    sku: Annotated[str, Arg.SKU] = ""
    quantity: Annotated[int | None, Arg.QUANTITY] = None
    location: Annotated[str, Arg.LOCATION] = ""
    reason: Annotated[ReturnReason, Arg.CHOICE] = ReturnReason.UNKNOWN
    wish: Annotated[Wish, Arg.CHOICE] = Wish.REFUND
    shelf: Annotated[bool, Arg.NONE] = True
    condition: Annotated[str, Arg.TEXT] = ""
    lines: Annotated[tuple[CountedLine, ...], Arg.NONE] = ()

    def audited(self) -> dict[str, Any]:
        goods = [[line.line, line.quantity, line.goes_to.value] for line in self.counted]
        return {"order": self.order, "location": self.location, "lines": goods}

    @property
    def counted(self) -> tuple[CountedLine, ...]:
        """What lies on the counter; what is not said of a line is said of all of them."""
        named = (CountedLine(self.sku, self.quantity), *self.lines) if self.sku else self.lines
        return tuple(self._as_found(line) for line in named)

    def _as_found(self, line: CountedLine) -> CountedLine:
        aside = Disposition.RESTOCK if self.shelf else Disposition.QUARANTINE
        found = line.disposition or (aside if line.shelf else Disposition.QUARANTINE)
        condition = line.condition.strip() or self.condition.strip()
        return replace(line, disposition=found, condition=condition)

    @property
    def request(self) -> RequestReturn:
        lines = tuple(ReturnedLine(line.line, line.quantity) for line in self.counted)
        return RequestReturn(
            self.order, reason=self.reason, wish=self.wish, note="at the counter", lines=lines
        )


@command(
    "counter",
    ReturnHere,
    Right.RETURN_RECEIVE,
    risk=Risk.IRREVERSIBLE,
    asks_for="sku",
    examples=("counter 1001 mug-red 1", "counter 1001 mug-red 1 ham a scratch"),
)
def return_here(ask: ReturnHere, uow: UnitOfWork) -> Done:
    order = uow.orders.brought(ask.order)
    place = counter_at(uow, order, ask.location)
    if not ask.counted:
        raise Invalid("Which goods came back?", f"Write `counter {order.number} mug-red 1`.")
    doubted = doubt_about_goods(uow, order, told(ask.request.wanted))
    if doubted is not None:
        return doubted
    rma, verdict, words = new_return(uow, ask.request, order)
    if verdict is not Verdict.APPROVE and not uow.actor.may(Right.RETURN_DECIDE):
        raise NotAllowed(
            words,
            f"A lead may take it all the same; `return {order.number}` asks for a decision.",
            code="needs_decision",
        )
    rma = rma.approve(uow.actor.name, uow.now, words)
    uow.returns.add(replace(rma, arrived_location_id=place.id, arrived_at=uow.now))
    uow.orders.save(Change(requested(order, units_of(rma.lines))))
    uow.emit(order.id, e.ReturnRequested(rma.id, rma.number, rma.reason))
    return receive(ReceiveReturn(rma.number, place.code, lines=ask.counted), uow)


def counter_at(uow: UnitOfWork, order: Order | None, word: str) -> Location:
    """The place where the goods lie. Raises NotPossible when it takes none back."""
    place = arrived_at(uow, order, word)
    able = taking(uow.shop.locations.values())
    if place not in able:
        codes = ", ".join(sorted(one.code for one in able))
        raise NotPossible(f"{place.code} takes no returns.", f"Those that do: {codes}.")
    return place


# --- the customer's code -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConfirmReturn:
    """Confirm with the customer's code that the goods of a return are here; then count them."""

    number: Annotated[str, Arg.RETURN]
    code: Annotated[str, Arg.WORD]
    location: Annotated[str, Arg.LOCATION] = ""

    def audited(self) -> dict[str, Any]:
        """Without the code: wrong ones are counted here, and right ones are nobody's business."""
        return {"number": self.number, "location": self.location}


@command(
    "boris",
    ConfirmReturn,
    Right.RETURN_RECEIVE,
    aliases=("dropped off",),
    examples=("boris R1001-1 482913", "boris R1001-1 482913 ham"),
    turn=lambda _: CODES,
)
def confirm(ask: ConfirmReturn, uow: UnitOfWork) -> Done:
    rma = uow.returns.brought(ask.number)
    order = uow.orders.own(rma.order_id)
    place = counter_at(uow, order, ask.location)
    _require_code(uow, order, rma, ask.code)
    after = rma.arrive(place.id, uow.now)
    if rma.arrived_location_id == place.id:
        return _here(rma, place, f"Return {rma.number} is at {place.code} already; count it in.")
    uow.returns.save(rma, after)
    uow.emit(order.id, e.ReturnArrived(rma.id, rma.number, place.code))
    return _here(after, place, f"The code is right. Count return {rma.number} in.")


@dataclass(frozen=True, slots=True)
class ConfirmOrderReturn:
    """Confirm with the customer's code that the goods of an order's one open return are here."""

    order: Annotated[str, Arg.ORDER]
    code: Annotated[str, Arg.WORD]
    location: Annotated[str, Arg.LOCATION] = ""

    def audited(self) -> dict[str, Any]:
        """Without the code, as above; and apart from the codes of what waits to be collected."""
        return {"returns_of": self.order, "location": self.location}


@command(
    "boris order",
    ConfirmOrderReturn,
    Right.RETURN_RECEIVE,
    aliases=("boris", "dropped off"),
    examples=("boris 1001 482913",),
    turn=lambda _: CODES,
)
def confirm_of_order(ask: ConfirmOrderReturn, uow: UnitOfWork) -> Done:
    order = uow.orders.brought(ask.order)
    waiting = [rma.number for rma in uow.returns.of(order.id) if rma.waits_for_goods]
    if not waiting:
        raise NotPossible(
            f"No return of order {order.number} waits for goods.",
            f"Take them without a code: `counter {order.number}`.",
        )
    if len(waiting) > 1:
        named = " or ".join(f"`boris {number} <code>`" for number in waiting)
        raise NotPossible(f"Order {order.number} has {len(waiting)} open returns.", f"{named}?")
    return confirm(ConfirmReturn(waiting[0], ask.code, ask.location), uow)


def _here(rma: Rma, place: Location, sentence: str) -> Done:
    facts = {"return": rma.number, "status": rma.status.value, "location": place.code}
    return Done(sentence, facts)


def _require_code(uow: UnitOfWork, order: Order, rma: Rma, typed: str) -> None:
    """Raises NotPossible (wrong_code, too_many_codes). Wrong ones count by whichever number."""
    since = rma.decided_at or rma.requested_at
    named = (("number", rma.number), ("returns_of", order.number))
    wrong = sum(wrong_codes(uow.session, uow.shop.id, *each, since) for each in named)
    by_hand = f"Without a code a lead looks at the goods and writes `received {rma.number}`."
    if wrong >= WRONG_CODES_MOST:
        raise NotPossible(
            f"{wrong} wrong codes were typed for return {rma.number}; none is taken any more.",
            by_hand,
            code="too_many_codes",
        )
    if uow.keys and is_return_code(typed, uow.keys, uow.shop.id, rma.id):
        return
    left = WRONG_CODES_MOST - wrong - 1
    raise NotPossible(
        f"That is not the code of return {rma.number}.",
        f"Ask for the code in the message or on the tracking page "
        f"({left} {'try' if left == 1 else 'tries'} left). {by_hand}",
        code="wrong_code",
    )
