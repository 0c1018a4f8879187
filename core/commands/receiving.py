"""Returned goods arrive: counted, put where they belong, and their money becomes due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated

from core.commands.exchange_steps import go_on, told
from core.commands.returned_goods import put_away
from core.commands.returned_money import finish, is_settled, pay_for
from core.commands.returns import named_lines, requested
from core.db.receipts import Receipt, write_receipt
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right, Role
from core.domain.cases import CaseKind, Finding
from core.domain.order import Change, Order
from core.domain.refusals import Invalid, NotAllowed, NotPossible
from core.domain.returning.dispositions import Disposition
from core.domain.returns import Rma, RmaLine, RmaStatus, Wish
from core.domain.shop import Location
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command


@dataclass(frozen=True, slots=True)
class CountedLine:
    """What was counted of one line (its id or SKU): how many, in which condition, and where they
    go; without a `disposition` on the shelf, or into quarantine when not `shelf`.

    Two conditions of one SKU are two of these. `photos` are names or hashes of pictures.
    """

    line: str
    quantity: int | None = None
    shelf: bool = True
    condition: str = ""
    disposition: Disposition | None = None
    photos: tuple[str, ...] = ()

    @property
    def goes_to(self) -> Disposition:
        if self.disposition is not None:
            return self.disposition
        return Disposition.RESTOCK if self.shelf else Disposition.QUARANTINE


@dataclass(frozen=True, slots=True)
class ReceiveReturn:
    """Count returned goods in; what goes on the shelf can be sold at once."""

    number: Annotated[str, Arg.RETURN]
    location: Annotated[str, Arg.LOCATION] = ""
    sku: Annotated[str, Arg.SKU] = ""
    quantity: Annotated[int | None, Arg.QUANTITY] = None
    disposition: Annotated[Disposition | None, Arg.CHOICE] = None
    shelf: Annotated[bool, Arg.NONE] = True
    condition: Annotated[str, Arg.TEXT] = ""
    lines: Annotated[tuple[CountedLine, ...], Arg.NONE] = ()

    @property
    def counted(self) -> tuple[CountedLine, ...]:
        if not self.sku:
            return self.lines
        return (replace(self.rest, line=self.sku, quantity=self.quantity), *self.lines)

    @property
    def rest(self) -> CountedLine:
        """How everything that is not named was found."""
        return CountedLine(
            "", shelf=self.shelf, condition=self.condition.strip(), disposition=self.disposition
        )


@dataclass(frozen=True, slots=True)
class Count:
    """Units of one line of the return."""

    line: RmaLine
    quantity: int
    told: CountedLine


@command(
    "received",
    ReceiveReturn,
    Right.RETURN_RECEIVE,
    risk=Risk.IRREVERSIBLE,
    aliases=("receive-return",),
    many=True,
    examples=(
        "received R1001-1",
        "received R1001-1 ber mug-red 1",
        "received R1001-1 ber mug-red 1 quarantine a scratch",
        "received R1001-1 ber mug-red 1 missing",
    ),
)
def receive(ask: ReceiveReturn, uow: UnitOfWork) -> Done:
    rma = uow.returns.get(ask.number)
    order = uow.orders.by_id(rma.order_id)
    place = arrived_at(uow, order, ask.location)
    counts = _counts(order, rma, ask)
    if not counts:
        raise NotPossible(
            f"Return {rma.number} is complete; nothing more is expected.",
            "What else came: `received unknown`.",
        )
    came = [count for count in counts if count.told.goes_to is not Disposition.MISSING]
    missing = [count for count in counts if count.told.goes_to is Disposition.MISSING]
    after = _counted_in(uow, order, rma, came, place) if came else rma
    after = _missed(uow, order, after, missing) if missing else after
    after, owed = pay_for(uow, uow.orders.by_id(order.id), after)
    after = finish(uow, after)
    if not go_on(uow, after):
        _ask_for_other_goods(uow, order, after)
    return Done(
        f"Return {rma.number} {_told(came, place)}.{told(uow, after)}{_money(owed)}",
        {"return": rma.number, "status": after.status.value, "location": place.code},
    )


def _told(came: Sequence[Count], place: Location) -> str:
    return f"is received at {place.code}" if came else "lacks what was announced"


def _money(owed: str) -> str:
    return f" {owed} is to be refunded." if owed else ""


def _counted_in(
    uow: UnitOfWork, order: Order, rma: Rma, counts: Sequence[Count], place: Location
) -> Rma:
    after = rma
    for count in counts:
        shelf = count.told.goes_to is Disposition.RESTOCK
        counted = {count.line.line_id: (count.quantity, shelf, count.told.condition.strip())}
        after = after.receive(counted, uow.now)
    units = _units(counts)
    uow.orders.save(Change(received(order, units)))
    uow.emit(order.id, e.ReturnReceived(rma.id, rma.number, place.code, sum(units.values())))
    after = uow.returns.save(rma, after)
    for count in counts:
        write_receipt(uow, rma.id, _receipt(uow, count, place))
    put_away(uow, order, [(c.line, c.quantity, c.told.goes_to) for c in counts], place, rma.number)
    return after


def _receipt(uow: UnitOfWork, count: Count, place: Location) -> Receipt:
    return Receipt(
        uow.new_id(),
        count.line.line_id,
        count.line.sku,
        count.quantity,
        count.told.condition.strip(),
        count.told.photos,
        place.id,
        uow.actor.name,
        uow.now,
        {count.told.goes_to: count.quantity},
    )


def _missed(uow: UnitOfWork, order: Order, rma: Rma, counts: Sequence[Count]) -> Rma:
    """The customer still has these, or they were lost: somebody has to ask."""
    units = _units(counts)
    after = uow.returns.save(rma, rma.miss(units))
    less = {line_id: -quantity for line_id, quantity in units.items()}
    uow.orders.save(Change(requested(uow.orders.by_id(order.id), less)))
    uow.emit(order.id, e.ReturnMissing(rma.id, rma.number, sum(units.values())))
    skus = ", ".join(f"{count.quantity} × {count.line.sku}" for count in counts)
    uow.cases.open(
        Finding(
            CaseKind.RETURN_MISSING,
            f"return:{rma.id}",
            f"Return {rma.number} came without {skus}.",
            order_id=order.id,
            facts={"return": rma.number, "order": order.number},
        )
    )
    return after


def _ask_for_other_goods(uow: UnitOfWork, order: Order, rma: Rma) -> None:
    """Whoever wants other goods for these waits until somebody has sent them."""
    if rma.wish not in (Wish.EXCHANGE, Wish.REPLACEMENT) or rma.status is not RmaStatus.RECEIVED:
        return
    if rma.wish is Wish.EXCHANGE and is_settled(uow, rma):
        return
    uow.cases.open(
        Finding(
            CaseKind.RETURN_SWAP,
            f"return:{rma.id}",
            f"Return {rma.number} is here; its customer wants {_swap(rma.wish)}.",
            order_id=order.id,
            facts={"return": rma.number, "order": order.number, "wish": rma.wish.value},
        )
    )


def _swap(wish: Wish) -> str:
    return "an exchange" if wish is Wish.EXCHANGE else "a replacement"


def arrived_at(uow: UnitOfWork, order: Order | None, word: str) -> Location:
    """The place that was named; else one's own, where the order shipped from, or the first."""
    own = uow.actor.locations if uow.actor.role is Role.STORE else ()
    if word or own:
        place = uow.shop.location(word or own[0])
        if own and place.code not in own:
            raise NotAllowed(
                f"You cannot receive goods at {place.code}.", f"Your own: {', '.join(own)}."
            )
        return place
    places = uow.shop.locations
    if not places:
        raise Invalid("There is no location to receive at.", "Add one: `wismo location add`.")
    works = uow.work.of(order.id) if order else []
    shipped = [w.location_id for w in works if w.shipped_at is not None]
    return places[shipped[0]] if shipped else next(iter(places.values()))


