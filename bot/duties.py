"""What a process does by itself: which hands carry out which effect, and the scheduled jobs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from email.utils import parseaddr
from functools import partial
from pathlib import Path
from typing import Any

import httpx2

from bot.bridge import House
from bot.chat.host import ChatHost
from bot.clock import Job
from bot.slack.surface import Slack
from bot.stores import as_refusal
from bot.telegram.app import TelegramDoor
from core.commands.asking_money import RemindOfPayments
from core.commands.calendars import RefreshHolidays
from core.commands.carts import ReleaseExpiredCarts
from core.commands.consolidating import Consolidate
from core.commands.counting import PlanCounts
from core.commands.crediting import ExpireCredit
from core.commands.deciding import EndWaits, RouteQueue
from core.commands.edits import DiscardExpiredEdits
from core.commands.exchanging import SettleExchanges
from core.commands.improving import ImprovePlans, helped_by
from core.commands.label_buying import plan_label
from core.commands.partners import HandOffDue
from core.commands.pausing import SettlePauses
from core.commands.photos import ForgetPhotos
from core.commands.pickups import RemindPickups
from core.commands.preorders import WatchAwaited
from core.commands.return_expiry import ExpireReturns
from core.commands.scans import ReleaseExpiredHolds, ScanForCases, WakeCases
from core.commands.screening import ForgetMarks
from core.commands.stock import plan_stock_pushes
from core.commands.telling_returns import plan_return
from core.db import house as notes
from core.db import setup
from core.db.backup import backup
from core.db.connection import Session
from core.db.events import Fact
from core.db.inbox import Delivery
from core.db.unit_of_work import UnitOfWork
from core.domain.access import system
from core.domain.cases import CaseKind
from core.domain.effects import Effect
from core.domain.refusals import Refusal, Unavailable
from core.domain.schedule import Daily, Every
from core.domain.shop import Connection
from core.domain.values import dataclass
from core.engine import Caller, Unreadable
from core.integrations.calling import new_http
from core.integrations.carriers import buying, seventeen
from core.integrations.channels.shopify import effects as shopify
from core.integrations.channels.shopify.access import Access, Store
from core.integrations.channels.shopify.client import ShopifyProblem
from core.integrations.channels.shopify.pull import pull_missed, record_their_count
from core.integrations.channels.shopify.reconcile import reconcile
from core.integrations.channels.shopify.translate import translate_delivery
from core.integrations.outside import Outside
from core.integrations.partners import answers
from core.integrations.partners import requests as partners
from core.integrations.payments import carrying as payments
from core.integrations.payments import reconcile as gateways
from core.integrations.payments import stripe_hooks
from core.integrations.payments.opening import Till
from core.integrations.secrets import open_secrets
from core.integrations.solver import find as find_solver
from core.worker import Duties, Translator
from notifications.deliver import Deliveries
from notifications.plan import plan
from notifications.senders.email import EmailSender, parse_smtp_url
from notifications.tell import Teller

log = logging.getLogger("wismo.duties")

MINUTE = timedelta(minutes=1)
OFTEN = (
    CaseKind.STUCK,
    CaseKind.PAST_CUTOFF,
    CaseKind.HOLD_ASKED,
    CaseKind.OVERDUE,
    CaseKind.DELIVERY_DEAD,
    CaseKind.DEAD_LETTER,
    CaseKind.CAPTURE_UNKNOWN,
    CaseKind.REFUND_UNKNOWN,
)
SELDOM = (
    CaseKind.TRACKING_STALE,
    CaseKind.REFUND_OPEN,
    CaseKind.PAYMENT_DUE,
    CaseKind.PICKUP_LATE,
    CaseKind.RETURN_UNCOUNTED,
    CaseKind.AUTHORIZATION_ENDS,
)
BACKUP_AT = time(3)
HOLIDAYS_AT = time(2, 30)
CHUNKS_MAX = 100


@dataclass(frozen=True, slots=True)
class Hands:
    """What the work is done with: one of each in a process."""

    house: House
    http: httpx2.AsyncClient
    slack: Slack
    chat: ChatHost
    telegram: TelegramDoor
    deliveries: Deliveries

    @property
    def store_access(self) -> Access:
        settings = self.house.settings
        base = settings.shopify_api_url
        return Access(self.house.engine, self.http, settings.secrets, base)

    @property
    def till(self) -> Till:
        settings = self.house.settings
        access = self.store_access
        return Till(self.house.engine, self.http, settings.secrets, access, settings.stripe_api_url)


def make_hands(house: House) -> Hands:
    http = new_http(20)
    chat = ChatHost(house)
    telegram = TelegramDoor(house, chat, http)
    settings = house.settings
    teller = Teller(settings.secrets, settings.base_url)
    deliveries = Deliveries(house.engine, teller, Mail(house).sender_for, telegram.sender_for)
    return Hands(house, http, Slack(house), chat, telegram, deliveries)


def duties(hands: Hands) -> Duties:
    executors = {
        **shopify.executors(hands.store_access),
        **payments.executors("shopify", hands.till.open),
        **payments.executors("stripe", hands.till.open),
        **hands.slack.executors(),
        **hands.deliveries.executors(),
        **hands.telegram.executors(),
        **partners.executors(_post(hands)),
        **_labels(hands).executors(),
        "chat.hand_back": hands.chat.take_back,
    }
    return Duties(executors, _plan, _translator(hands), (plan_stock_pushes,))


def _plan(uow: UnitOfWork, fact: Fact) -> None:
    """A fact is told to people, and to the machines that want to know."""
    plan(uow, fact)
    plan_return(uow, fact)
    plan_label(uow, fact)


def _labels(hands: Hands) -> buying.Counter:
    settings = hands.house.settings
    return buying.Counter(
        hands.house.engine, hands.http, settings.secrets, settings.easypost_api_url
    )


def _post(hands: Hands) -> partners.Post:
    settings = hands.house.settings
    outside = Outside(hands.http, settings.outside_hosts)
    return partners.Post(hands.house.engine, outside, settings.secrets)


class Mail:
    """The mail sender of each shop: its own server (a connection), else that of the settings."""

    def __init__(self, house: House) -> None:
        self._house = house

    def sender_for(self, effect: Effect) -> EmailSender | None:
        settings = self._house.settings
        shop = self._house.engine.read(lambda session: setup.load_shop(session, effect.shop_id))
        own = shop.first_connection("smtp")
        url = open_secrets(own, settings.secrets).get("url") if own else None
        told = (own.config.get("mail_from") if own else None) or settings.mail_from or shop.email
        name, address = parseaddr(str(told))
        server = url or settings.smtp_url
        if not server or not address:
            return None
        return EmailSender(
            parse_smtp_url(server),
            address,
            name or shop.name,
            self._house.clock,
            reply_to=shop.email or None,
        )


# --- kept deliveries, read again -----------------------------------------------------------------


def _translator(hands: Hands) -> Translator:
    readers: dict[str, Callable[[Connection, str, bytes], Any]] = {
        "shopify": translate_delivery,
        "carrier": lambda connection, _topic, raw: seventeen.translate(connection.id, raw),
        "partner": lambda connection, topic, raw: answers.translate(connection.id, topic, raw),
        "stripe": lambda connection, topic, raw: stripe_hooks.translate(connection.id, topic, raw),
        "telegram": hands.telegram.read_again,
    }

    def translate(session: Session, delivery: Delivery) -> Any:
        """What a kept delivery means, with the translation of today."""
        shop_id = setup.shop_of_connection(session, delivery.connection_id)
        shop = setup.load_shop(session, shop_id) if shop_id is not None else None
        found = shop.connection(delivery.connection_id) if shop else None
        read = readers.get(found.kind) if found else None
        if found is None or read is None:
            return Unreadable("A message from here is not read a second time.")
        return read(found, delivery.topic, delivery.raw)

    return translate


# --- scheduled jobs ------------------------------------------------------------------------------


QUARTER, HOUR = 15 * MINUTE, 60 * MINUTE
FOR_EVERY_SHOP: tuple[tuple[str, Every | Daily, Callable[[], Any]], ...] = (
    ("wake cases", Every(MINUTE), WakeCases),
    ("release holds", Every(MINUTE), ReleaseExpiredHolds),
    ("release carts", Every(MINUTE), ReleaseExpiredCarts),
    ("settle pauses", Every(MINUTE), SettlePauses),
    ("hand off", Every(MINUTE), HandOffDue),
    ("consolidate", Every(MINUTE), Consolidate),
    ("settle exchanges", Every(MINUTE), SettleExchanges),
    ("discard edits", Every(QUARTER), DiscardExpiredEdits),
    ("improve plans", Every(QUARTER), ImprovePlans),
    ("remind pickups", Every(QUARTER), RemindPickups),
    ("route queue", Every(QUARTER), RouteQueue),
    ("end waits", Every(QUARTER), EndWaits),
    ("watch awaited", Every(HOUR), WatchAwaited),
    ("plan counts", Every(HOUR), PlanCounts),
    ("expire credit", Every(HOUR), ExpireCredit),
    ("expire returns", Every(HOUR), ExpireReturns),
    ("remind of payments", Every(HOUR), RemindOfPayments),
    ("forget photos", Every(HOUR), ForgetPhotos),
    ("forget screening marks", Every(HOUR), ForgetMarks),
    ("refresh holidays", Daily(HOLIDAYS_AT), RefreshHolidays),
)


def jobs(hands: Hands) -> list[Job]:
    house = hands.house
    helped_by(find_solver())
    return [
        *(_scan(house, kind, MINUTE) for kind in OFTEN),
        *(_scan(house, kind, 5 * MINUTE) for kind in SELDOM),
        _scan(house, CaseKind.LOW_STOCK, HOUR),
        _scan(house, CaseKind.INVARIANT, HOUR),
        *(_each(house, *one) for one in FOR_EVERY_SHOP),
        Job("pull missed orders", Every(QUARTER), lambda _: pull_all(hands)),
        Job("ask gateways", Every(QUARTER), lambda _: ask_gateways(hands)),
        *_backups(house),
    ]


def _each(house: House, name: str, when: Every | Daily, command: Callable[[], Any]) -> Job:
    return Job(name, when, _for_shops(house, name, lambda _: command()))


def _scan(house: House, kind: CaseKind, period: timedelta) -> Job:
    name = f"scan {kind.value}"
    run = _for_shops(house, name, lambda slot: ScanForCases(kind, run=slot.isoformat()))
    return Job(name, Every(period), run)


def _for_shops(
    house: House, name: str, command: Callable[[datetime], Any]
) -> Callable[[datetime], Awaitable[str]]:
    """Give one command to every shop, chunk after chunk; each is done once per slot."""

    async def run(slot: datetime) -> str:
        said = []
        for shop_id in await house.read(setup.shop_ids):
            for chunk in range(CHUNKS_MAX):
                caller = Caller(system(shop_id, "clock"), "clock", f"{name}:{slot}:{chunk}")
                receipt = await house.execute(command(slot), caller)
                if not receipt.ok:
                    raise Refusal(receipt.sentence, receipt.next, code=receipt.code)
                said.append(receipt.sentence)
                if not receipt.facts.get("more"):
                    break
        return " ".join(said)

    return run


async def stores(hands: Hands, shop_id: int) -> list[Store]:
    """The shop's connected stores that are switched on."""
    shop = await hands.house.read(lambda session: setup.load_shop(session, shop_id))
    active = [c for c in shop.connections.values() if c.kind == "shopify" and c.active]
    return [Store(hands.store_access, shop, connection) for connection in active]


