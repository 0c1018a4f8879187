"""Goods come in: expected ones against their reference, others as they are; who waits is served."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from core.commands.floor import require_own
from core.commands.placing import serve_queue
from core.commands.shelves import (
    at_own_place,
    reason_of,
    require_units,
    served,
    served_words,
    what_and_where,
)
from core.db.incoming import expect, save_expected, save_transfer, still_expected, transfers
from core.db.shelf import Product, find_product
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.incoming import Expected, Shares, share
from core.domain.refusals import Invalid, NotFound, NotPossible
from core.domain.shop import Location
from core.domain.stock import Move, StockMove
from core.domain.values import dataclass
from core.registry import Arg, Done, command

REFERENCE_LENGTH_MAX = 60
EVERYTHING = "all"


@dataclass(frozen=True, slots=True)
class ExpectStock:
    """Say that goods are coming: how many, where, when and under which reference."""

    sku: Annotated[str, Arg.SKU]
    location: Annotated[str, Arg.LOCATION]
    quantity: Annotated[int, Arg.QUANTITY]
    due: Annotated[date | None, Arg.DAY] = None
    reference: Annotated[str, Arg.WORD] = ""
    source: Annotated[str, Arg.TEXT] = ""


@command(
    "expect",
    ExpectStock,
    Right.STOCK,
    examples=("expect mug-red ber 50 fri PO-7731", "expect mug-red ber 50 PO-7731 Weber KG"),
)
def expect_stock(ask: ExpectStock, uow: UnitOfWork) -> Done:
    product, place = what_and_where(uow, ask.sku, ask.location)
    require_units(ask.quantity, 1)
    reference = _reference(uow, ask.reference)
    new = Expected(
        id=uow.new_id(),
        sku=product.sku,
        location_id=place.id,
        reference=reference,
        quantity=ask.quantity,
        source=reason_of(ask.source),
        due_on=ask.due,
    )
    expect(uow, new)
    move = StockMove(Move.EXPECT, product.sku, place.id, ask.quantity, reason=reference)
    uow.stock.move([move])
    uow.undo = LoseExpected(reference, product.sku, ask.quantity, place.code, "taken back")
    facts = {"sku": product.sku, "location": place.code, "reference": reference}
    day = f" on {ask.due:%a %d %b}" if ask.due else ""
    sentence = f"{place.code} expects {ask.quantity} × {product.sku}{day} ({reference})."
    return Done(sentence, facts)


def _reference(uow: UnitOfWork, said: str) -> str:
    """Goods that come without a number get one, so that they can be received against it."""
    reference = said.strip()
    if len(reference) > REFERENCE_LENGTH_MAX:
        raise Invalid("That reference is too long.", f"Use {REFERENCE_LENGTH_MAX} characters.")
    if transfers(uow.session, uow.shop.id, number=reference, most=1) if reference else False:
        raise NotPossible(f"{reference} is a transfer of your own.", "Use another reference.")
    return reference or f"IN-{uow.people.next_number('incoming', start=0)}"


@dataclass(frozen=True, slots=True)
class ReceiveStock:
    """Book goods that arrived; orders that wait for them are served at once."""

    sku: Annotated[str, Arg.SKU]
    location: Annotated[str, Arg.LOCATION]
    quantity: Annotated[int, Arg.QUANTITY]
    reference: Annotated[str, Arg.TEXT] = ""


@command("receive", ReceiveStock, Right.SHELF, examples=("receive mug-red ber 24 PO-7731",))
def receive(ask: ReceiveStock, uow: UnitOfWork) -> Done:
    product, place = at_own_place(uow, ask.sku, ask.location)
    require_units(ask.quantity, 1)
    reference = reason_of(ask.reference)
    known = _meant(uow, product, place, reference)
    shares = share(ask.quantity, known)
    _book(uow, shares, product.sku, place.id, reference)
    sentence = f"{ask.quantity} × {product.sku} received at {place.code}."
    sentence += _compared(uow, shares, known, product, place)
    return served(uow, product, place, sentence, _way_back(uow, product.sku, place, ask.quantity))


def _way_back(uow: UnitOfWork, sku: str, place: Location, units: int) -> str:
    """What came in has no undo, since it may be promised by now: the word that corrects it."""
    if not uow.actor.may(Right.STOCK):
        return ""
    return f" Miscounted? `adjust {sku} {place.code.lower()} -{units} miscounted`."


def _meant(uow: UnitOfWork, product: Product, place: Location, said: str) -> list[Expected]:
    """What is expected here under the reference that was said, or under its first word."""
    for reference in dict.fromkeys((said, *said.split()[:1])) if said else ():
        found = still_expected(
            uow.session,
            uow.shop.id,
            sku=product.sku,
            location_id=place.id,
            reference=reference,
            lock=True,
        )
        if found:
            return found
    return []


def _book(uow: UnitOfWork, shares: Shares, sku: str, place_id: int, reference: str) -> None:
    moves = [
        StockMove(Move.ARRIVE, sku, place_id, units, reason=each.reference)
        for each, units in shares.parts
    ]
    if shares.over:
        more = f"{reference}: more than expected" if shares.parts else reference
        moves.append(StockMove(Move.RECEIVE, sku, place_id, shares.over, reason=more))
    uow.stock.move(moves)
    for each, units in shares.parts:
        save_expected(uow, each.receive(units))
    _close_transfers(uow, [each for each, _ in shares.parts])


def _compared(
    uow: UnitOfWork, shares: Shares, known: list[Expected], product: Product, place: Location
) -> str:
    """What a person should know of the difference to what was expected."""
    if known and shares.over:
        return f" That is {shares.over} more than expected."
    left = sum(each.open for each in known) - sum(units for _, units in shares.parts)
    if left:
        return f" {left} more of {known[0].reference} are expected."
    others = [] if known else _open_here(uow, product.sku, place.id)
    if others:
        named = ", ".join(f"{each.open} of {each.reference}" for each in others[:3])
        return f" Still expected here: {named}."
    return ""


def _open_here(uow: UnitOfWork, sku: str, place_id: int) -> list[Expected]:
    return still_expected(uow.session, uow.shop.id, sku=sku, location_id=place_id)


@dataclass(frozen=True, slots=True)
class ReceiveAll:
    """Book everything that is still expected under a reference: a delivery or a transfer."""

    reference: Annotated[str, Arg.WORD]
    location: Annotated[str, Arg.LOCATION] = ""


@command("arrived", ReceiveAll, Right.FULFILL, examples=("arrived T-1", "arrived PO-7731 ber"))
def receive_all(ask: ReceiveAll, uow: UnitOfWork) -> Done:
    place = uow.shop.location(ask.location) if ask.location else None
    found = _open_of(uow, ask.reference, place)
    codes = _own_places(uow, found)
    for each in found:
        _book(uow, share(each.open, [each]), each.sku, each.location_id, each.reference)
    orders = serve_queue(uow, {each.sku for each in found})
    said = ", ".join(f"{each.open} × {each.sku}" for each in found)
    sentence = f"{found[0].reference} arrived at {', '.join(codes)}: {said}."
    facts = {"reference": found[0].reference, "locations": codes, "served": orders}
    first = found[0]
    there = uow.shop.locations[first.location_id]
    back = _way_back(uow, first.sku, there, first.open)
    return Done(sentence + served_words(orders) + back, facts)


def _open_of(uow: UnitOfWork, reference: str, place: Location | None) -> list[Expected]:
    found = still_expected(
        uow.session,
        uow.shop.id,
        reference=reference,
        location_id=place.id if place else None,
        lock=True,
    )
    if not found or not reference.strip():
        raise NotFound(f"Nothing of “{reference}” is expected.", "Look at `expected`.")
    return found


def _own_places(uow: UnitOfWork, found: Iterable[Expected]) -> list[str]:
    """Codes of where it arrives; a store's people take in what comes to their own place."""
    places = {each.location_id: uow.shop.locations[each.location_id] for each in found}
    for place in places.values():
        require_own(uow, place)
    return sorted(place.code for place in places.values())


