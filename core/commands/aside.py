"""Units that are here but not for sale: damaged, in quality control, or frozen for a look."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from core.commands.shelves import (
    be,
    level_at,
    reason_of,
    require_units,
    served,
    what_and_where,
)
from core.db.shelf import Product
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.refusals import Invalid, NotPossible
from core.domain.shop import Location
from core.domain.stock import Level, Move, Short, StockMove
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command


class Aside(StrEnum):
    DAMAGED = "damaged"
    QUALITY = "quality"
    FROZEN = "frozen"


_THERE = {
    Aside.DAMAGED: Move.DAMAGE,
    Aside.QUALITY: Move.QUARANTINE,
    Aside.FROZEN: Move.FREEZE,
}
_BACK = {
    Aside.DAMAGED: Move.REPAIR,
    Aside.QUALITY: Move.RELEASE_QUALITY,
    Aside.FROZEN: Move.UNFREEZE,
}
_WORDS = {
    Aside.DAMAGED: "damaged",
    Aside.QUALITY: "in quality control",
    Aside.FROZEN: "frozen",
}


@dataclass(frozen=True, slots=True)
class SetAside:
    """Take units out of what is sold: damaged, for quality control, or frozen for a look."""

    sku: Annotated[str, Arg.SKU]
    location: Annotated[str, Arg.LOCATION]
    quantity: Annotated[int, Arg.QUANTITY]
    state: Annotated[Aside, Arg.CHOICE]
    reason: Annotated[str, Arg.TEXT] = ""


@command(
    "aside",
    SetAside,
    Right.STOCK,
    examples=("aside mug-red ber 2 damaged dropped", "aside mug-red ber 12 quality glaze is dull"),
)
def set_aside(ask: SetAside, uow: UnitOfWork) -> Done:
    product, place = _here(uow, ask.sku, ask.location, ask.quantity)
    if ask.state is Aside.DAMAGED and not ask.reason.strip():
        raise Invalid("Damaged goods need a reason.", "Add why, for example: dropped.")
    level = level_at(uow, product.sku, place)
    _require_free(level, ask, place)
    _move(uow, _THERE[ask.state], product, place, ask.quantity, ask.reason)
    uow.undo = SellAgain(product.sku, place.code, ask.quantity, ask.state, "taken back")
    sentence = (
        f"{ask.quantity} × {product.sku} at {place.code} {be(ask.quantity)} {_WORDS[ask.state]}."
    )
    return served(uow, product, place, sentence)


def _require_free(level: Level, ask: SetAside, place: Location) -> None:
    free = level.on_hand - level.reserved - level.frozen * (ask.state is Aside.FROZEN)
    if ask.quantity <= free:
        return
    raise NotPossible(
        f"{place.code} has {level.on_hand} × {level.sku}, and {level.reserved} of them are "
        f"promised: {max(0, free)} can be set aside.",
        "Move or cancel orders first, or set fewer aside.",
        code="short",
    )


@dataclass(frozen=True, slots=True)
class SellAgain:
    """Let units be sold again: repaired, passed by quality control, or no longer frozen."""

    sku: Annotated[str, Arg.SKU]
    location: Annotated[str, Arg.LOCATION]
    quantity: Annotated[int, Arg.QUANTITY]
    state: Annotated[Aside, Arg.CHOICE]
    reason: Annotated[str, Arg.TEXT] = ""


@command(
    "sell-again", SellAgain, Right.STOCK, examples=("sell-again mug-red ber 12 quality all fine",)
)
def sell_again(ask: SellAgain, uow: UnitOfWork) -> Done:
    product, place = _here(uow, ask.sku, ask.location, ask.quantity)
    _move(uow, _BACK[ask.state], product, place, ask.quantity, ask.reason)
    uow.undo = SetAside(product.sku, place.code, ask.quantity, ask.state, "taken back")
    sentence = f"{ask.quantity} × {product.sku} at {place.code} can be sold again."
    return served(uow, product, place, sentence)


@dataclass(frozen=True, slots=True)
class CondemnStock:
    """Say that units in quality control turned out to be damaged."""

    sku: Annotated[str, Arg.SKU]
    location: Annotated[str, Arg.LOCATION]
    quantity: Annotated[int, Arg.QUANTITY]
    reason: Annotated[str, Arg.TEXT] = ""


@command("condemn", CondemnStock, Right.STOCK, examples=("condemn mug-red ber 3 cracked",))
def condemn(ask: CondemnStock, uow: UnitOfWork) -> Done:
    product, place = _here(uow, ask.sku, ask.location, ask.quantity)
    _move(uow, Move.CONDEMN, product, place, ask.quantity, ask.reason)
    sentence = f"{ask.quantity} × {product.sku} at {place.code} {be(ask.quantity)} damaged."
    return Done(sentence, {"sku": product.sku, "location": place.code})


@dataclass(frozen=True, slots=True)
class WriteOffStock:
    """Take damaged units off the books for good."""

    sku: Annotated[str, Arg.SKU]
    location: Annotated[str, Arg.LOCATION]
    quantity: Annotated[int, Arg.QUANTITY]
    reason: Annotated[str, Arg.TEXT]


@command(
    "write-off",
    WriteOffStock,
    Right.STOCK,
    risk=Risk.IRREVERSIBLE,
    examples=("write-off mug-red ber 3 thrown away",),
)
def write_off(ask: WriteOffStock, uow: UnitOfWork) -> Done:
    product, place = _here(uow, ask.sku, ask.location, ask.quantity)
    _move(uow, Move.WRITE_OFF, product, place, ask.quantity, ask.reason)
    sentence = (
        f"{ask.quantity} × damaged {product.sku} at {place.code} {be(ask.quantity)} written off."
    )
    return Done(sentence, {"sku": product.sku, "location": place.code})


# --- shared --------------------------------------------------------------------------------------


def _here(uow: UnitOfWork, sku: str, location: str, quantity: int) -> tuple[Product, Location]:
    require_units(quantity, 1)
    return what_and_where(uow, sku, location)


def _move(
    uow: UnitOfWork, kind: Move, product: Product, place: Location, units: int, reason: str
) -> None:
    """Raises NotPossible with what there is when there are not so many units."""
    move = StockMove(kind, product.sku, place.id, units, reason=reason_of(reason))
    try:
        uow.stock.move([move])
    except Short as short:
        level = level_at(uow, product.sku, place)
        raise NotPossible(
            f"{place.code} has {level.damaged} damaged × {product.sku}, {level.quality} in quality "
            f"control and {level.frozen} frozen.",
            f"Look at `stock {product.sku}`.",
            code="short",
        ) from short
