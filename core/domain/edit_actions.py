"""The wishes of an edit, and what each of them makes of an order that is being drafted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from enum import StrEnum

from core.domain.edit_money import grown, kept, new_total, share, slashed, without_discount
from core.domain.lanes import method_of
from core.domain.money import allocate
from core.domain.order import Address, Line, Order
from core.domain.pickup import with_place
from core.domain.refusals import Invalid, NotFound, NotPossible
from core.domain.values import dataclass

UNITS_MOST = 100_000
MONEY_MOST = 10**13


class Do(StrEnum):
    ADD = "add"
    SET = "set"
    REMOVE = "remove"
    DISCOUNT = "discount"
    FULL_PRICE = "full_price"  # takes discounts away again
    ADDRESS = "address"
    METHOD = "method"
    NOTE = "note"
    SPLIT = "split"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class EditAction:
    """One wish. A line is named by its id or its SKU; money is minor units of the order.

    add: sku, quantity, price (of one unit; the catalog's when None). set: quantity wanted in all.
    discount: amount or percent, of a line or (without one) of the order; text is the reason.
    method: text names it, price is what it costs. split: quantity that travels separately.
    """

    do: Do
    sku: str = ""
    line: int = 0
    quantity: int = 0
    price: int | None = None
    amount: int = 0
    percent: int = 0
    text: str = ""
    address: Address | None = None
    to: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    """What the catalog says of a SKU; `price` is minor units for one."""

    title: str
    price: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What a preview needs beside the order.

    gone: units of a line whose money went back or is owed. given_back: money that earlier edits
    gave back or owe. owed: all money that is owed now. free: units that can be promised, by SKU.
    """

    articles: Mapping[str, Article] = field(default_factory=dict)
    gone: Mapping[int, int] = field(default_factory=dict)
    given_back: int = 0
    owed: int = 0
    free: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A change of price: how much less (or more, below zero) a line costs, and why."""

    line_id: int
    amount: int
    reason: str


@dataclass(frozen=True, slots=True)
class Draft:
    order: Order
    gone: Mapping[int, int]
    adjustments: tuple[Adjustment, ...] = ()
    splits: tuple[tuple[int, int], ...] = ()
    move_to: str = ""

    def with_line(self, line: Line, removed: int = 0) -> Draft:
        gone = dict(self.gone) | {line.id: self.gone.get(line.id, 0) + removed}
        return replace(self, order=self.order.with_lines({line.id: line}), gone=gone)

    def adjusted(self, line: Line, amount: int, reason: str) -> Draft:
        told = Adjustment(line.id, amount, reason)
        return replace(self.with_line(line), adjustments=(*self.adjustments, told))


# --- lines ----------------------------------------------------------------------------------------


def _add(draft: Draft, action: EditAction, facts: Facts) -> Draft:
    units = _sensible(action.quantity or 1, 1)
    known = [x for x in _lines_of(draft.order, action.sku) if x.wanted]
    if known and action.price in (None, known[0].unit_price):
        return draft.with_line(grown(known[0], draft.gone[known[0].id], units))
    article = facts.articles.get(action.sku)
    if article is None:
        raise NotFound(
            f"The catalog has no {action.sku}.", "Look for it: `stock` and a part of its name."
        )
    line = _new_line(draft, action, article, units)
    order = replace(draft.order, lines=(*draft.order.lines, line))
    return replace(draft, order=order, gone=dict(draft.gone) | {line.id: 0})


def _new_line(draft: Draft, action: EditAction, article: Article, units: int) -> Line:
    """A line of its own, taxed as the rest of the order is."""
    price = _money(article.price if action.price is None else action.price)
    total, tax = new_total(draft.order.lines, price * units)
    return Line(
        id=min(0, *(line.id for line in draft.order.lines)) - 1,
        position=max(line.position for line in draft.order.lines) + 1,
        external_id=None,
        sku=action.sku,
        title=article.title or action.sku,
        ordered=units,
        unit_price=price,
        tax=tax,
        total=total,
    )


def _set(draft: Draft, action: EditAction, _: Facts) -> Draft:
    line = _line(draft.order, action)
    wanted = _sensible(action.quantity, 0)
    if wanted < line.shipped:
        raise NotPossible(
            f"{line.shipped} × {line.sku} of order {draft.order.number} have shipped already.",
            f"What has left comes back as a return: `return {draft.order.number} {line.sku}`.",
            code="below_shipped",
        )
    if wanted >= line.wanted:
        more = wanted - line.wanted
        return draft.with_line(grown(line, draft.gone[line.id], more)) if more else draft
    if line.id < 0 and not wanted:
        return _dropped(draft, line)
    less = line.wanted - wanted
    return draft.with_line(shrunk(line, less), removed=less)


def _dropped(draft: Draft, line: Line) -> Draft:
    """A line that was only going to be added is simply not added."""
    rest = tuple(x for x in draft.order.lines if x.id != line.id)
    told = tuple(x for x in draft.adjustments if x.line_id != line.id)
    return replace(draft, order=replace(draft.order, lines=rest), adjustments=told)


def _remove(draft: Draft, action: EditAction, facts: Facts) -> Draft:
    return _set(draft, replace(action, quantity=0), facts)


def shrunk(line: Line, units: int) -> Line:
    """Units that are not wanted any more: those that wait first, then those that are promised."""
    waiting = min(units, line.backordered)
    promised = min(max(0, units - waiting - max(0, line.unplaced)), line.allocated)
    allocated = line.allocated - promised
    return replace(
        line,
        canceled=line.canceled + units,
        backordered=line.backordered - waiting,
        allocated=allocated,
        packed=min(line.packed, allocated),
    )


# --- prices ---------------------------------------------------------------------------------------


def _discount(draft: Draft, action: EditAction, _: Facts) -> Draft:
    lines = _priced(draft, action)
    worth = [kept(line.total, line.ordered, draft.gone[line.id]) for line in lines]
    amount = _money(action.amount)
    if action.percent:
        if not 0 < action.percent <= 100:
            raise Invalid("A discount is 1 to 100 percent.")
        amount = share(sum(worth), action.percent, 100)
    if amount < 1:
        raise Invalid("How much is the discount?", "Write it like `discount 5.00 late parcel`.")
    if amount > sum(worth):
        raise NotPossible(
            "A discount cannot be more than the goods cost.", "Choose less.", code="bad_amount"
        )
    reason = action.text.strip() or "discount"
    for line, part in zip(lines, allocate(amount, worth), strict=True):
        if part:
            draft = draft.adjusted(slashed(line, draft.gone[line.id], part), part, reason)
    return draft


def _full_price(draft: Draft, action: EditAction, _: Facts) -> Draft:
    lines = [line for line in _priced(draft, action) if line.discount]
    if not lines:
        raise NotPossible(f"There is no discount on order {draft.order.number}.", code="already")
    for line in lines:
        full = without_discount(line, draft.gone[line.id])
        more = kept(full.total, full.ordered, draft.gone[line.id])
        less = kept(line.total, line.ordered, draft.gone[line.id])
        draft = draft.adjusted(full, less - more, action.text.strip() or "discount taken away")
    return draft


def _priced(draft: Draft, action: EditAction) -> list[Line]:
    """The lines that a price is about, as far as any of their units still cost something."""
    named = bool(action.line or action.sku)
    lines = [_line(draft.order, action)] if named else list(draft.order.lines)
    return [line for line in lines if line.ordered > draft.gone[line.id]]


# --- everything else ------------------------------------------------------------------------------


def _address(draft: Draft, action: EditAction, _: Facts) -> Draft:
    if any(line.shipped for line in draft.order.lines):
        raise NotPossible(
            f"A part of order {draft.order.number} has left to the old address.",
            "Hold the rest and ask the carrier, or split it off.",
        )
    new = action.address or read_address(action.text, draft.order.ship_to)
    if not (new.street.strip() and new.city.strip()):
        raise Invalid("An address needs a street and a city.", "Write `Kiez 7, 10999 Berlin`.")
    return replace(draft, order=replace(draft.order, ship_to=new))


def read_address(text: str, known: Address) -> Address:
    """“Kiez 7, 10999 Berlin[, AT]”; the rest (name, phone, country) stays as it was known."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    country = known.country
    if len(parts) > 2 and len(parts[-1]) == 2 and parts[-1].isalpha():
        country = parts.pop().upper()
    if len(parts) < 2:
        raise Invalid("I cannot read that address.", "Write it like `Kiez 7, 10999 Berlin`.")
    *streets, town = parts
    code, _, city = town.partition(" ")
    if not any(sign.isdigit() for sign in code):
        code, city = "", town
    return replace(
        known,
        street=streets[0],
        street2=", ".join(streets[1:]),
        zip=code,
        city=city.strip(),
        country=country,
        lat=None,
        lon=None,
    )


def _method(draft: Draft, action: EditAction, _: Facts) -> Draft:
    title = action.text.strip()
    if not title or len(title) > 100:
        raise Invalid("A shipping method has a name of 100 characters at most.")
    price = draft.order.shipping if action.price is None else _money(action.price)
    extra = {**draft.order.extra, "shipping_title": title}
    order = replace(draft.order, shipping=price, extra=extra, method=method_of(title))
    order = with_place(order, title)
    return replace(draft, order=order)


def shipping_title(order: Order) -> str:
    return order.extra.get("shipping_title", "")


def _note(draft: Draft, action: EditAction, _: Facts) -> Draft:
    text = action.text.strip()
    if len(text) > 2000:
        raise Invalid("A note has 2,000 characters at most.")
    return replace(draft, order=replace(draft.order, note=text))


def _split(draft: Draft, action: EditAction, _: Facts) -> Draft:
    line = _shipping_line(draft.order, action)
    told = sum(units for line_id, units in draft.splits if line_id == line.id)
    units = _sensible(action.quantity or line.allocated - told, 0)
    if line.id < 0 or not 0 < units <= line.allocated - told:
        raise NotPossible(
            f"Only {line.allocated - told} × {line.sku} of order {draft.order.number} can be split "
            "off: the rest has no stock yet, or has left.",
        )
    return replace(draft, splits=(*draft.splits, (line.id, units)))


def _shipping_line(order: Order, action: EditAction) -> Line:
    """What travels: of a kit its parts."""
    said = action.sku.strip().casefold()
    parts = [x for x in order.lines if x.kit_line_id is not None and x.sku.casefold() == said]
    bought = action.line or _lines_of(order, said)
    return parts[0] if len(parts) == 1 and not bought else _line(order, action)


def _move(draft: Draft, action: EditAction, _: Facts) -> Draft:
    if not action.to.strip():
        raise Invalid("To which location?", f"Write `edit {draft.order.number} move ham`.")
    return replace(draft, move_to=action.to.strip())


STEPS: Mapping[Do, Callable[[Draft, EditAction, Facts], Draft]] = {
    Do.ADD: _add,
    Do.SET: _set,
    Do.REMOVE: _remove,
    Do.DISCOUNT: _discount,
    Do.FULL_PRICE: _full_price,
    Do.ADDRESS: _address,
    Do.METHOD: _method,
    Do.NOTE: _note,
    Do.SPLIT: _split,
    Do.MOVE: _move,
}


def require_sane(action: EditAction) -> None:
    """Raise Invalid for figures that no action has, also where this one does not look at them."""
    _sensible(action.quantity, 0)
    _money(action.amount)
    if not 0 <= action.percent <= 100:
        raise Invalid(f"{action.percent} percent make no sense.", "Write 0 to 100.")


# --- helpers --------------------------------------------------------------------------------------


def _no_part(order: Order, line: Line) -> Line:
    """Raises NotPossible for a part of a kit, which is not changed by itself."""
    if line.kit_line_id is None:
        return line
    kit = order.line(line.kit_line_id)
    raise NotPossible(
        f"{line.sku} is a part of {kit.sku} in order {order.number}.",
        f"Change the kit: `edit {order.number} {kit.sku} {kit.wanted}`. To add one by itself: "
        f"`edit {order.number} add {line.sku} 1`.",
    )


def _lines_of(order: Order, sku: str) -> list[Line]:
    """What was bought under this SKU; a kit's parts come and go with their kit."""
    wanted = sku.strip().casefold()
    return [line for line in order.bought if line.sku.casefold() == wanted]


def _line(order: Order, action: EditAction) -> Line:
    if action.line:
        return _no_part(order, order.line(action.line))
    found = _lines_of(order, action.sku)
    if len(found) > 1:
        found = [line for line in found if line.wanted] or found[:1]
    if not found:
        for line in order.lines:
            if line.sku.casefold() == action.sku.strip().casefold():
                _no_part(order, line)
        have = ", ".join(dict.fromkeys(line.sku for line in order.bought))
        raise NotFound(
            f"Order {order.number} has no {action.sku}.",
            f"It has {have}. To add another: `edit {order.number} add <sku> 1`; to cancel "
            f"the order: `cancel {order.number}`.",
        )
    if len(found) > 1:
        raise NotPossible(
            f"Order {order.number} has {action.sku} on {len(found)} lines.",
            f"Open the form and change the line that you mean: `edit {order.number}`.",
            code="ambiguous",
        )
    return found[0]


def _sensible(units: int, least: int) -> int:
    if not least <= units <= UNITS_MOST:
        raise Invalid(f"A quantity of {units} makes no sense.", f"Write {least} to {UNITS_MOST:,}.")
    return units


def _money(amount: int) -> int:
    if not 0 <= amount <= MONEY_MOST:
        raise Invalid(f"An amount lies between 0 and {MONEY_MOST:,} minor units.")
    return amount