@dataclass(frozen=True, slots=True)
class LoseExpected:
    """Say that expected goods will not come, and why; `all` means everything of a reference."""

    reference: Annotated[str, Arg.WORD]
    sku: Annotated[str, Arg.SKU]
    quantity: Annotated[int, Arg.QUANTITY] = 0
    location: Annotated[str, Arg.LOCATION] = ""
    reason: Annotated[str, Arg.TEXT] = ""


@command(
    "missing",
    LoseExpected,
    Right.SHELF,
    aliases=("unexpect",),
    examples=("missing T-1 mug-red 2 lost in transit", "missing PO-7731 all supplier sold out"),
)
def lose_expected(ask: LoseExpected, uow: UnitOfWork) -> Done:
    place = uow.shop.location(ask.location) if ask.location else None
    found = [x for x in _open_of(uow, ask.reference, place) if _is_meant(uow, ask.sku, x)]
    _own_places(uow, found)
    units = ask.quantity or sum(each.open for each in found)
    shares = share(units, found)
    if shares.over or units < 1:
        left = sum(each.open for each in found)
        raise NotPossible(
            f"{left} × {ask.sku} of {ask.reference} are still expected, not {units}.",
            "Look at `expected`.",
        )
    reason = reason_of(ask.reason)
    for each, lost in shares.parts:
        save_expected(uow, each.lose(lost, reason))
        why = f"{each.reference}: {reason}"
        uow.stock.move([StockMove(Move.UNEXPECT, each.sku, each.location_id, lost, reason=why)])
    _close_transfers(uow, [each for each, _ in shares.parts])
    said = ", ".join(f"{lost} × {each.sku}" for each, lost in shares.parts)
    facts = {"reference": found[0].reference, "missing": units}
    return Done(f"{said} of {found[0].reference} will not come: {reason}.", facts)


def _is_meant(uow: UnitOfWork, sku: str, each: Expected) -> bool:
    if sku.strip().casefold() == EVERYTHING:
        return True
    product = find_product(uow.session, uow.shop.id, sku)
    return product is not None and product.sku == each.sku


def _close_transfers(uow: UnitOfWork, changed: Iterable[Expected]) -> None:
    """A transfer is over when all of it arrived or is known to be missing."""
    ids = {each.transfer_id for each in changed if each.transfer_id is not None}
    for transfer_id in sorted(ids):
        if still_expected(uow.session, uow.shop.id, transfer_id=transfer_id):
            continue
        for transfer in transfers(uow.session, uow.shop.id, transfer_id=transfer_id, lock=True):
            save_transfer(uow, transfer.close(uow.now))
