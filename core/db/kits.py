"""What kits are made of: rows ↔ domain; they ride with the remembered shop."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.domain.kits import Kits, Part

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_k, _p = t.kit_part.c, t.product.c
_ALL = Statement(
    sa.select(_k.kit, _k.sku, _k.quantity, _p.title)
    .join(t.product, sa.and_(_p.shop_id == _k.shop_id, _p.sku == _k.sku))
    .where(_k.shop_id == sa.bindparam("shop"))
    .order_by(_k.kit, _k.sku),
    apart=True,
)
_EMPTY = Statement(
    t.kit_part.delete().where(_k.shop_id == sa.bindparam("shop"), _k.kit == sa.bindparam("named"))
)


def kits_of(session: Session, shop_id: int) -> Kits:
    """Every kit of a shop with its parts."""
    found: dict[str, list[Part]] = defaultdict(list)
    for kit, sku, quantity, title in session.rows(_ALL, shop=shop_id):
        found[kit].append(Part(sku, quantity, title))
    return {kit: tuple(parts) for kit, parts in found.items()}


def put(uow: UnitOfWork, kit: str, parts: Mapping[str, int]) -> None:
    """The kit is made of exactly these from now on; of nothing: it is a kit no more."""
    uow.session.run(_EMPTY, shop=uow.shop.id, named=kit)
    for sku, quantity in sorted(parts.items()):
        row = {"shop_id": uow.shop.id, "kit": kit, "sku": sku, "quantity": quantity}
        uow.insert_now(t.kit_part, row)
    uow.people.touch()


# --- what must always be true --------------------------------------------------------------------

SENTENCES = {
    "no kit is a part of another": (
        "I-42",
        """select a.kit from kit_part a join kit_part b
        on b.shop_id = a.shop_id and b.kit = a.sku""",
    ),
    "parts stand behind a kit of their own order, and there are enough of them": (
        "I-42b",
        """select p.id from order_line p left join order_line k on k.id = p.kit_line_id
        where p.kind = 'part' and (k.id is null or k.kind <> 'kit' or k.order_id <> p.order_id
            or p.ordered - p.canceled < (k.ordered - k.canceled) * p.per_kit)""",
    ),
    "a kit has left when all of its parts have": (
        "I-42c",
        """select k.id from order_line k join order_line p on p.kit_line_id = k.id
        where k.shipped * p.per_kit > p.shipped + k.return_requested + k.return_received
            + k.return_kept + k.claimed""",
    ),
}
