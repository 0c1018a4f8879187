"""What partners are told about work that they have: stored as effects, one lane per piece."""

from __future__ import annotations

from collections.abc import Iterable

from core.commands.writeback import WATCHING
from core.db import partners as book
from core.db.unit_of_work import UnitOfWork
from core.domain.fulfillment import FulfillmentOrder, Parcel
from core.domain.order import Order
from core.domain.partners import Handoff, Tell, due_word, partner_at, partner_places
from core.domain.shop import Mode

EFFECT = "partner.tell"


def tell(
    uow: UnitOfWork, handoff: Handoff, what: Tell, mark: str = "", *, waits: bool = False
) -> None:
    """Plan one message. What it says beyond its name is read when it is sent."""
    watching = WATCHING if uow.shop.mode is Mode.WATCH else ""
    uow.outbox.add(
        EFFECT,
        f"{_key(handoff, what)}{mark}",
        {"handoff": handoff.id, "type": what.value, "mark": mark.strip(":")},
        lane=f"partner:{handoff.connection_id}:{handoff.work_id}",
        connection_id=handoff.connection_id,
        order_id=handoff.order_id,
        suppressed=watching,
        waits=waits,
    )


def _key(handoff: Handoff, what: Tell) -> str:
    return f"partner:{handoff.id}:{what.value}"


def keep_told(uow: UnitOfWork, order: Order, works: Iterable[FulfillmentOrder]) -> None:
    """Whatever changed about an order: its partners hear what is different for them, at once."""
    if not partner_places(uow.shop):
        return
    known = {work.id: work for work in works}
    for handoff in book.of_order(uow.session, order.id):
        work = known.get(handoff.work_id)
        what = due_word(handoff, work, order.holds) if work else None
        if what is not None:
            _say(uow, handoff, what)


def _say(uow: UnitOfWork, handoff: Handoff, what: Tell) -> None:
    """A request that was taken back before it left needs no second word."""
    after = book.save(uow, handoff, handoff.told(what))
    if uow.outbox.state_of(_key(handoff, Tell.REQUESTED)) is not None:
        tell(uow, after, what, f":{after.stops}")


def ask_back(uow: UnitOfWork, order: Order, parcel: Parcel) -> str:
    """A partner that has sent a parcel is asked to bring it back; its name, or nothing."""
    if parcel.fulfillment_id is None:
        return ""
    place = uow.work.by_id(parcel.fulfillment_id).location_id
    partner = partner_at(uow.shop, place)
    given = [h for h in book.of_order(uow.session, order.id) if partner]
    mine = [h for h in given if partner and h.connection_id == partner.id]
    if not partner or not mine:
        return ""
    tell(uow, mine[-1], Tell.RECALL, f":{parcel.id}")
    return partner.name
