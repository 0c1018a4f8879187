"""One command's unit of work: the repositories, what will be written, and what was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from core.db import setup
from core.db import tables as t
from core.db.cases import Cases
from core.db.connection import Session
from core.db.conversations import Conversations
from core.db.fulfillment import Fulfillments
from core.db.ids import Ids
from core.db.orders import Orders
from core.db.outbox import Outbox
from core.db.people import People
from core.db.returns import Returns
from core.db.rows import micros, to_json
from core.db.stock import Stock
from core.db.writer import Batch, insert_into
from core.domain.access import Actor
from core.domain.events import Event
from core.domain.shop import Shop

# Parents before children: the order in which a command's new rows are written.
_ORDER_OF_TABLES = (
    t.customer,
    t.orders,
    t.order_line,
    t.hold,
    t.payment,
    t.fulfillment_order,
    t.reservation,
    t.parcel,
    t.parcel_line,
    t.rma,
    t.rma_line,
    t.refund,
    t.cases,
    t.conversation,
)


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
    ) -> None:
        self.batch = batch
        self.session: Session = batch.session
        self.new_id = ids
        self.actor = actor
        self.surface = surface
        self.now = now
        self.command_id = command_id
        self.events: list[Told] = []
        self.told: set[int] = set()
        self.undo: Any = None
        self._rows: dict[sa.Table, list[dict[str, Any]]] = {}
        self._logs: list[tuple[sa.Table, dict[str, Any]]] = []

    @cached_property
    def shop(self) -> Shop:
        return setup.load_shop(self.session, self.actor.shop_id)

    @cached_property
    def orders(self) -> Orders:
        return Orders(self)

    @cached_property
    def stock(self) -> Stock:
        return Stock(self)

    @cached_property
    def work(self) -> Fulfillments:
        return Fulfillments(self)

    @cached_property
    def returns(self) -> Returns:
        return Returns(self)

    @cached_property
    def cases(self) -> Cases:
        return Cases(self)

    @cached_property
    def people(self) -> People:
        return People(self)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self)

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations(self)

    # --- telling ---------------------------------------------------------------------------------

    def emit(self, order_id: int | None, *events: Event) -> None:
        """Facts for the timeline; an order that is told about counts as changed."""
        for event in events:
            self.events.append(Told(self.new_id(), order_id, event))
            if order_id is not None:
                self.told.add(order_id)

    # --- writing ---------------------------------------------------------------------------------

    def insert(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        """A new row, written with the others of this command, parents first."""
        self._rows.setdefault(table, []).append(dict(row))

    def insert_now(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        self.session.insert(insert_into(table), [row])

    def log(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        """A row that no command reads back: written once for the whole batch."""
        self._logs.append((table, dict(row)))

    def write_rows(self) -> None:
        if not self._rows:
            return
        rows, self._rows = self._rows, {}
        for table in _ORDER_OF_TABLES:
            if table in rows:
                self.session.insert(insert_into(table), rows.pop(table))
        for table, left in rows.items():
            self.session.insert(insert_into(table), left)

    def finish(self) -> None:
        """Events become rows and all logs join the batch."""
        at = micros(self.now)
        for told in self.events:
            self.log(
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
                },
            )
        self.write_rows()
        grouped: dict[sa.Table, list[dict[str, Any]]] = {}
        for table, row in self._logs:
            grouped.setdefault(table, []).append(row)
        for table, rows in grouped.items():
            self.batch.log(table, rows)
