"""What a card in a channel is about: the order or case as it stands now, drawn for everybody."""

from __future__ import annotations

from dataclasses import replace

from bot.bridge import House
from bot.desk import desk_of
from bot.presentation.model import Card
from bot.presentation.orders import order_card
from bot.presentation.views import card_for
from bot.presentation.words import when
from core.db.cases import case_by_id
from core.db.orders import numbers_of
from core.domain.access import system
from core.domain.values import dataclass
from core.engine import Caller
from core.queries.cases import ShowCase
from core.queries.order_view import OrderView
from core.queries.orders import ShowOrder


@dataclass(frozen=True, slots=True)
class Shown:
    """A subject's card; a closed one has no buttons left and says how it ended."""

    subject: str
    card: Card
    version: int = 0
    closing: str = ""
    is_closed: bool = False
    location_id: int | None = None


async def shown_subject(house: House, shop_id: int, subject: str) -> Shown | None:
    """The subject for a channel: times in the shop's zone, every button (the engine decides)."""
    kind, _, name = subject.partition(":")
    caller = Caller(system(shop_id, "slack"), "slack")
    if kind == "case":
        return await _case(house, caller, subject, int(name))
    if kind == "order":
        return await _order(house, caller, subject, int(name))
    return None


async def _order(house: House, caller: Caller, subject: str, order_id: int) -> Shown | None:
    numbers = await house.read(lambda session: numbers_of(session, {order_id}))
    number = numbers.get(order_id)
    if number is None:
        return None
    view: OrderView = await house.query(ShowOrder(number), caller)
    card = order_card(view, await desk_of(house, caller))
    return Shown(subject, replace(card, subject=subject), view.version)


async def _case(house: House, caller: Caller, subject: str, case_id: int) -> Shown | None:
    shop_id = caller.actor.shop_id
    case = await house.read(lambda session: case_by_id(session, shop_id, case_id))
    if case is None:
        return None
    desk = await desk_of(house, caller)
    ask = ShowCase(case.number)
    drawn = card_for(await house.query(ask, caller), ask, desk)
    if not isinstance(drawn, Card):
        return None
    card = replace(drawn, subject=subject)
    if case.is_open:
        return Shown(subject, card, case.version, location_id=case.location_id)
    ended = f"{case.resolution} · {when(case.resolved_at, desk)}" if case.resolved_at else ""
    return Shown(
        subject,
        replace(card, actions=(), more=()),
        case.version,
        closing=f"✅ Resolved: {ended}",
        is_closed=True,
        location_id=case.location_id,
    )
