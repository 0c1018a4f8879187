"""The only writer of stock: guarded moves, ledger lines and reservations, in one lock order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.carts import free_overdue
from core.db.connection import Params, Session, Statement, one_of
from core.db.rows import micros
from core.domain.refusals import Conflict, Invalid
from core.domain.stock import (
    COLUMNS,
    FREEING,
    NEED_A_REASON,
    TOUCHES,
    Delta,
    Level,
    Short,
    StockMove,
    deltas,
    free,
)
from core.domain.values import replace

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_s, _r = t.stock_level.c, t.reservation.c
_HERE = (
    _s.shop_id == sa.bindparam("p_shop"),
    _s.sku == sa.bindparam("p_sku"),
    _s.location_id == sa.bindparam("p_location"),
)
_QUANTITIES = tuple(_s[name] for name in COLUMNS)
_AFTER = {name: _s[name] + sa.bindparam(f"d_{name}") for name in COLUMNS}
# Channels are told of a level as a whole: what they wait for began with the first move of it.
_MOVED = {
    "version": _s.version + 1,
    "moved_at": sa.case((_s.version == _s.told_version, sa.bindparam("p_now")), else_=_s.moved_at),
}
_NEW = _AFTER | _MOVED
_DELTAS = tuple(f"d_{name}" for name in COLUMNS)
# A promise may never reach into a floor; every other move only has to stay possible.
_PROMISE = Statement(
    t.stock_level.update()
    .where(*_HERE, free(_s) >= sa.bindparam("d_reserved"))
    .values(reserved=_AFTER["reserved"], **_MOVED),
    apart=True,
)
_MOVE = Statement(
    t.stock_level.update()
    .where(
        *_HERE,
        _AFTER["on_hand"] >= _AFTER["reserved"],
        *(after >= 0 for name, after in _AFTER.items() if name != "on_hand"),
    )
    .values(_NEW),
    apart=True,
)
_TAKE_BACK = Statement(t.stock_level.update().where(*_HERE).values(_NEW), apart=True)
_LEVEL = Statement(
    sa.select(*_QUANTITIES, _s.version).where(*_HERE).with_for_update(),
    apart=True,
)
_SET_STATE = Statement(
    t.reservation.update()
    .where(_r.id == sa.bindparam("row_id"), one_of(_r.state, ("held", "promised")))
    .values(state=sa.bindparam("new_state"))
)
_RESERVED_NAMES = ("sku", "location_id", "state", "order_id", "line_id", "expires_at")
_RESERVED = Statement(
    sa.select(_r.quantity, *(_r[name] for name in _RESERVED_NAMES)).where(
        _r.id == sa.bindparam("row_id"), one_of(_r.state, ("held", "promised"))
    )
)
_HAND_OVER = Statement(
    t.reservation.update()
    .where(_r.id == sa.bindparam("row_id"))
    .values(fulfillment_id=sa.bindparam("new_owner"))
)
_REDUCE = Statement(
    t.reservation.update()
    .where(_r.id == sa.bindparam("row_id"))
    .values(quantity=_r.quantity - sa.bindparam("less"))
)
_ALL = Statement(
    sa.select(_s.sku, _s.location_id, *_QUANTITIES)
    .where(_s.shop_id == sa.bindparam("shop"))
    .order_by(_s.sku, _s.location_id)
)


@cache
def _of_skus(count: int) -> Statement:
    names: list[Any] = [sa.bindparam(f"sku{i}") for i in range(count)]
    return Statement(
        sa.select(_s.sku, _s.location_id, *_QUANTITIES).where(
            _s.shop_id == sa.bindparam("shop"), _s.sku.in_(names)
        ),
        apart=True,
    )


@cache
def _known(count: int) -> Statement:
    c = t.product.c
    names: list[Any] = [sa.bindparam(f"sku{i}") for i in range(count)]
    return Statement(
        sa.select(c.sku).where(c.shop_id == sa.bindparam("shop"), c.sku.in_(names)),
        apart=True,
    )


def levels_of(session: Session, shop_id: int, skus: Sequence[str]) -> list[Level]:
    """The levels of some SKUs at every location, without a lock."""
    if not skus:
        return []
    statement, params = _asking(_of_skus, shop_id, skus)
    return [Level(*row) for row in session.rows(statement, **params)]


def all_levels(session: Session, shop_id: int) -> list[Level]:
    """Every level of a shop by SKU and location, without a lock."""
    return [Level(*row) for row in session.rows(_ALL, shop=shop_id)]


def known_skus(session: Session, shop_id: int, skus: Sequence[str]) -> set[str]:
    """Which of these SKUs the catalog has."""
    if not skus:
        return set()
    statement, params = _asking(_known, shop_id, skus)
    return {row[0] for row in session.rows(statement, **params)}


def look_ahead(shop_id: int, skus: Sequence[str]) -> list[tuple[Statement, Params]]:
    """The questions of `known_skus` and `levels_of`, to be asked together with others."""
    return [_asking(of, shop_id, skus) for of in (_known, _of_skus)] if skus else []


def _asking(
    of: Callable[[int], Statement], shop_id: int, skus: Sequence[str]
) -> tuple[Statement, Params]:
    names = {f"sku{i}": sku for i, sku in enumerate(skus)}
    return of(len(skus)), {"shop": shop_id, **names}


class Stock:
    """Moves within one command; either all of its moves happen or none."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._session = uow.session
        self.touched: set[str] = set()

    def level(self, sku: str, location_id: int) -> tuple[Level, int] | None:
        """The level and its version, or None; nobody else changes it until this command ends."""
        row = self._session.row(_LEVEL, p_shop=self._uow.shop.id, p_sku=sku, p_location=location_id)
        return None if row is None else (Level(sku, location_id, *row[:-1]), row[-1])

    def begun(self, sku: str, location_id: int) -> Level:
        """The level, begun where there was none: nobody else begins or changes it meanwhile."""
        found = self.level(sku, location_id)
        if found is not None:
            return found[0]
        self._begin(sku, location_id)
        return Level(sku, location_id, 0, 0)

    def levels(self, skus: Sequence[str]) -> list[Level]:
        found = levels_of(self._session, self._uow.shop.id, skus)
        return (
            [self._less_promised(level) for level in found] if self._uow.batch.promises else found
        )

    def _less_promised(self, level: Level) -> Level:
        """As the database will see it once the batch has kept what it promised so far."""
        promises = self._uow.batch.promises or {}
        units, _ = promises.get((self._uow.shop.id, level.sku, level.location_id), (0, 0))
        return replace(level, reserved=level.reserved + units)

    def known(self, skus: Sequence[str]) -> set[str]:
        return known_skus(self._session, self._uow.shop.id, skus)

    def move(self, moves: Iterable[StockMove]) -> None:
        """Apply moves under guards, in sorted order, and write the ledger. Raises Short."""
        batch = list(moves)
        if any(m.kind in NEED_A_REASON and not m.reason for m in batch):
            raise Invalid("A stock correction needs a reason.", "Add why, for example: counted.")
        self.lock_queue({m.sku for m in batch if m.kind in FREEING})
        wanted = deltas(batch)
        if not self._is_hoped(wanted):
            self._move_now(wanted)
        for move in batch:
            self._write(move)
            self.touched.add(move.sku)

    def _is_hoped(self, wanted: Sequence[Delta]) -> bool:
        """Whether these are promises that the whole batch keeps, or not, when it is committed."""
        promises = self._uow.batch.promises
        if promises is None or not all(d.only_promises for d in wanted):
            return False
        for one in wanted:
            key = (self._uow.shop.id, one.sku, one.location_id)
            units, at = promises.get(key, (0, micros(self._uow.now)))
            promises[key] = (units + one.change.reserved, at)
        return True

    def _move_now(self, wanted: Sequence[Delta]) -> None:
        moved = self._session.run_each([self._guarded(d) for d in wanted])
        missing = [
            d for d, rows in zip(wanted, moved, strict=True) if rows != 1 and not self._founded(d)
        ]
        if missing:
            self._take_back(d for d in wanted if d not in missing)
            if self._uow.shop.uses_carts and free_overdue(self._uow, {d.sku for d in missing}):
                self._move_now(wanted)
                return
            raise Short(tuple((d.sku, d.location_id) for d in missing))

    def _take_back(self, applied: Iterable[Delta]) -> None:
        """Whoever catches Short goes on in the same transaction: nothing may stay half done."""
        for delta in applied:
            self._session.run(_TAKE_BACK, **self._params(delta, -1))

    def _params(self, delta: Delta, sign: int = 1) -> dict[str, Any]:
        here = {"p_shop": self._uow.shop.id, "p_sku": delta.sku, "p_location": delta.location_id}
        changes = {name: sign * units for name, units in zip(_DELTAS, delta.change, strict=True)}
        return {**here, **changes, "p_now": micros(self._uow.now)}

    def _guarded(self, delta: Delta) -> tuple[Statement, dict[str, Any]]:
        if not delta.only_promises:
            return _MOVE, self._params(delta)
        return _PROMISE, {
            "p_shop": self._uow.shop.id,
            "p_sku": delta.sku,
            "p_location": delta.location_id,
            "d_reserved": delta.change.reserved,
            "p_now": micros(self._uow.now),
        }

    def _founded(self, delta: Delta) -> bool:
        """Whether there was no such level yet, and now there is one that the move has reached."""
        if min(delta.change) < 0 or delta.change.reserved:
            return False
        if self.level(delta.sku, delta.location_id) is not None:
            return False
        self._begin(delta.sku, delta.location_id)
        statement, params = self._guarded(delta)
        return self._session.run(statement, **params) == 1

    def _begin(self, sku: str, location_id: int) -> None:
        """The first level of a SKU at a place; two who begin at once are told apart by its key."""
        here = {"shop_id": self._uow.shop.id, "sku": sku, "location_id": location_id}
        self._uow.insert_now(t.stock_level, here)

    def _write(self, move: StockMove) -> None:
        effect = {COLUMNS[i]: unit * move.quantity for i, unit in TOUCHES[move.kind]}
        self._uow.log(
            t.stock_move,
            {
                "id": self._uow.new_id(),
                "shop_id": self._uow.shop.id,
                "sku": move.sku,
                "location_id": move.location_id,
                "kind": move.kind.value,
                "quantity": move.quantity,
                **effect,
                "line_id": move.line_id,
                "reason": move.reason,
                "actor": self._uow.actor.name,
                "surface": self._uow.surface,
                "command_id": self._uow.command_id,
                "at": micros(self._uow.now),
            },
        )

    def queue(self, skus: Sequence[str]) -> list[int]:
        """Ids of orders that wait for these SKUs: priority first, then age."""
        line, head = t.order_line.c, t.orders.c
        found = self._session.select(
            sa.select(head.id, head.priority, head.placed_at)
            .distinct()
            .join(t.order_line, line.order_id == head.id)
            .where(line.shop_id == self._uow.shop.id, line.backordered > 0, line.sku.in_(skus))
            .order_by(head.priority.desc(), head.placed_at, head.id)
            .limit(200)
        )
        return [row[0] for row in found]

    def lock_queue(self, skus: Iterable[str]) -> None:
        """Before units become free for those who wait: everybody locks orders before stock."""
        wanted = sorted(set(skus))
        if self._session.is_sqlite or not wanted:
            return
        ids = self.queue(wanted)
        head = t.orders.c.id
        self._session.select(sa.select(head).where(head.in_(ids)).order_by(head).with_for_update())

    # --- reservations ----------------------------------------------------------------------------

    def promise(
        self,
        order_id: int,
        fulfillment_id: int,
        location_id: int,
        picks: Iterable[tuple[int, str, int]],
    ) -> None:
        """Write the reservations behind work; the moves themselves go through `move`."""
        for line_id, sku, quantity in picks:
            self._uow.insert(
                t.reservation,
                {
                    "id": self._uow.new_id(),
                    "shop_id": self._uow.shop.id,
                    "sku": sku,
                    "location_id": location_id,
                    "quantity": quantity,
                    "order_id": order_id,
                    "line_id": line_id,
                    "fulfillment_id": fulfillment_id,
                },
            )

    def give(self, reservation_id: int, quantity: int, fulfillment_id: int) -> None:
        """Hand units of a live reservation to other work: all of them, or a part split off."""
        row = self._session.row(_RESERVED, row_id=reservation_id)
        if row is None or row[0] < quantity:
            raise Conflict("That stock was released meanwhile.", "Look again and repeat.")
        held, *rest = row
        if held == quantity:
            self._session.run(_HAND_OVER, row_id=reservation_id, new_owner=fulfillment_id)
            return
        self._session.run(_REDUCE, row_id=reservation_id, less=quantity)
        new = dict(zip(_RESERVED_NAMES, rest, strict=True)) | {
            "id": self._uow.new_id(),
            "shop_id": self._uow.shop.id,
            "quantity": quantity,
            "fulfillment_id": fulfillment_id,
        }
        self._uow.insert_now(t.reservation, new)

    def shrink(self, reservation_id: int, held: int, less: int) -> None:
        """Take units off a live reservation; one that is left with none is released."""
        if less == held:
            self.settle(reservation_id, "released")
        else:
            self._session.run(_REDUCE, row_id=reservation_id, less=less)

    def join(self, reservation_id: int, quantity: int, into: int) -> None:
        """All units of a live reservation are counted with another one of the same level."""
        self.settle(reservation_id, "released")
        if self._session.run(_REDUCE, row_id=into, less=-quantity) != 1:
            raise Conflict("That stock was released meanwhile.", "Look again and repeat.")

    def settle(self, reservation_id: int, state: str) -> None:
        """A reservation ends: consumed (shipped) or released."""
        if self._session.run(_SET_STATE, row_id=reservation_id, new_state=state) != 1:
            raise Conflict("That stock was released meanwhile.", "Look again and repeat.")