async def pull_all(hands: Hands) -> str:
    """One store that does not answer must not keep the others from being asked."""
    said, failed = [], []
    for shop_id in await hands.house.read(setup.shop_ids):
        for store in await stores(hands, shop_id):
            name = store.connection.name
            try:
                pulled = await pull_missed(store)
                await record_their_count(store)
                said.append(f"{name}: {pulled.seen} seen, {pulled.new} new.")
            except ShopifyProblem as problem:
                failed.append(f"{name}: {problem}")
    if failed:
        raise Unavailable(" ".join([*failed, *said]), "It is tried again in a quarter of an hour.")
    return " ".join(said)


async def ask_gateways(hands: Hands) -> str:
    """What moved at gateways without a word to us, and what became of that which has no answer."""
    said = []
    for shop_id in await hands.house.read(setup.shop_ids):
        shop = await hands.house.read(partial(setup.load_shop, shop_id=shop_id))
        said.append(await gateways.reconcile(hands.till, shop))
    return " ".join(filter(None, said))


async def compare_all(house: House, shop_id: int) -> dict[str, list[str]]:
    """By store, every difference between its books and ours, as a sentence."""
    hands = make_hands(house)
    try:
        found = await stores(hands, shop_id)
        return {s.connection.name: await _compared(s) for s in found}
    finally:
        await hands.http.aclose()


