"""Arguments for any command of the registry, from its shape alone: mostly sensible, never shy."""

from __future__ import annotations

import dataclasses
import random
import types
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from core.db import tables as t
from core.domain.order import Address
from core.registry import Arg
from tests.shop import SKUS, Shop

WORDS = (
    "mug-blue",
    "2",
    "5.00",
    "discount 30%",
    "mug-red 1",
    "add sock-grey 2",
    "pickup at ham",
    "DHL",
    "T10000",
    "c1",
    "nearest",
    "objective",
    "off",
    "2026-12-24",
)
ODD_WORDS = ("", "  ", "'; --", "x" * 300, "<b>", "-1")
ODD_UNITS = (0, -1, 20, 10**6, 10**15, 2**63 - 1)


class Guess:
    """Draws with the dice it is given, from what is in the shop now."""

    def __init__(self, dice: random.Random, shop: Shop) -> None:
        self.dice, self.shop = dice, shop
        self._named: Mapping[Arg, Callable[[], Any]] = {
            Arg.ORDER: self._order,
            Arg.CASE: lambda: self._of(t.cases, "number", 1),
            Arg.RETURN: lambda: str(self._of(t.rma, "number", "R1001-1")),
            Arg.LOCATION: lambda: self.dice.choice(("", "ber", "HAM", " vie", "PAR", "nowhere")),
            Arg.SKU: self._sku,
            Arg.LINE: lambda: self.dice.choice(("", "", "mug-red")),
            Arg.QUANTITY: self._units,
        }

    def command(self, shape: Any) -> Any:
        """One of this shape; what has a default is left out about every other time."""
        hints = get_type_hints(shape, include_extras=True)
        told = {
            each.name: self._value(hints[each.name], each.name)
            for each in dataclasses.fields(shape)
            if _is_needed(each) or self.dice.random() < 0.6
        }
        return shape(**told)

    def _value(self, hint: Any, name: str) -> Any:
        kind, *marks = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        named = next((self._named[m] for m in marks if m in self._named), None)
        if named is not None:
            return named()
        if name == "order" and kind is str:
            return self._order()
        return self._typed(kind, name)

    def _typed(self, kind: Any, name: str) -> Any:
        origin, inner = get_origin(kind), get_args(kind)
        if origin in (Union, types.UnionType):
            return self._value(self.dice.choice(inner), name)
        if origin is Literal:
            return self.dice.choice(inner)
        if origin is tuple:
            parts = inner[:1] * self.dice.randrange(3) if inner[-1] is Ellipsis else inner
            return tuple(self._value(part, name) for part in parts)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return self.dice.choice(list(kind))
        if kind is Address:
            return Address("Anna", "", "Ring 1", "", "1010", "Wien", "", "AT")
        if dataclasses.is_dataclass(kind):
            return self.command(kind)
        return self._plain(kind, name)

    def _plain(self, kind: Any, name: str) -> Any:
        if kind is str:
            return self._sku() if name in ("sku", "line") else self._words()
        if kind is bool:
            return self.dice.random() < 0.5
        if kind is int:
            return self._units()
        if kind in (datetime, date):
            moment = self.shop.clock() + timedelta(hours=self.dice.choice((-30, 2, 80)))
            return moment if kind is datetime else moment.date()
        return 52.5 if kind is float else None if kind in (Any, type(None)) else {}

    def _words(self) -> str:
        return self.dice.choice(WORDS if self.dice.random() < 0.8 else ODD_WORDS)

    def _units(self) -> int:
        return self.dice.choice((1, 1, 2, 3, 5) if self.dice.random() < 0.9 else ODD_UNITS)

    def _sku(self) -> str:
        return self.dice.choice((*SKUS[:3], *SKUS[:3], "box", " MUG-red ", "ghost", ""))

    def _order(self) -> str:
        table = self.dice.choice((t.orders, t.orders, t.fulfillment_order))
        return str(self._of(table, "number", "1001"))

    def _of(self, table: Any, column: str, otherwise: Any) -> Any:
        known = [row[column] for row in self.shop.rows(table)]
        return self.dice.choice(known) if known and self.dice.random() < 0.95 else otherwise


def _is_needed(field: Any) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing
