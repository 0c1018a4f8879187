"""Kits by hand: what a product is made of, and that it is a product like any other again."""

from __future__ import annotations

from typing import Annotated

from core.commands.channel_stock import tell_once
from core.db import kits as book
from core.db.shelf import Product, find_product, move_nothing, similar_skus
from core.db.unit_of_work import UnitOfWork
from core.domain import kits
from core.domain.access import Right
from core.domain.refusals import Invalid, NotFound, NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, command


@dataclass(frozen=True, slots=True)
class SetKit:
    """Say what a product is made of; selling it takes the parts from the shelves."""

    sku: Annotated[str, Arg.SKU]
    parts: Annotated[str, Arg.TEXT]


@command("kit-set", SetKit, Right.STOCK, examples=("kit set gift-box mug-red:2 card:1",))
def set_kit(ask: SetKit, uow: UnitOfWork) -> Done:
    kit = _product(uow, ask.sku)
    told = kits.read_parts(ask.parts)
    parts = {_product(uow, sku).sku: units for sku, units in told.items()}
    _require_simple(uow, kit, parts)
    before = uow.shop.kits.get(kit.sku)
    book.put(uow, kit.sku, parts)
    for sku in parts:
        move_nothing(uow, sku)
    uow.undo = UnsetKit(kit.sku) if before is None else SetKit(kit.sku, _written(before))
    words = ", ".join(f"{units} × {sku}" for sku, units in sorted(parts.items()))
    return Done(f"{kit.sku} is made of {words} from the next order on.", {"kit": kit.sku})


def _product(uow: UnitOfWork, word: str) -> Product:
    found = find_product(uow.session, uow.shop.id, word)
    if found is None:
        near = ", ".join(similar_skus(uow.session, uow.shop.id, word))
        raise NotFound(
            f"There is no SKU “{word}”.",
            f"Did you mean {near}?" if near else "Import the product first.",
        )
    return found


def _require_simple(uow: UnitOfWork, kit: Product, parts: dict[str, int]) -> None:
    """One level only, and nothing that stands on a shelf as a whole."""
    inner = sorted(sku for sku in parts if sku == kit.sku or sku in uow.shop.kits)
    if inner:
        raise Invalid(f"{inner[0]} is a kit itself.", "Name what it is made of.")
    outer = [name for name, made in uow.shop.kits.items() if kit.sku in {p.sku for p in made}]
    if outer:
        raise Invalid(f"{kit.sku} is a part of {outer[0]}.", "A part cannot be a kit.")
    if any(level.on_hand for level in uow.stock.levels([kit.sku])):
        raise NotPossible(
            f"{kit.sku} stands on a shelf as it is.",
            f"Take it apart first: `adjust {kit.sku} … taken apart`, and receive its parts.",
        )


def _written(parts: tuple[kits.Part, ...]) -> str:
    return " ".join(f"{part.sku}:{part.quantity}" for part in parts)


@dataclass(frozen=True, slots=True)
class UnsetKit:
    """Sell a product as it is again; orders that were placed keep their parts."""

    sku: Annotated[str, Arg.SKU]


@command("kit-unset", UnsetKit, Right.STOCK, examples=("kit unset gift-box",))
def unset_kit(ask: UnsetKit, uow: UnitOfWork) -> Done:
    kit = _product(uow, ask.sku)
    before = uow.shop.kits.get(kit.sku)
    if before is None:
        raise NotPossible(f"{kit.sku} is no kit.", code="already")
    book.put(uow, kit.sku, {})
    tell_once(uow, kit.sku)
    uow.undo = SetKit(kit.sku, _written(before))
    return Done(f"{kit.sku} is sold as it is from the next order on.", {"kit": kit.sku})
