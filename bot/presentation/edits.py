"""An edit before it is confirmed: what changes, what it costs, where it ships from, who is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Action, Card, Field, Form, Input, Section
from bot.presentation.words import day, money, when
from core.domain.edits import LineChange
from core.domain.order import Address
from core.queries.edits import EditView

_MESSAGES = {"order_changed": "the customer is told what has changed"}


def edit_card(view: EditView, desk: Desk) -> Card:
    return Card(
        title=f"Edit of order {view.order}: {_difference(view, desk)}",
        sections=tuple(section for section in _sections(view, desk) if section.lines),
        fields=tuple(_fields(view, desk)),
        actions=_actions(view, desk),
        tone="warn" if view.problem or view.shortfalls else "plain",
        note=_note(view, desk),
    )


def _difference(view: EditView, desk: Desk) -> str:
    if view.problem:
        return "not possible any more"
    if not view.difference:
        return "costs the same"
    word = "more" if view.difference > 0 else "less"
    return f"{money(abs(view.difference), view.currency, desk)} {word}"


def _fields(view: EditView, desk: Desk) -> Iterable[Field]:
    def amount(minor: int) -> str:
        return money(minor, view.currency, desk)

    if view.difference:
        yield Field("Total", f"{amount(view.total_before)} → {amount(view.total)}")
    if view.tax != view.tax_before:
        yield Field("Tax in it", f"{amount(view.tax_before)} → {amount(view.tax)}")
    if view.refund:
        yield Field("Goes back", f"{amount(view.refund)}, due when you confirm")
    if view.due:
        yield Field("Asked for", f"{amount(view.due)}; nothing is charged")


def _sections(view: EditView, desk: Desk) -> Iterable[Section]:
    yield Section((view.problem,) if view.problem else (), tone="bad")
    yield Section(tuple(_line(line, view, desk) for line in view.lines), "Lines")
    yield Section(tuple(_prices(view, desk)), "Prices")
    yield Section(tuple(_other(view, desk)), "Also")
    short = tuple(f"{units} × {sku} would wait for stock" for sku, units in view.shortfalls.items())
    yield Section(short, "Not in stock", "warn")
    yield Section(tuple(_ships(view, desk)), "Ships from")
    yield Section(tuple(_MESSAGES[kind] for kind in view.messages), "Messages")


def _line(line: LineChange, view: EditView, desk: Desk) -> str:
    more = line.money_after - line.money_before
    cost = f" ({'+' if more > 0 else '-'}{money(abs(more), view.currency, desk)})" if more else ""
    if line.before == line.after:
        return f"{line.sku}: {line.after} at another price{cost}"
    if not line.before:
        return f"{line.sku}: {line.after} added{cost}"
    if not line.after:
        units = f"all {line.before} " if line.before > 1 else ""
        return f"{line.sku}: {units}removed{cost}"
    return f"{line.sku}: {line.before} → {line.after}{cost}"


def _prices(view: EditView, desk: Desk) -> Iterable[str]:
    for reason in dict.fromkeys(each.reason for each in view.adjustments):
        amount = sum(each.amount for each in view.adjustments if each.reason == reason)
        sign = "-" if amount > 0 else "+"
        yield f"{sign}{money(abs(amount), view.currency, desk)}: {reason}"


def _other(view: EditView, desk: Desk) -> Iterable[str]:
    if "address" in view.fields:
        yield f"To {_address(view.ship_to)}"
    if "method" in view.fields or "shipping" in view.fields:
        price = money(view.shipping, view.currency, desk)
        way = view.method or "the same method"
        how = f"{way} instead of shipping" if view.collected_at else f"By {way}"
        yield f"{how}, for {price}{_kept_price(view)}"
    if "note" in view.fields:
        yield f"Note: “{view.note}”"
    if "split" in view.fields:
        yield "A part travels separately"
    if view.move_to:
        yield f"From {view.move_to}"


def _kept_price(view: EditView) -> str:
    """Whoever collects it rarely means to pay for shipping; nobody's price changes unasked."""
    if not view.collected_at or view.shipping != view.shipping_before or not view.shipping:
        return ""
    return f" as before; `edit {view.order} method 0.00 {view.method}` takes that off"


def _address(address: Address) -> str:
    town = f"{address.zip} {address.city}".strip()
    parts = (address.name, address.street, address.street2, town, address.country)
    return ", ".join(part for part in parts if part)


def _ships(view: EditView, desk: Desk) -> Iterable[str]:
    for place, units in view.ships_from.items():
        yield f"{place}: " + ", ".join(f"{n} × {sku}" for sku, n in units.items())
    if view.parcels != view.parcels_before:
        yield f"Parcels: {view.parcels_before} → {view.parcels}"
    if view.promise is not None and view.ships_from:
        rest = "; what waits for stock has no date yet" if view.shortfalls else ""
        yield f"Promised for {day(view.promise, desk)}{rest}"


def _actions(view: EditView, desk: Desk) -> tuple[Action, ...]:
    seen = {"change": view.change, "version": view.version, "difference": view.difference}
    again = button(desk, "edit", view.order, text="Change More")
    discard = button(desk, "discard", view.order)
    if view.problem or not view.change:
        return kept(again, discard if view.change else None)
    do = button(desk, "confirm", view.order, style="primary", text="Confirm Edit", more=seen)
    return kept(do, again, discard)


def _note(view: EditView, desk: Desk) -> str:
    if not view.change:
        return "Nothing has changed yet."
    return f"Begun by {view.opened_by}; it expires {when(view.expires_at, desk)}."


def in_brief(view: EditView, desk: Desk) -> str:
    """The edit in a few lines, for beside a form."""
    card = edit_card(view, desk)
    fields = [f"{each.label}: {each.value}" for each in card.fields]
    parts = [s for s in card.sections if s.heading in ("Not in stock", "Ships from", "Prices")]
    lines = [f"{part.heading}: {'; '.join(part.lines)}" for part in parts]
    return "\n".join((card.title, *fields, *lines))


# --- the form -------------------------------------------------------------------------------------


def edit_form(view: EditView, given: Mapping[str, Any], problem: str = "") -> Form:
    """One form for the whole edit: a quantity for each line, one more SKU, price, address, note."""
    lines = tuple(
        Input(f"wanted.{line_id}", f"{title or sku}: how many?", "number", str(units))
        for line_id, sku, title, units in view.wanted
        if line_id > 0
    )
    return Form(
        title=f"Edit order {view.order}"[:24],
        verb="change_order",
        inputs=(
            *lines,
            Input("add_sku", "Add a SKU", "text", optional=True),
            Input("add_quantity", "How many of it?", "number", "1", optional=True),
            Input(
                "discount",
                "Discount",
                "text",
                optional=True,
                hint="An amount or a share, and why: “5.00 late parcel”, “10%”.",
            ),
            Input(
                "address",
                "New address",
                "text",
                optional=True,
                hint=f"Now: {_address(view.ship_to)}. Write “Kiez 7, 10999 Berlin”.",
            ),
            Input("note", "Note on the order", "long", view.note, optional=True),
        ),
        submit="Preview",
        fixed={"order": view.order, **{n: v for n, v in given.items() if n == "actions"}},
        note=" ".join(filter(None, (problem, "Nothing changes before you confirm."))),
        live=True,
    )
