"""Labels and tracking numbers: who carries a parcel, and under which number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from core.commands import floor, handover
from core.commands.writeback import write_back
from core.db.picks import holder_of
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.carriers import carrier_name, clean_number, tracking_page
from core.domain.fulfillment import FulfillmentOrder, Parcel
from core.domain.holds import Exit
from core.domain.order import Change, Order
from core.domain.pauses import stopped_until
from core.domain.refusals import Conflict, Invalid, NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, command

# What a customer may be led to: nothing that runs, hides its host or goes on to a second line.
_PAGE = re.compile(r"https?://[^\s\"'<>\\@]{1,2000}")


@dataclass(frozen=True, slots=True)
class LabelParcel:
    """Keep the number of a label that is printed; the parcel counts as shipped when it leaves."""

    order: Annotated[str, Arg.ORDER]
    carrier: Annotated[str, Arg.WORD]
    tracking_number: Annotated[str, Arg.WORD]
    location: Annotated[str, Arg.LOCATION] = ""


@command("label", LabelParcel, Right.FULFILL, examples=("label 1001 DHL 00340434161094000000",))
def label(ask: LabelParcel, uow: UnitOfWork) -> Done:
    number, carrier = read_label(ask.tracking_number, ask.carrier)
    order, works = floor.works_for(uow, ask.order, ask.location, Exit.LABEL, "label")
    return _label(uow, order, works, number, carrier)


def _label(
    uow: UnitOfWork, order: Order, works: Sequence[FulfillmentOrder], number: str, carrier: str
) -> Done:
    _require_running(uow, order, works[0], carrier)
    ids = {work.id for work in works}
    for known in uow.work.parcels(order.id):
        if known.fulfillment_id in ids and not known.has_left:
            raise NotPossible(
                f"{works[0].number} has the label {known.tracking_number} already.",
                f"`tracking {order.number} {number}` replaces it.",
                code="already",
            )
    parcel = handover.new_parcel(uow, order, handover.contents(works), works[0].id)
    require_own_number(uow, order, parcel, number)
    parcel = uow.work.add_parcel(numbered(parcel, number, carrier))
    uow.orders.save(Change(order, (e.ParcelLabeled(parcel.id, parcel.carrier, number),)))
    return Done(f"Order {order.number} has a label {number}.", _facts(order, parcel))


def _require_running(uow: UnitOfWork, order: Order, work: FulfillmentOrder, carrier: str) -> None:
    """A label of somebody who takes nothing would only lie on a box that cannot leave."""
    place, to = uow.shop.locations[work.location_id], order.ship_to.country.upper()
    ways = [p for p in uow.shop.pauses if not p.is_of_location]
    if stopped_until(ways, carrier, place.code, to, uow.now) is None:
        return
    paused = next(p for p in ways if p.until > uow.now and p.covers(carrier, place.code, to))
    raise NotPossible(
        f"{paused.words} is paused; no label is made for it.",
        f"Take another carrier, or end the pause: `resume {paused.words.lower()}`.",
        code="paused",
    )


@dataclass(frozen=True, slots=True)
class AddTracking:
    """Give a parcel its tracking number; one row of a carrier's list is one of these."""

    order: Annotated[str, Arg.ORDER]
    tracking_number: Annotated[str, Arg.WORD]
    carrier: Annotated[str, Arg.WORD] = ""
    location: Annotated[str, Arg.LOCATION] = ""
    parcel_id: Annotated[int | None, Arg.NONE] = None


@command(
    "tracking", AddTracking, Right.FULFILL, examples=("tracking 1001 00340434161094000000 DHL",)
)
def add_tracking(ask: AddTracking, uow: UnitOfWork) -> Done:
    number, carrier = read_label(ask.tracking_number, ask.carrier)
    order, works, parcels = floor.parcels_for(uow, ask.order, ask.location)
    if any(parcel.tracking_number == number for parcel in parcels):
        raise NotPossible(f"Order {order.number} travels as {number} already.", code="already")
    meant = [parcel for parcel in parcels if ask.parcel_id in (None, parcel.id)]
    parcel = _parcel_meant(order, meant, any(work.is_open for work in works))
    if parcel is None:
        order, works = floor.works_for(uow, ask.order, ask.location, Exit.LABEL, "tracking")
        return _label(uow, order, works, number, carrier)
    require_own_number(uow, order, parcel, number)
    parcel = uow.work.save_parcel(numbered(parcel, number, carrier))
    tell_number(uow, order, parcel)
    return Done(f"Order {order.number} travels as {number}.", _facts(order, parcel))


