"""Four weeks of believable history: 200 orders, brought in and worked on by real commands."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any

from bot.sandbox.furnish import SHOP, SYSTEM, Furnished, staff
from bot.sandbox.shop import acts
from bot.sandbox.shop.model import Order
from bot.sandbox.shop.payloads import fulfillment_payload, order_payload, refund_payload
from bot.sandbox.town import Town
from core.commands.fulfillment import PackWork, PickWork, ShipWork
from core.commands.holds import HoldOrder
from core.commands.orders import MoveOrder, NoteOrder, TagOrder
from core.commands.receiving import ReceiveReturn
from core.commands.returns import RequestReturn
from core.commands.scans import ScanForCases
from core.commands.setup import SetMode
from core.commands.stock import plan_stock_pushes
from core.db import channels, events
from core.db.connection import Session
from core.db.setup import load_shop
from core.db.unit_of_work import UnitOfWork
from core.domain.cases import CaseKind
from core.domain.holds import HoldReason
from core.domain.returns import ReturnReason
from core.domain.shop import Connection, Mode
from core.domain.shop import Shop as OurShop
from core.engine import Caller, Engine, Receipt
from core.integrations.carriers.seventeen import translate
from core.integrations.channels.shopify.access import caller_for
from core.integrations.channels.shopify.translate import translate_delivery

ORDERS = 200
THIS_MORNING = 8
DAYS = 26
WAY = (
    ("InTransit_PickedUp", "Berlin", 6),
    ("InTransit_Departure", "Hannover", 13),
    ("OutForDelivery", "", 31),
    ("Delivered", "", 36),
)
Act = Callable[[], object]


@dataclass
class History:
    """An agenda of moments and what happens then; the town's clock stands at each in turn."""

    engine: Engine
    town: Town
    furnished: Furnished
    dice: random.Random = field(default_factory=lambda: random.Random(2026))
    agenda: list[tuple[datetime, int, Act]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.morning = self.town.clock()
        self.shop: OurShop = self.engine.read(lambda session: load_shop(session, SHOP))
        self.channel = self._connection("shopify")
        self.carrier = self._connection("carrier")
        self._steps = 0

    def _connection(self, kind: str) -> Connection:
        found = self.shop.connection(self.furnished.connections[kind])
        if found is None:
            raise LookupError(f"The sandbox has no connection of kind {kind}.")
        return found

    def at(self, moment: datetime, act: Act) -> None:
        """Let something happen, unless it lies in the future."""
        if moment < self.morning:
            self._steps += 1
            heappush(self.agenda, (moment, self._steps, act))

    def play(self) -> None:
        while self.agenda:
            moment, _, act = heappop(self.agenda)
            self.town.clock.stand_at(moment)
            act()
        self.town.clock.stand_at(self.morning)

    def do(self, command: Any, caller: Caller) -> Receipt:
        receipt = self.engine.execute(command, caller)
        if not receipt.ok:
            raise RuntimeError(f"History went wrong at {receipt.command}: {receipt}")
        return receipt

    def hear(self, topic: str, payload: dict[str, Any]) -> None:
        """What the shop says, through the translation that its webhooks go through."""
        raw = json.dumps(payload).encode()
        command = translate_delivery(self.channel, topic, raw)
        self.do(command, caller_for(self.shop, self.channel))


def write_history(engine: Engine, town: Town, furnished: Furnished) -> None:
    """Everything until this morning; then the shop goes live, and nothing old is ever sent."""
    history = History(engine, town, furnished)
    for number in range(ORDERS):
        _Life(history, number).begin()
    history.play()
    for kind in SCANS:
        history.do(ScanForCases(kind), SYSTEM)
    engine.chore(_forget_to_tell, SHOP)
    _agree_on_stock(history)
    _note_the_pull(history)
    history.do(SetMode(Mode.LIVE), SYSTEM)
    town.carrier.pushes.clear()


class _Life:
    """One order from its purchase to wherever it stands this morning."""

    def __init__(self, history: History, number: int) -> None:
        self.history, self.number = history, number
        self.dice = random.Random(number * 7919 + 11)
        self.placed = history.morning - self._age()
        self.order: Order | None = None

    def _age(self) -> timedelta:
        """Most orders are weeks or days old; the last few came this morning."""
        younger = ORDERS - self.number
        if younger <= THIS_MORNING:
            return timedelta(minutes=40) * younger
        jitter = timedelta(minutes=self.dice.randint(0, 120))
        return timedelta(days=DAYS) * (younger / ORDERS) - jitter

    def begin(self) -> None:
        special = SPECIALS.get(self.number)
        if special is not None:
            special(self)
        elif self.number % 17 == 5:
            self.history.at(self.placed, self.sell)
        else:
            self.usual()

    # --- what can happen to it -----------------------------------------------------------------

    def usual(self, **purchase: Any) -> None:
        """Bought, and out of the door with the next wave of picking."""
        self.history.at(self.placed, lambda: self.buy(**purchase))
        picked = _next_wave(self.placed) + timedelta(minutes=self.dice.randint(5, 25))
        self.history.at(picked, self.pick)
        self.history.at(picked + timedelta(minutes=25), self.pack)
        self.history.at(picked + timedelta(minutes=50), self.ship)
        slow = self.dice.choice((1.0, 1.0, 1.3, 1.7))
        for status, place, hours in WAY:
            seen = picked + timedelta(hours=hours * slow)
            self.history.at(seen, lambda s=status, p=place: self.scan(s, p))  # type: ignore[misc]

    def buy(self, **purchase: Any) -> None:
        self.order = acts.place_order(self.town.shop, **purchase)
        self.history.hear("orders/create", order_payload(self.order, self.town.shop.domain))

    def buy_goods(self) -> None:
        """Something that can be picked and held: no gift card."""
        self.buy(lines={self.dice.choice(SOUVENIRS): 2, self.dice.choice(MUGS): 1})

    def sell(self) -> None:
        self.buy(lines={self.dice.choice(SOUVENIRS): 1}, pos=True, location="MUC")

    def pick(self) -> None:
        if self.ships:
            self.history.do(PickWork(self.name), staff("Jonas"))

    def pack(self) -> None:
        if self.ships:
            self.history.do(PackWork(self.name), staff("Jonas"))

    def ship(self) -> None:
        """Our people hand it over; the shop hears of it and answers with its own echo."""
        if not self.ships:
            return
        self.history.do(ShipWork(self.name, self.tracking, "DHL"), staff("Jonas"))
        for made in acts.fulfill_in_admin(self.town.shop, self.name, tracking=self.tracking):
            payload = fulfillment_payload(self.bought, made)
            self.history.hear("fulfillments/create", payload)

    def scan(self, status: str, place: str = "") -> None:
        if not self.ships:
            return
        carrier = self.town.carrier
        carrier.scan(self.tracking, status, place)
        push = carrier.pushes[-1]
        command = translate(self.history.carrier.id, push.body)
        self.history.do(command, caller_for(self.history.shop, self.history.carrier))

    def hold(self, reason: HoldReason, who: str, note: str) -> None:
        self.history.do(HoldOrder(self.name, reason, note=note), staff(who))

    def move(self, location: str) -> None:
        self.history.do(MoveOrder(self.name, location), staff("Ann"))

    def send_back(self, reason: ReturnReason) -> None:
        self.history.do(RequestReturn(self.name, reason=reason), staff("Mia"))

    def come_back(self) -> None:
        self.history.do(ReceiveReturn(f"R{self.name}-1", "BER"), staff("Jonas"))

    def refund(self) -> None:
        order = self.bought
        units = {line.sku: line.ordered for line in order.lines}
        made = acts.refund(self.town.shop, order.number, lines=units, restock="BER")
        self.history.hear("refunds/create", refund_payload(order, made))

    @property
    def town(self) -> Town:
        return self.history.town

    @property
    def bought(self) -> Order:
        if self.order is None:
            raise LookupError("This order was not placed yet.")
        return self.order

    @property
    def ships(self) -> bool:
        return any(line.sku != "gift-card-50" for line in self.bought.lines)

    @property
    def name(self) -> str:
        return str(self.bought.number)

    @property
    def tracking(self) -> str:
        return f"003404341610940{self.bought.number:05d}"

    def after(self, hours: float, act: Act) -> None:
        self.history.at(self.placed + timedelta(hours=hours), act)


# --- the orders that people will ask about -------------------------------------------------------


def _delayed(life: _Life) -> None:
    """Sent two days ago, then held up at a depot."""
    life.after(0, life.buy)
    life.after(20, life.ship)
    life.after(27, lambda: life.scan("InTransit_PickedUp", "Berlin"))
    life.after(44, lambda: life.scan("Exception_Delayed", "Hannover"))


def _held(reason: HoldReason, who: str, note: str) -> Callable[[_Life], None]:
    def begin(life: _Life) -> None:
        life.after(0, life.buy_goods)
        life.after(0.4, lambda: life.hold(reason, who, note))

    return begin


def _returned(life: _Life) -> None:
    """Sent back, and the money is still due."""
    life.usual()
    life.after(144, lambda: life.send_back(ReturnReason.SIZE_TOO_SMALL))
    life.after(170, life.come_back)


def _refunded(life: _Life) -> None:
    _returned(life)
    life.after(190, life.refund)


def _coming_back(life: _Life) -> None:
    life.usual()
    life.after(144, lambda: life.send_back(ReturnReason.UNWANTED))


def _canceled(life: _Life) -> None:
    def cancel() -> None:
        acts.cancel(life.town.shop, life.name)
        domain = life.town.shop.domain
        life.history.hear("orders/cancelled", order_payload(life.bought, domain))
        refund = refund_payload(life.bought, life.bought.refunds[-1])
        life.history.hear("refunds/create", refund)

    life.after(0, life.buy)
    life.after(2, cancel)


def _unknown(life: _Life) -> None:
    """The shop sells something that nobody told us of."""
    life.after(0, lambda: life.buy(lines=[{"sku": "mug-gold", "quantity": 1, "price": 2490}]))


def _for_a_cafe(life: _Life) -> None:
    """The biggest order of the morning."""
    life.after(0, lambda: life.buy(lines={"lamp-green": 6, "coffee-500": 4}))


def _in_hamburg(life: _Life) -> None:
    life.after(0, lambda: life.buy(lines={"candle-large": 2}))
    life.after(0.5, lambda: life.move("HAM"))


def _waiting(life: _Life) -> None:
    life.after(0, life.buy_goods)


def _on_the_bench(life: _Life) -> None:
    life.after(0, life.buy_goods)
    life.history.at(life.history.morning - timedelta(minutes=50), life.pick)


def _packed(life: _Life) -> None:
    _on_the_bench(life)
    life.history.at(life.history.morning - timedelta(minutes=20), life.pack)


def _regular(life: _Life) -> None:
    """A customer whom everybody knows."""
    anna = {"first_name": "Anna", "last_name": "Schmidt", "email": ANNA, "country": "DE"}
    life.usual(customer={**anna, "locale": "de"})
    life.after(1, lambda: life.history.do(TagOrder(life.name, "vip"), staff("Mia")))
    note = "Rings twice, lives at the back."
    life.after(2, lambda: life.history.do(NoteOrder(life.name, note), staff("Mia")))


ANNA = "anna.schmidt@example.com"
SOUVENIRS = ("candle-small", "coffee-500", "tote-natural", "beanie-rust", "mug-sand")
MUGS = ("mug-red", "mug-blue")
SPECIALS: dict[int, Callable[[_Life], None]] = {
    30: _canceled,
    60: _refunded,
    112: _regular,
    128: _returned,
    139: _coming_back,
    150: _canceled,
    172: _regular,
    179: _delayed,
    188: _held(HoldReason.ADDRESS, "Mia", "House number is missing"),
    190: _waiting,
    192: _in_hamburg,
    193: _on_the_bench,
    194: _packed,
    195: _for_a_cafe,
    196: _held(HoldReason.CUSTOMER, "Mia", "Wants it together with her next order"),
    197: _unknown,
    198: _on_the_bench,
    199: _waiting,
}


def _next_wave(moment: datetime) -> datetime:
    """07:00 or 11:30 UTC of a working day: the second is out before the cut-off in Berlin."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    while True:
        for wave in (day + timedelta(hours=7), day + timedelta(hours=11.5)):
            if wave > moment and day.weekday() < 5:
                return wave
        day += timedelta(days=1)


SCANS = (CaseKind.STUCK, CaseKind.PAST_CUTOFF, CaseKind.TRACKING_STALE, CaseKind.REFUND_OPEN)
NEWS = (CaseKind.STUCK, CaseKind.PARCEL_TROUBLE, CaseKind.RETURN_DECISION)


# --- before the doors open -----------------------------------------------------------------------


def _note_the_pull(history: History) -> None:
    """As if the shop had just been asked what changed: the next pull looks from here."""
    pulled = {"pulled_to": history.morning.isoformat()}
    connection = history.channel.id
    history.engine.chore(lambda uow: channels.remember(uow, connection, **pulled), SHOP)


def _forget_to_tell(uow: UnitOfWork) -> None:
    """The past was told in the past; a few open cases are this morning's news."""
    news = {case.id for kind in NEWS for case in uow.cases.open_of_kind(kind)}
    while facts := events.unplanned(uow.session, 5000):
        old = [one for one in facts if one.data.get("case_id") not in news]
        events.place(uow.session, old)
        if len(old) < len(facts):
            return


def _agree_on_stock(history: History) -> None:
    """The shop shows exactly what we can sell, and we know that it does."""
    connection = history.channel.id
    history.engine.chore(lambda uow: plan_stock_pushes(uow, 5000), SHOP)

    def look(session: Session) -> list[tuple[str, int, int]]:
        return channels.available(session, history.shop, history.channel)

    levels = history.engine.read(look)
    for sku, location_id, available in levels:
        acts.set_stock(history.town.shop, sku, history.shop.locations[location_id].code, available)

    def keep(uow: UnitOfWork) -> None:
        for sku, location_id, available in levels:
            channels.set_told(uow, connection, sku, location_id, available)

    history.engine.chore(keep, SHOP)
