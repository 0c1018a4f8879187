"""An edit as a change set: the order as it would be, what it costs, what it takes from stock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.domain.edit_actions import STEPS, Adjustment, Do, Draft, EditAction, Facts, shipping_title
from core.domain.edit_money import kept, share
from core.domain.kits import pulled, settled
from core.domain.order import Line, Order, OrderStatus
from core.domain.refusals import NotPossible
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class LineChange:
    """One line before and after: units wanted, and the money for them."""

    line_id: int
    sku: str
    title: str
    before: int
    after: int
    money_before: int
    money_after: int


@dataclass(frozen=True, slots=True)
class Preview:
    """An edit as it would come out; nothing is stored. New lines have ids below zero."""

    before: Order
    after: Order
    lines: tuple[LineChange, ...]
    adjustments: tuple[Adjustment, ...]
    refund: int
    due: int
    shortfalls: Mapping[str, int]
    splits: tuple[tuple[int, int], ...] = ()
    move_to: str = ""

    @property
    def difference(self) -> int:
        """What the order costs more; less, below zero."""
        return self.after.total - self.before.total

    @property
    def removed(self) -> tuple[tuple[int, int], ...]:
        """(line id, units) that are not wanted any more."""
        return tuple((x.line_id, x.before - x.after) for x in self.lines if x.after < x.before)

    @property
    def units(self) -> dict[str, int]:
        """How many units more (or less) of each SKU."""
        found: Counter[str] = Counter()
        for line in self.lines:
            found[line.sku] += line.after - line.before
        return {sku: units for sku, units in found.items() if units}

    @property
    def fields(self) -> tuple[str, ...]:
        """What else is different."""
        old, new = self.before, self.after
        changed = {
            "address": old.ship_to != new.ship_to,
            "method": shipping_title(old) != shipping_title(new),
            "shipping": old.shipping != new.shipping,
            "note": old.note != new.note,
            "split": bool(self.splits),
            "location": bool(self.move_to),
        }
        return tuple(name for name, is_new in changed.items() if is_new)

    @property
    def is_empty(self) -> bool:
        return not (self.lines or self.fields or self.adjustments)


def preview(order: Order, actions: Sequence[EditAction], facts: Facts) -> Preview:
    """The order after these actions. Raises a refusal for what is not possible; changes nothing."""
    require_editable(order)
    start = draft = Draft(order, {line.id: _gone(line, facts) for line in order.lines})
    for action in sorted(latest(actions), key=lambda one: one.do is Do.SPLIT):
        draft = STEPS[action.do](draft, action, facts)
    after = settled(pulled(_with_money(start, draft)))  # parts go with their kit
    refund, due = settlement(order, after.total, facts)
    return Preview(
        before=order,
        after=after,
        lines=_changes(start, draft),
        adjustments=draft.adjustments,
        refund=refund,
        due=due,
        shortfalls=_shortfalls(order, after, facts),
        splits=draft.splits,
        move_to=draft.move_to,
    )


def _gone(line: Line, facts: Facts) -> int:
    """Units whose share of the line's money is not the line's any more."""
    return min(line.ordered, max(line.canceled, facts.gone.get(line.id, 0)))


def require_editable(order: Order) -> None:
    if order.is_canceled:
        raise NotPossible(
            f"Order {order.number} is canceled; there is nothing to edit.",
            f"`show {order.number}` tells when and why.",
        )
    if order.handed_over:
        raise NotPossible(
            f"Order {order.number} was sold over the till.", "Start a return instead."
        )
    if order.status is OrderStatus.CLOSED:
        raise NotPossible(
            f"Order {order.number} has left the house; an edit is too late.",
            f"Start a return: `return {order.number}`, or write a note.",
        )


def latest(actions: Iterable[EditAction]) -> tuple[EditAction, ...]:
    """Of wishes that answer the same question, the last one counts."""
    found: dict[object, EditAction] = {}
    for place, action in enumerate(actions):
        key = _question(action) or place
        found.pop(key, None)
        found[key] = action
    return tuple(found.values())


def _question(action: EditAction) -> tuple[str, object] | None:
    if action.do in (Do.SET, Do.REMOVE):
        return "quantity", action.line or action.sku.casefold()
    if action.do in (Do.ADDRESS, Do.METHOD, Do.NOTE, Do.MOVE):
        return action.do.value, ""
    return None


# --- what it comes to -----------------------------------------------------------------------------


def settlement(order: Order, total: int, facts: Facts) -> tuple[int, int]:
    """(refund, payment request) when the order's total becomes `total`.

    Nothing is charged: what is not paid yet falls away first, only paid money goes back, and what
    was paid too much is used up before more is asked for.
    """
    difference = total - order.total
    balance = order.captured - facts.given_back - order.total
    left = max(0, order.captured - order.refunded - facts.owed)
    refund = max(0, -difference - max(0, -balance))
    return min(refund, left), max(0, difference - max(0, balance))


def _with_money(start: Draft, end: Draft) -> Order:
    """The order's own sums move by what its lines and its shipping moved."""
    old, new = start.order, end.order
    total, tax, discount, goods = (b - a for a, b in zip(_sums(start), _sums(end), strict=True))
    shipping = 0 if _is_emptied(new) else new.shipping
    more = shipping - old.shipping
    shipped_tax = share(more, old.tax, old.total) if old.total else 0
    if _is_emptied(new):
        return replace(new, subtotal=0, discount=0, shipping=0, shipping_tax=0, tax=0, total=0)
    return replace(
        new,
        subtotal=max(0, old.subtotal + goods),
        discount=max(0, old.discount + discount),
        shipping=shipping,
        tax=max(0, old.tax + tax + shipped_tax),
        shipping_tax=max(0, old.shipping_tax + shipped_tax) if shipping else 0,
        total=max(0, old.total + total + more),
    )


def _is_emptied(order: Order) -> bool:
    """Nothing is wanted any more, and nothing has left: then shipping is not paid for either."""
    return not any(line.wanted for line in order.lines)


def _sums(draft: Draft) -> tuple[int, int, int, int]:
    """(total, tax, discount, goods as the subtotal counts them) of the units that are wanted."""
    total = tax = discount = goods = 0
    for line in draft.order.lines:
        gone = draft.gone[line.id]
        line_total, line_tax = (kept(x, line.ordered, gone) for x in (line.total, line.tax))
        total += line_total
        tax += line_tax
        discount += kept(line.discount, line.ordered, gone)
        goods += line_total - (line_tax if line.is_taxed_on_top else 0)
    return total, tax, discount, goods


def _changes(start: Draft, end: Draft) -> tuple[LineChange, ...]:
    old = {line.id: line for line in start.order.lines}
    found = []
    for line in end.order.lines:
        was = old.get(line.id)
        money = kept(was.total, was.ordered, start.gone[was.id]) if was else 0
        now = kept(line.total, line.ordered, end.gone[line.id])
        units = was.wanted if was else 0
        if (units, money) != (line.wanted, now):
            told = LineChange(line.id, line.sku, line.title, units, line.wanted, money, now)
            found.append(told)
    return tuple(found)


def _shortfalls(before: Order, after: Order, facts: Facts) -> dict[str, int]:
    """Units that would be wanted and have no stock: they would wait as backordered."""
    known = {line.id: line.unplaced for line in before.lines}
    more: Counter[str] = Counter()
    for line in after.lines:
        more[line.sku] += max(0, line.unplaced - max(0, known.get(line.id, 0)))
    lacking = {sku: units - facts.free.get(sku, 0) for sku, units in more.items()}
    return {sku: units for sku, units in lacking.items() if units > 0}
