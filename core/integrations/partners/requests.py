"""What partners are told: one signed POST per message, tried until somebody has taken it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from core.commands.partner_words import EFFECT
from core.db import partners, setup
from core.db.connection import Session
from core.db.fulfillment import fulfillments_of, parcels_of
from core.db.reading import Reader
from core.domain.access import system
from core.domain.effects import Effect, Outcome, dead, done, later
from core.domain.fulfillment import FulfillmentOrder
from core.domain.gift import gift_of
from core.domain.order import Order
from core.domain.partners import Tell
from core.domain.shop import Connection, Mode, Shop
from core.domain.values import dataclass
from core.engine import Engine
from core.integrations.outside import Answered, NotReached, Outside, Refused
from core.integrations.partners.signing import signed
from core.integrations.secrets import open_secrets

BUSY = (408, 409, 425, 429)
UNKNOWN = (404, 410)
WATCHING = "watch mode: nothing is sent to partners"
_NEEDS_NO_ANSWER = (Tell.STOP, Tell.GO_ON, Tell.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Post:
    """What partners are reached with; `keys` as in settings.secrets."""

    engine: Engine
    outside: Outside
    keys: Sequence[str]

    async def tell(self, effect: Effect) -> Outcome:
        """Told once more, a partner knows the message by its id: it may simply be repeated."""
        found = await asyncio.to_thread(
            self.engine.read, partial(_look, effect, self.engine.clock())
        )
        if found is None:
            return done(nothing="the hand-off is over")
        shop, connection, words = found
        if shop.mode is Mode.WATCH:
            return done(suppressed=WATCHING)
        if not connection.active:
            return dead("the connection is switched off")
        raw = msgspec.json.encode(words)
        secret = open_secrets(connection, self.keys).get("webhook_secret", "")
        headers = signed(effect.key, self.engine.clock(), raw, secret)
        told = {**headers, "Content-Type": "application/json"}
        try:
            answer = await self.outside.post(str(connection.config.get("url", "")), raw, told)
        except Refused as problem:
            return dead(str(problem))
        except NotReached as problem:
            return later(f"{connection.name} was not reached: {problem}")
        return _outcome(connection, Tell(words["type"]), answer)


def executors(post: Post) -> Mapping[str, Callable[[Effect], Awaitable[Outcome]]]:
    return {EFFECT: post.tell}


def _outcome(connection: Connection, what: Tell, answer: Answered) -> Outcome:
    if 200 <= answer.status < 300:
        return done(status=answer.status)
    if answer.status in UNKNOWN and what in _NEEDS_NO_ANSWER:
        return done(status=answer.status)  # it does not know of that work, so it does not do it
    words = answer.body[:200].decode("utf-8", "replace")
    said = f"{connection.name} answered {answer.status}: {words}"
    if answer.status in BUSY or answer.status >= 500:
        return later(said, answer.retry_after)
    return dead(said)


# --- what is said --------------------------------------------------------------------------------


def _look(
    effect: Effect, now: datetime, session: Session
) -> tuple[Shop, Connection, dict[str, Any]] | None:
    """Shop, partner and the message as it is true now; None when it is not to be said any more."""
    shop = setup.load_shop(session, effect.shop_id)
    handoff = partners.by_id(session, shop.id, int(effect.payload["handoff"]))
    connection = shop.connection(effect.connection_id) if effect.connection_id else None
    what = Tell(effect.payload["type"])
    if handoff is None or connection is None:
        return None
    if what is Tell.REQUESTED and not handoff.is_open:
        return None
    order = Reader(session, system(shop.id), now).orders.own(handoff.order_id)
    work = next(w for w in fulfillments_of(session, order.id) if w.id == handoff.work_id)
    head = {"type": what.value, "id": str(handoff.id), "order": order.number, "work": work.number}
    return shop, connection, {**head, **_more(session, shop, order, work, effect, what)}


def _more(
    session: Session,
    shop: Shop,
    order: Order,
    work: FulfillmentOrder,
    effect: Effect,
    what: Tell,
) -> dict[str, Any]:
    if what is Tell.REQUESTED:
        return _request(shop, order, work)
    if what is Tell.STOP:
        return {"reasons": sorted({hold.reason.value for hold in order.holds})}
    if what is Tell.RECALL:
        mark = str(effect.payload.get("mark", ""))
        parcel = next((p for p in parcels_of(session, order.id) if str(p.id) == mark), None)
        return {
            "tracking_number": (parcel and parcel.tracking_number) or "",
            "carrier": parcel.carrier if parcel else "",
        }
    return {}


def _request(shop: Shop, order: Order, work: FulfillmentOrder) -> dict[str, Any]:
    to, titles = order.ship_to, {line.id: line.title for line in order.lines}
    gift = gift_of(order.extra, order.tags)
    return {
        "location": shop.locations[work.location_id].code,
        "method": order.method,
        "ship_to": {
            "name": to.name,
            "company": to.company,
            "street": to.street,
            "street2": to.street2,
            "zip": to.zip,
            "city": to.city,
            "region": to.region,
            "country": to.country,
            "phone": to.phone,
        },
        "gift": None if gift is None else {"note": gift.note},
        "lines": [
            {"sku": item.sku, "title": titles.get(item.line_id, ""), "quantity": item.quantity}
            for item in work.items
        ],
    }
