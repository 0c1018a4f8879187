"""Telling the channels what they may sell: what is kept back from whom, and what has moved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from core.commands.shelves import find_or_say
from core.db import tables as t
from core.db.shelf import Untold, mark_told, move_nothing, untold_levels
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.channel_stock import NOTHING, KeepBack, read_keep, rules_of, told_channels
from core.domain.refusals import Invalid, NotPossible
from core.domain.shop import Connection, Mode, Shop
from core.registry import Arg, Done, command


@dataclass(frozen=True, slots=True)
class KeepBackStock:
    """Keep units (2) or a share (10%) of the stock from a channel, of every SKU or of one."""

    units: Annotated[str, Arg.WORD]
    channel: Annotated[str, Arg.WORD]
    sku: Annotated[str, Arg.SKU] = ""


@command(
    "keep-back",
    KeepBackStock,
    Right.STOCK,
    examples=("keep-back 2 nordlicht", "keep-back 10% nordlicht mug-red"),
)
def keep_back(ask: KeepBackStock, uow: UnitOfWork) -> Done:
    connection = channel_named(uow.shop, ask.channel)
    keep = read_keep(ask.units)
    sku = find_or_say(uow, ask.sku).sku if ask.sku else ""
    rules = rules_of(connection)
    before = rules.for_sku(sku) if sku else rules.usual
    if before == keep:
        raise NotPossible(f"{keep} are kept back from {connection.name} already.")
    config = {**connection.config, "stock": rules.changed(sku, keep).as_config()}
    uow.people.put(t.connection, {"name": connection.name}, {"config": config})
    move_nothing(uow, sku)
    uow.undo = KeepBackStock(_typed(before), connection.name, sku)
    of_what = f" of {sku}" if sku else " of each SKU"
    said = (
        f"{keep}{of_what} are kept back from" if keep != NOTHING else f"All{of_what} is offered to"
    )
    return Done(f"{said} {connection.name}.", {"connection": connection.name, "sku": sku})


def _typed(keep: KeepBack) -> str:
    return f"{keep.percent}%" if keep.percent else str(keep.units)


def channel_named(shop: Shop, word: str) -> Connection:
    known = told_channels(shop)
    for connection in known:
        if word.strip().casefold() == connection.name.casefold():
            return connection
    names = ", ".join(connection.name for connection in known) or "none yet"
    raise Invalid(f"No channel “{word}” is told of stock.", f"Channels: {names}.")


# --- telling -------------------------------------------------------------------------------------


def plan_stock_pushes(uow: UnitOfWork, most: int = 200) -> int:
    """A chore: one effect per moved level and connected shop that carries it. Returns levels told.

    The figure is read when the effect is carried out, so that it is never an old one. Nothing is
    told in watch mode, nor ticked off: when the shop leaves it, every level is told.
    """
    if uow.shop.mode is Mode.WATCH:
        return 0
    told = 0
    for level in untold_levels(uow.session, uow.shop.id, most):
        if not mark_told(uow.session, uow.shop.id, level):
            continue
        told += 1
        for connection in told_channels(uow.shop):
            for location_id in _touched(uow.shop, connection, level):
                _push(uow, connection, level, location_id)
    return told


def _touched(shop: Shop, connection: Connection, level: Untold) -> Iterable[int]:
    """Where something is kept back from the pool, a move at one place may show at another."""
    if rules_of(connection).for_sku(level.sku) == NOTHING:
        return (level.location_id,)
    return shop.locations


def _push(uow: UnitOfWork, connection: Connection, level: Untold, location_id: int) -> None:
    key = str(connection.id)
    if key not in level.product_ids or key not in uow.shop.locations[location_id].external_ids:
        return
    lane = f"stock:{connection.id}:{level.sku}:{location_id}"
    news = str(level.version)
    if location_id != level.location_id:
        news = f"{level.location_id}:{level.version}"
    uow.outbox.add(
        "shopify.stock",
        f"{lane}:{news}",
        {"sku": level.sku, "location_id": location_id, "moved_at": level.moved_at},
        lane=lane,
        connection_id=connection.id,
    )
