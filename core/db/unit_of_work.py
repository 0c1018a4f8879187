"""One command's unit of work: the repositories, what will be written, and what was told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.db import setup, undo
from core.db import tables as t
from core.db.cases import Cases
from core.db.connection import Session
from core.db.conversations import Conversations
from core.db.fulfillment import Fulfillments
from core.db.ids import Ids
from core.db.lazily import Lazily
from core.db.orders import Orders
from core.db.outbox import Outbox
from core.db.payments import Payments
from core.db.people import People
from core.db.refunds import Refunds
from core.db.returns import Returns
from core.db.rows import micros, to_json
from core.db.stock import Stock
from core.db.writer import Batch, in_order, insert_into
from core.domain.access import Actor
from core.domain.events import Event
from core.domain.refusals import Conflict
from core.domain.shop import Shop
from core.domain.undo import CaseBefore, window_of
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """An event with the order it belongs to and the id it was given."""

    id: int
    order_id: int | None
    event: Event


class UnitOfWork:
    """Handed to a handler; the engine writes it out or throws it away as one."""

    readonly = False

    def __init__(
        self,
        batch: Batch,
        ids: Ids,
        *,
        actor: Actor,
        surface: str,
        now: datetime,
        command_id: int,
        keys: Sequence[str] = (),
    ) -> None:
        self.batch = batch
        self.session: Session = batch.session
        self.new_id = ids
        self.actor = actor
        self.surface = surface
        self.now = now
        self.command_id = command_id
        self.keys = tuple(keys)  # the house's own, for codes that are derived, oldest first
        self.events: list[Told] = []
        self.told: set[int] = set()
        self.undo: Any = None
        self.cases_were: dict[int, CaseBefore] = {}  # before this command changed them
        self.founding = False
        self._shop: Shop | None = None
        self._told_from: int | None = None
        self._takes_back: int | None = None
        self._rows: dict[sa.Table, list[dict[str, Any]]] = {}
        batch.session.before = self.write_rows

    @property
    def shop(self) -> Shop:
        if self._shop is None:
            self._shop = self._load_shop()
        return self._shop

    def _load_shop(self) -> Shop:
        known = self.batch.shops
        if self.actor.shop_id not in known:
            load = setup.read_shop if self.actor.shop_id in self.batch.touched else setup.load_shop
            known[self.actor.shop_id] = load(self.session, self.actor.shop_id)
        shop: Shop = known[self.actor.shop_id]
        return shop

    def forget_shop(self) -> None:
        """The shop's surroundings changed: read them again when they are next asked for."""
        self.batch.shops.pop(self.actor.shop_id, None)
        self.batch.touched.add(self.actor.shop_id)
        self._shop = None

    @Lazily
    def orders(self) -> Orders:
        return Orders(self)

    @Lazily
    def stock(self) -> Stock:
        return Stock(self)

    @Lazily
    def work(self) -> Fulfillments:
        return Fulfillments(self)

    @Lazily
    def returns(self) -> Returns:
        return Returns(self)

    @Lazily
    def refunds(self) -> Refunds:
        return Refunds(self)

    @Lazily
    def payments(self) -> Payments:
        return Payments(self)

    @Lazily
    def cases(self) -> Cases:
        return Cases(self)

    @Lazily
    def people(self) -> People:
        return People(self)

    @Lazily
    def outbox(self) -> Outbox:
        return Outbox(self)

    @Lazily
    def conversations(self) -> Conversations:
        return Conversations(self)

    # --- undo ------------------------------------------------------------------------------------

    def take_back(self, command_id: int) -> None:
        """This command undoes another: whoever was to be told of it is told of neither. Raises
        Conflict when word of it has left."""
        if not undo.stop_caused_by(self.session, command_id, micros(self.now)):
            raise Conflict("It has been told outside already.", "Look at it and decide anew.")
        self._takes_back = command_id
        for each in (command_id, self.command_id):
            row = undo.row_of(each, self.shop.id, self.actor.id, self.now)
            self.insert(t.taken_back, row)

    def hold_back(self) -> timedelta:
        """What a reversible command would say outside waits until its undo window has closed.
        Returns how long the command may be undone."""
        window = window_of(self.shop.policy) if self.undo is not None else timedelta(0)
        if not window:
            self.undo = None
        if self.undo is not None or self._takes_back is not None:
            self._told_from = micros(self.now + window)
        held = self.outbox.held if "outbox" in self.__dict__ else []
        if held and self._takes_back is not None:
            undo.stop(self.session, held, micros(self.now))
        elif held and self.undo is not None:
            undo.wait(self.session, held, micros(self.now + window), self.command_id)
        return window

    # --- telling ---------------------------------------------------------------------------------

    def emit(self, order_id: int | None, *events: Event) -> None:
        """Facts for the timeline; an order that is told about counts as changed."""
        for event in events:
            self.events.append(Told(self.new_id(), order_id, event))
            if order_id is not None:
                self.told.add(order_id)

    # --- writing ---------------------------------------------------------------------------------

    def insert(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        """A new row; it is written with its batch, or before something might look for it."""
        self._rows.setdefault(table, []).append(dict(row))

    def insert_now(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        self.write_rows()
        self.session.insert([(insert_into(table), [row])])

    def log(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        """A row that no command reads back."""
        self.insert(table, row)

    def write_rows(self) -> None:
        """Write what waits: first the rows of earlier commands, then our own.

        While a new order is being made, its own rows wait for the order's row, which is written
        last; nobody else can know of them yet.
        """
        self.batch.flush()
        if self.founding:
            return
        rows, self._rows = self._rows, {}
        self.session.insert(in_order(rows))

    def finish(self) -> None:
        """The end of a unit that has no savepoint of its own."""
        self.tell()
        self.hand_over()

    def tell(self) -> None:
        """Events become rows."""
        at = micros(self.now)
        for told in self.events:
            self.insert(
                t.event,
                {
                    "id": told.id,
                    "shop_id": self.actor.shop_id,
                    "order_id": told.order_id,
                    "kind": told.event.kind,
                    "data": to_json(told.event),
                    "actor": self.actor.name,
                    "surface": self.surface,
                    "command_id": self.command_id,
                    "at": at,
                    "told_from": self._told_from,
                },
            )

    def hand_over(self) -> None:
        """What is left to write joins the batch: the command stands."""
        rows, self._rows = self._rows, {}
        for table, new in rows.items():
            self.batch.add(table, new)
