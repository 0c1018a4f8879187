"""A small shop that a machine may do anything to, and what must be true of it after every step."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.db import tables as t
from core.db.connection import Database, Session
from core.db.inbox import Delivery
from core.domain.access import Role
from core.engine import Caller, Engine, Receipt
from tests import lending, truths
from tests.shop import CHANNEL, SHOPIFY, SKUS, START, Clock, Shop, make_shop, staff

OPENING = 6  # units of each SKU at each of two locations
OWNER = staff(Role.OWNER, "Olga")
SLOW = truths.OF_THE_SCHEMA | {"I-35b"}  # about the platform: asked once, at the end
# Whole-shop queries that no line of the machine depends on; a row of any of them is a mistake.
MORE = {
    "what a line has shipped is what its parcels took away": """
        select l.id from order_line l join orders o on o.id = l.order_id left join (
            select k.line_id, sum(k.quantity) as units from parcel_line k
            join parcel p on p.id = k.parcel_id
            where p.handed_over_at is not null or p.first_scan_at is not null group by k.line_id
        ) g on g.line_id = l.id where o.handed_over = 0 and l.kind <> 'kit'
            and l.shipped <> coalesce(g.units, 0)""",
    "what parcels brought is delivered": """
        select l.id from order_line l join (
            select k.line_id, sum(k.quantity) as units from parcel_line k
            join parcel p on p.id = k.parcel_id where p.delivered_at is not null group by k.line_id
        ) g on g.line_id = l.id where l.delivered < g.units""",
    "open work has units": """
        select f.number from fulfillment_order f
        where f.stage in ('ready', 'printed', 'picked', 'packed') and not exists (
            select 1 from reservation r where r.fulfillment_id = f.id and r.state = 'promised')""",
    "packed units are those of packed work": """
        select l.id from order_line l left join (
            select r.line_id, sum(r.quantity) as units from reservation r
            join fulfillment_order f on f.id = r.fulfillment_id
            where f.stage = 'packed' and r.state = 'promised' group by r.line_id
        ) w on w.line_id = l.id where l.packed <> coalesce(w.units, 0)""",
    "nobody waits for what lies free": """
        select l.id from order_line l join stock_level s on s.sku = l.sku
        where l.backordered > 0 and s.on_hand - s.reserved - s.safety - s.frozen - s.buffer > 0
            and not exists (select 1 from cart c where c.unserved = 1 or c.state = 'held')""",
    "a short order has a case, unless a person closed it": """
        select l.id from order_line l where l.backordered > 0 and l.awaits = '' and not exists (
            select 1 from cases c where c.kind = 'short'
            and c.order_id = l.order_id
            and (c.state <> 'resolved' or c.resolution like 'Olga%'))""",
    "nobody is asked about a shortage that is over": """
        select c.number from cases c where c.kind = 'short' and c.state <> 'resolved'
        and not exists (select 1 from order_line l
            where l.order_id = c.order_id and l.backordered > 0)""",
    "nobody is asked to decide what is decided": """
        select c.number from cases c where c.kind = 'return_decision' and c.state <> 'resolved'
        and not exists (select 1 from rma r
            where c.subject = 'return:' || r.id and r.status = 'requested')""",
    "nobody is asked to pay what is paid": """
        select c.number from cases c
        where c.kind in ('refund_task', 'refund_open') and c.state <> 'resolved'
        and not exists (select 1 from refund f
            where c.subject = 'refund:' || f.id and f.state = 'due')""",
    "what is due is somebody's task, unless a person closed it or the channel pays it": """
        select f.id from refund f where f.state = 'due' and not exists (
            select 1 from refund_part p where p.refund_id = f.id and p.gateway = 'channel'
        ) and not exists (
            select 1 from cases c where c.kind = 'refund_task' and c.subject = 'refund:' || f.id
            and (c.state <> 'resolved' or c.resolution like 'Olga%'))""",
    "money is told as it is kept": """
        select o.number from orders o where o.refunded < 0 or o.captured < 0""",
    "every delivery was done, refused or waits for its order": """
        select i.id from inbox i where i.state in ('retry', 'dead')
        and i.error not like '%not here yet%' and i.error not like '%yet.%'""",
}


class Trouble(logging.Handler):
    """Keeps what the engine logs as a mistake of its own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(f"{record.getMessage()}: {record.exc_info[1] if record.exc_info else ''}")