def _parcel_meant(order: Order, parcels: Sequence[Parcel], has_work: bool) -> Parcel | None:
    """The parcel without a number, else the one whose number may still be corrected."""
    fitting = [p for p in parcels if not p.tracking_number]
    if not fitting:
        fitting = [p for p in parcels if not (p.has_left if has_work else p.first_scan_at)]
    if parcels and not fitting and not has_work:
        raise NotPossible(
            f"Every parcel of order {order.number} is under way with its number.",
            f"Look at it: `{order.number}`.",
        )
    if len(fitting) > 1:
        raise NotPossible(
            f"Order {order.number} has {len(fitting)} parcels that could be meant.",
            "Name the location too, or press the button on the parcel.",
            code="ambiguous",
        )
    return fitting[0] if fitting else None


@dataclass(frozen=True, slots=True)
class VoidLabel:
    """Take back a label whose parcel has not left; its box may then be labeled anew."""

    order: Annotated[str, Arg.ORDER]
    location: Annotated[str, Arg.LOCATION] = ""


@command("void", VoidLabel, Right.FULFILL, examples=("void 1001", "void 1001-2"))
def void(ask: VoidLabel, uow: UnitOfWork) -> Done:
    order, _, parcels = floor.parcels_for(uow, ask.order, ask.location)
    standing = [p for p in parcels if not p.has_left and p.external_id is None]
    if not standing:
        raise NotPossible(
            f"Order {order.number} has no label of ours that could still be voided.",
            f"What has left can be recalled: `recall {order.number}`.",
        )
    for parcel in standing:
        uow.work.save_parcel(replace(parcel, voided_at=uow.now))
        number = parcel.tracking_number or ""
        uow.orders.save(Change(order, (e.LabelVoided(parcel.id, parcel.carrier, number),)))
    numbers = " and ".join(parcel.tracking_number or "" for parcel in standing)
    said = f"The label {numbers} of order {order.number} is void. Tear it off the box."
    return Done(said, {"order": order.number})


# --- shared -------------------------------------------------------------------------------------


def read_label(number: str, carrier: str) -> tuple[str, str]:
    """Number and carrier, whichever was written first: a number has digits."""
    if carrier and _has_digit(carrier) and not _has_digit(number):
        number, carrier = carrier, number
    clean = clean_number(number)
    if not (4 <= len(clean) <= 50 and clean.isascii() and _has_digit(clean)):
        raise Invalid(f"“{number}” is not a tracking number.", "It has 4 to 50 letters and digits.")
    return clean, carrier_name(carrier)


def read_words(number: str, carrier: str) -> tuple[str, str]:
    """Like read_label where both may be missing: a word without digits alone is a carrier."""
    if number and (carrier or _has_digit(number)):
        return read_label(number, carrier)
    return "", carrier_name(carrier or number)


def _has_digit(text: str) -> bool:
    return any(sign.isdigit() for sign in text)


def numbered(parcel: Parcel, number: str, carrier: str, page: str = "") -> Parcel:
    """The parcel with its number, carrier and page; what is empty stays as it was."""
    number = clean_number(number) or parcel.tracking_number or ""
    page = page if _PAGE.fullmatch(page) else ""
    carrier = carrier_name(carrier) or parcel.carrier
    same = number == parcel.tracking_number and carrier == parcel.carrier
    url = page or (parcel.tracking_url if same else tracking_page(carrier, number))
    return replace(parcel, tracking_number=number or None, carrier=carrier, tracking_url=url)


def require_own_number(uow: UnitOfWork, order: Order, parcel: Parcel, number: str) -> None:
    """A number on somebody else's running parcel is a slip; one customer's orders share boxes."""
    for other in uow.work.parcels_by_number(clean_number(number)):
        if other.id == parcel.id:
            continue
        theirs, customer_id = holder_of(uow.session, other.order_id)
        is_shared = customer_id is not None and customer_id == order.customer_id
        is_over = other.delivered_at is not None
        if other.order_id == order.id or not (is_shared or is_over):
            raise Conflict(
                f"{number} is already on a parcel of order {theirs}.",
                "Check the label and write its number again.",
                code="number_taken",
            )


def tell_number(uow: UnitOfWork, order: Order, parcel: Parcel) -> None:
    """The new number as a fact; once the parcel has left, the shop hears of it too."""
    number = parcel.tracking_number or ""
    if not parcel.has_left:
        uow.orders.save(Change(order, (e.ParcelLabeled(parcel.id, parcel.carrier, number),)))
        return
    uow.orders.save(Change(order, (e.ParcelTracked(parcel.id, parcel.carrier, number),)))
    told = {"fulfillment": parcel.external_id or "", **handover.tracking_words(parcel)}
    write_back(uow, order, "tracking", f"tracking:{parcel.id}:{number}", told)


def _facts(order: Order, parcel: Parcel) -> dict[str, object]:
    return {"order": order.number, "parcel_id": parcel.id}
