"""Labels bought and given back at a carrier: look where it may have happened, act, tell the books.

A draft is free and has an id before anything is paid. It is written down first; so whoever does
not know whether a label was bought looks at the draft instead of buying another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import httpx2

from core.commands.label_buying import KIND, PDF_MOST, SettleLabel, keep_label
from core.db import setup
from core.db.bought_labels import BoughtLabel, has_content, label_by_id
from core.db.connection import Session
from core.db.label_facts import ReturnParcel, parcel_of
from core.domain.effects import Effect, Outcome, dead, done, later, unknown
from core.domain.labels import LabelState, best_rate, grams_of
from core.domain.order import Address
from core.domain.refusals import NotFound
from core.domain.returning.places import by_post
from core.domain.shop import Connection, Location, Mode, Shop
from core.domain.values import dataclass
from core.engine import Engine
from core.integrations.carriers import labels as port
from core.integrations.carriers.easypost import API_URL, EasyPost
from core.integrations.channels.shopify.access import caller_for
from core.integrations.secrets import open_secrets

KEY_WAIT_SECONDS = 900.0
INSTEAD = "Make the label by hand, and write its number: `return-label`."


@dataclass(frozen=True, slots=True)
class Counter:
    """Where labels are bought. `keys` as in settings.secrets; `base_url` replaces the carrier's own
    address (a stand-in)."""

    engine: Engine
    http: httpx2.AsyncClient
    keys: Sequence[str]
    base_url: str = ""

    def executors(self) -> Mapping[str, Callable[[Effect], Awaitable[Outcome]]]:
        return {
            f"{KIND}.label": partial(self._carry_out, _buy),
            f"{KIND}.void": partial(self._carry_out, _give_back),
        }

    async def _carry_out(
        self, act: Callable[[Purchase], Awaitable[Outcome]], effect: Effect
    ) -> Outcome:
        """Every way a call can go wrong, as an outcome; a no is written down first."""
        purchase = await asyncio.to_thread(self._purchase, effect)
        if not purchase.connection.active or purchase.shop.mode is Mode.WATCH:
            return await _refused(purchase, "the account is switched off, or the shop watches")
        try:
            return await act(purchase)
        except port.Busy as problem:
            return later(str(problem), problem.seconds)
        except port.NotReached as problem:
            return later(str(problem))
        except port.KeyRefused as problem:
            return later(f"{problem}: enter a new one", KEY_WAIT_SECONDS)
        except port.Refused as problem:
            return await _refused(purchase, str(problem))
        except port.LabelProblem as problem:  # Unsure
            return unknown(str(problem))

    def _purchase(self, effect: Effect) -> Purchase:
        def look(session: Session) -> Purchase:
            label = label_by_id(session, effect.payload["label"])
            shop = setup.load_shop(session, effect.shop_id)
            connection = shop.connection(effect.connection_id) if effect.connection_id else None
            if label is None or connection is None:
                raise NotFound("There is no such label, or no such connection.")
            parcel = parcel_of(session, label.rma_id)
            kept = has_content(session, label.id)
            return Purchase(self, shop, connection, label, parcel, kept)

        return self.engine.read(look)

    def maker(self, connection: Connection) -> port.LabelMaker:
        key = open_secrets(connection, self.keys).get("key", "")
        base = self.base_url or str(connection.config.get("api_url") or API_URL)
        return EasyPost(self.http, key, base)


@dataclass(frozen=True, slots=True)
class Purchase:
    """One label, with all that has to be told about its parcel."""

    counter: Counter
    shop: Shop
    connection: Connection
    label: BoughtLabel
    parcel: ReturnParcel
    is_kept: bool

    @property
    def maker(self) -> port.LabelMaker:
        return self.counter.maker(self.connection)

    async def tell(self, step: str, **words: Any) -> None:
        caller = caller_for(self.shop, self.connection)
        command = SettleLabel(self.label.id, step, **words)
        await asyncio.to_thread(self.counter.engine.execute, command, caller)

    async def keep(self, pdf: bytes) -> None:
        work = partial(keep_label, label_id=self.label.id, pdf=pdf)
        await asyncio.to_thread(self.counter.engine.chore, work, self.shop.id)


async def _refused(purchase: Purchase, why: str) -> Outcome:
    step = "spent" if purchase.label.state is LabelState.VOIDING else "refused"
    await purchase.tell(step, reason=why)
    return done(spent=why) if step == "spent" else dead(f"{why}. {INSTEAD}")


async def _buy(purchase: Purchase) -> Outcome:
    """Draft, buy, fetch: each step that is done already is not done again."""
    label = purchase.label
    if label.state not in (LabelState.ASKED, LabelState.BOUGHT):
        return done(already=label.state.value)
    there = await _drafted(purchase)
    if not there.is_bought:
        there = await _bought(purchase, there)
    await purchase.tell(
        "bought",
        carrier=there.carrier,
        service=there.service,
        tracking_number=there.tracking_number,
        cost=there.cost,
    )
    if not purchase.is_kept:
        try:
            await purchase.keep(await purchase.maker.paper(there.page, PDF_MOST))
        except port.Refused as problem:  # it is paid all the same
            return dead(f"{problem}. Take the label from the carrier's own page.")
    return done(number=there.tracking_number)


async def _drafted(purchase: Purchase) -> port.Shipment:
    """A draft whose answer was lost was never bought: another is made."""
    if purchase.label.shipment:
        return await purchase.maker.look(purchase.label.shipment)
    try:
        there = await purchase.maker.draft(_wanted(purchase))
    except port.Unsure as problem:
        raise port.NotReached(str(problem)) from problem
    await purchase.tell("drafted", shipment=there.id)
    return there


async def _bought(purchase: Purchase, there: port.Shipment) -> port.Shipment:
    wanted = str(purchase.connection.config.get("carriers") or "").split(",")
    rate = best_rate(there.rates, purchase.shop.currency, wanted)
    if rate is None:
        raise port.Refused(f"nobody carries it for {purchase.shop.currency}")
    return await purchase.maker.buy(there.id, rate.id)


async def _give_back(purchase: Purchase) -> Outcome:
    if purchase.label.state is not LabelState.VOIDING:
        return done(already=purchase.label.state.value)
    maker, shipment = purchase.maker, purchase.label.shipment
    there = await maker.look(shipment)
    if not there.is_given_back and not await maker.give_back(shipment):
        return await _refused(purchase, "the carrier keeps the money of this label")
    await purchase.tell("void")
    return done()


def _wanted(purchase: Purchase) -> port.Wanted:
    parcel = purchase.parcel
    places = purchase.shop.locations.values()
    goal = by_post(places, parcel.customer, parcel.reasons)
    if goal is None:
        raise port.Refused("no location takes returns")
    return port.Wanted(
        customer=_door(parcel.customer, parcel.phone, parcel.email),
        home=_home(goal.place, purchase.shop),
        grams=grams_of(parcel.units, parcel.weights),
        reference=parcel.number,
    )


def _door(at: Address, phone: str, email: str) -> port.Door:
    return port.Door(
        at.name,
        at.street,
        at.zip,
        at.city,
        at.country,
        street2=at.street2,
        company=at.company,
        region=at.region,
        phone=phone,
        email=email,
    )


def _home(place: Location, shop: Shop) -> port.Door:
    name = place.name or place.code
    return port.Door(
        name,
        place.street,
        place.zip,
        place.city,
        place.country,
        company=shop.name,
        email=shop.email,
    )