class World:
    """The shop, what was told of it so far, and how many units a careful hand would count."""

    def __init__(self, url: str) -> None:
        self.clock = Clock(START + timedelta(minutes=1))  # after the shop was furnished
        database = Database(url, durable=False)
        self.shop = Shop(Engine(database, self.clock), self.clock)
        self.units: Counter[str] = Counter(dict.fromkeys(SKUS, 2 * OPENING))
        self.sent: list[tuple[Any, Caller]] = []
        self.kept: dict[str, Any] = {}
        self._deliveries = 0
        self.trouble = Trouble()
        logging.getLogger("wismo.engine").addHandler(self.trouble)

    def close(self) -> None:
        logging.getLogger("wismo.engine").removeHandler(self.trouble)
        self.shop.close()

    # --- saying something ------------------------------------------------------------------------

    def do(self, command: Any, caller: Caller = OWNER) -> Receipt:
        receipt = self.shop.do(command, caller)
        assert receipt.outcome != "failed", (command, receipt, self.trouble.seen)
        return receipt

    def hear(self, command: Any, topic: str = "orders") -> Receipt:
        """A new message of the shop's channel."""
        self._deliveries += 1
        name = f"d{self._deliveries}"
        caller = replace(CHANNEL, delivery=Delivery(SHOPIFY, topic, name, b"{}", f"e{name}"))
        self.kept[name] = command
        self.sent.append((command, caller))
        receipt = self.do(command, caller)
        assert not receipt.repeated
        return receipt

    def work_off(self) -> None:
        """What waits in the inbox is tried again."""
        for row in self.shop.rows(t.inbox, state="retry"):
            raw = row["delivery_id"]
            delivery = Delivery(
                SHOPIFY, row["topic"], raw, b"{}", row["event_id"], row["id"], row["attempts"]
            )
            self.do(self.kept[raw], replace(CHANNEL, delivery=delivery))

    # --- looking ---------------------------------------------------------------------------------

    def state(self) -> list[Any]:
        """Everything that a repeated message must leave as it is."""
        tables = (t.orders, t.order_line, t.stock_level, t.refund, t.parcel, t.rma, t.cases)
        return [self.shop.rows(table) for table in tables]

    def breakers(self) -> list[str]:
        found = self.shop.engine.read(breakers)
        return found + self._uncounted() + self.trouble.seen

    def _uncounted(self) -> list[str]:
        """On hand is what came less what left, counted from the other books."""
        have = Counter[str]()
        for row in self.shop.rows(t.stock_level):
            have[row["sku"]] += row["on_hand"]
        want = Counter(self.units)
        for row in self.shop.rows(t.reservation, state="consumed"):
            want[row["sku"]] -= row["quantity"]
        for row in self.shop.rows(t.rma_line):
            parts = self.shop.rows(t.order_line, kit_line_id=row["line_id"])
            want[row["sku"]] += 0 if parts else row["restocked"]
            for part in parts:
                want[part["sku"]] += row["restocked"] * part["per_kit"]
        for row in self.shop.rows(t.expected):
            want[row["sku"]] += row["received"]
        for row in self.shop.rows(t.stock_move):
            if (
                row["damaged"]
                or row["quality"]
                or row["kind"] == "sell"
                or row["reason"].startswith(("till sale", "taken back"))
            ):
                want[row["sku"]] += row["on_hand"]
        wrong = [sku for sku in SKUS if have[sku] != want[sku]]
        return [f"{sku}: {have[sku]} on hand, {want[sku]} counted" for sku in wrong]


def breakers(session: Session) -> list[str]:
    found = truths.of_rows(session, SLOW)
    for sentence, query in MORE.items():
        rows = session.driver.execute(query).fetchall()
        found += [f"{sentence}: {tuple(row)}" for row in rows]
    return found


# --- databases that cost little -------------------------------------------------------------------


def _furnish(url: str) -> None:
    make_shop(url, stock=OPENING).close()


@contextmanager
def sqlite_world(folder: Path) -> Iterator[str]:
    """A copy of one furnished file."""
    template = folder / "template.db"
    if not template.exists():
        _furnish(f"sqlite:///{template}")
        with closing(sqlite3.connect(template)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with tempfile.TemporaryDirectory(dir=folder) as own:
        shutil.copy(template, f"{own}/wismo.db")
        yield f"sqlite:///{own}/wismo.db"


@contextmanager
def postgresql_world() -> Iterator[str]:
    with lending.lend("postgresql", ask=False) as url:
        _furnish(url)
        yield url
