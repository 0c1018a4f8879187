"""An edit as people type it: “mug-red 2; add card 1”, “discount 5.00 late parcel”, an address."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from core.domain.edit_actions import Do, EditAction
from core.domain.money import read_typed
from core.domain.refusals import Invalid

_HOW = "Write `mug-red 2`, `add card 1`, `remove mug-red`, `discount 5.00 late` or `address …`."
_QUANTITY = re.compile(r"[x×]?(\d{1,6})[x×]?", re.ASCII)
_PERCENT = re.compile(r"(\d{1,3})\s?%", re.ASCII)
_AMOUNT = re.compile(r"\d+(?:[.,]\d+)?", re.ASCII)
_PIECES = ("pieces", "piece", "pcs", "pc", "units", "unit", "of", "quantity", "qty", "stück")
_OFF = ("off", "none", "remove", "0")


def read_words(text: str, currency: str) -> tuple[EditAction, ...]:
    """One action for each part between semicolons. Raises Invalid naming what is not understood."""
    parts = [part.strip() for part in text.split(";") if part.strip()]
    if not parts:
        raise Invalid("What is to be changed?", _HOW)
    return tuple(_read(part, currency) for part in parts)


def _read(text: str, currency: str) -> EditAction:
    verb, _, rest = text.partition(" ")
    reader = _READERS.get(verb.casefold().rstrip(":"))
    if reader is not None and rest.strip():
        return reader(rest.strip(), currency)
    sku, quantity = _goods(text)
    if quantity is None:
        raise Invalid(f"I do not understand “{text}”.", _HOW)
    return EditAction(Do.SET, sku, quantity=quantity)


def _goods(text: str) -> tuple[str, int | None]:
    """A SKU with how many, in either order: “mug-red 2”, “2 mug-red”, “mug-red x2”, “mug-red”,
    “mug-red 2 pieces”."""
    words = [word for word in text.split() if word.casefold().strip(".") not in _PIECES]
    numbers = [word for word in words[:3] if _QUANTITY.fullmatch(word.casefold())]
    names = [word for word in words if word not in numbers and word.casefold() != "to"]
    if len(names) != 1 or len(numbers) > 1:
        raise Invalid(f"I do not understand “{text}”.", _HOW)
    found = _QUANTITY.fullmatch(numbers[0].casefold()) if numbers else None
    return names[0], int(found[1]) if found else None


def _add(rest: str, currency: str) -> EditAction:
    goods, _, price = rest.partition(" at ")
    sku, quantity = _goods(goods)
    asked = read_typed(price, currency) if price.strip() else None
    return EditAction(Do.ADD, sku, quantity=1 if quantity is None else quantity, price=asked)


def _set(rest: str, _: str) -> EditAction:
    sku, quantity = _goods(rest)
    if quantity is None:
        raise Invalid(f"How many {sku}?", f"Write `{sku} 2`.")
    return EditAction(Do.SET, sku, quantity=quantity)


def _remove(rest: str, _: str) -> EditAction:
    sku, quantity = _goods(rest)
    if quantity is not None:
        raise Invalid(f"Say how many {sku} stay.", f"Write `{sku} 1`, or `remove {sku}` for all.")
    return EditAction(Do.REMOVE, sku)


def _discount(rest: str, currency: str) -> EditAction:
    first, _, after = rest.partition(" ")
    sku = ""
    if not _is_price(first) and after.strip():
        sku, rest = first, after.strip()
        first, _, after = rest.partition(" ")
    if first.casefold() in _OFF:
        return EditAction(Do.FULL_PRICE, sku, text=after.strip())
    if percent := _PERCENT.match(rest):
        reason = rest[percent.end() :].strip()
        return EditAction(Do.DISCOUNT, sku, percent=int(percent[1]), text=reason)
    amount = read_typed(first, currency)
    return EditAction(Do.DISCOUNT, sku, amount=amount, text=after.strip())


def _is_price(word: str) -> bool:
    known = word.casefold() in _OFF or _PERCENT.match(word) or _AMOUNT.fullmatch(word)
    return bool(known)


def _method(rest: str, currency: str) -> EditAction:
    """“method 9.90 Express”, or only the name when its price stays."""
    first, _, name = rest.partition(" ")
    if _AMOUNT.fullmatch(first) and name.strip():
        price = read_typed(first, currency)
        return EditAction(Do.METHOD, price=price, text=name.strip())
    return EditAction(Do.METHOD, text=rest)


def _address(rest: str, _: str) -> EditAction:
    return EditAction(Do.ADDRESS, text=rest)


def _note(rest: str, _: str) -> EditAction:
    return EditAction(Do.NOTE, text=rest)


def _split(rest: str, _: str) -> EditAction:
    sku, quantity = _goods(rest)
    return EditAction(Do.SPLIT, sku, quantity=quantity or 0)


def _move(rest: str, _: str) -> EditAction:
    return EditAction(Do.MOVE, to=rest.removeprefix("to ").strip())


_READERS: Mapping[str, Callable[[str, str], EditAction]] = {
    "add": _add,
    "set": _set,
    "remove": _remove,
    "discount": _discount,
    "address": _address,
    "method": _method,
    "shipping": _method,
    "note": _note,
    "split": _split,
    "move": _move,
}