async def _compared(store: Store) -> list[str]:
    try:
        return [str(each) for each in await reconcile(store)]
    except ShopifyProblem as problem:
        raise as_refusal(store.connection.name, problem) from problem


def _backups(house: House) -> list[Job]:
    if not house.settings.backup_dir:
        return []

    async def run(_slot: datetime) -> str:
        return await asyncio.to_thread(back_up, house)

    return [Job("backup", Daily(BACKUP_AT, _zone(house)), run)]


def _zone(house: House) -> str:
    """Night is where the first shop is."""
    shops = house.engine.read(setup.shop_ids)
    if not shops:
        return "UTC"
    return house.engine.read(lambda session: setup.load_shop(session, shops[0]).time_zone)


def back_up(house: House) -> str:
    """A backup under today's name; those older than the settings say are removed."""
    folder, now = Path(house.settings.backup_dir), house.clock()
    file = folder / _name_of(now)
    size = backup(house.engine.database, file)
    note_backup(house)
    kept = timedelta(days=house.settings.backup_days_kept)
    old = [old for old in folder.glob("wismo-*.backup") if old.name < _name_of(now - kept)]
    for one in old:
        one.unlink()
    return f"{file.name} written ({size} bytes), {len(old)} old ones removed."


def note_backup(house: House) -> None:
    now = house.clock()
    house.engine.chore(lambda uow: notes.note_at(uow, notes.BACKED_UP_AT, now))


def _name_of(moment: datetime) -> str:
    return f"wismo-{moment:%Y%m%dT%H%M%SZ}.backup"