def _counts(order: Order, rma: Rma, ask: ReceiveReturn) -> list[Count]:
    """What arrived, spread over the lines of the return; nothing named means all of it."""
    told = ask.counted
    if not told:
        return [Count(line, line.expected, ask.rest) for line in rma.lines if line.expected]
    counts: list[Count] = []
    for one in told:
        counts += _spread(one, _of_return(order, rma, one.line), _units(counts))
    return counts


def _of_return(order: Order, rma: Rma, word: str) -> list[RmaLine]:
    ids = {line.id for line in named_lines(order, word)}
    found = [line for line in rma.lines if line.line_id in ids]
    if not found:
        skus = ", ".join(dict.fromkeys(line.sku for line in rma.lines))
        raise Invalid(
            f"Return {rma.number} has no line “{word}”.",
            f"Its lines: {skus}. Book what came beside it: `received unknown <location> {word} 1`.",
        )
    return found


def _spread(one: CountedLine, lines: Sequence[RmaLine], taken: dict[int, int]) -> list[Count]:
    """Units over the lines of one SKU in order; a surplus is refused at the last one."""
    able = {x.line_id: x.expected - taken.get(x.line_id, 0) for x in lines}
    left = sum(able.values()) if one.quantity is None else one.quantity
    if one.quantity is not None and one.quantity < 1:
        raise Invalid("A count is 1 or more.", "Leave out what did not arrive.")
    counts = []
    for line in lines:
        part = left if line is lines[-1] else min(left, able[line.line_id])
        if part:
            counts.append(Count(line, part, one))
            left -= part
    return counts


def _units(counts: Iterable[Count]) -> dict[int, int]:
    units: dict[int, int] = {}
    for count in counts:
        units[count.line.line_id] = units.get(count.line.line_id, 0) + count.quantity
    return units


def received(order: Order, units: dict[int, int]) -> Order:
    changed = {
        line.id: replace(
            line,
            return_requested=line.return_requested - units[line.id],
            return_received=line.return_received + units[line.id],
        )
        for line in order.lines
        if line.id in units
    }
    return order.with_lines(changed)
