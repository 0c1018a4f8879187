"""Stock of one SKU: what there is where, what comes, who waits for it, what moved last."""

from __future__ import annotations

from collections.abc import Mapping

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Card, Field, Page, Section
from bot.presentation.words import ago, count, day, state, when
from core.queries.ledger import LedgerLine, LedgerView
from core.queries.stock import ExpectedView, LevelView, MoveView, StockView

MOVES_SHOWN, COMING_SHOWN = 5, 4
_DID = {
    "receive": "received",
    "reserve": "promised",
    "release": "no longer promised",
    "ship": "shipped",
    "sell": "sold at the till",
    "restock": "came back",
    "adjust": "corrected",
    "safety": "kept back",
    "buffer": "left by routing",
    "freeze": "frozen",
    "unfreeze": "no longer frozen",
    "damage": "damaged",
    "repair": "repaired",
    "write_off": "written off",
    "quarantine": "to quality control",
    "release_quality": "passed quality control",
    "condemn": "failed quality control",
    "expect": "expected",
    "unexpect": "will not come",
    "arrive": "arrived",
    "dispatch": "sent to another location",
}
_SIGNED = ("adjust", "safety", "buffer")
_QUANTITIES = {
    "on_hand": "on hand",
    "safety": "kept back",
    "buffer": "left by routing",
    "quality": "in quality control",
}
# What a level shows beside its available units, when there is any of it.
_ASIDE = ("safety", "buffer", "frozen", "damaged", "quality", "incoming")


def stock_card(view: StockView, desk: Desk) -> Card:
    fields = [
        Field("Available", str(view.available), "plain" if view.available > 0 else "warn"),
        Field("On hand", str(view.on_hand)),
        Field("Reserved", str(view.reserved)),
    ]
    if view.backordered:
        fields.append(Field("Waited for", str(view.backordered), "warn"))
    if view.incoming:
        fields.append(Field("Coming", str(view.incoming)))
    first = [button(desk, "show", w.order, text=f"Open {w.order}") for w in view.waiting[:1]]
    return Card(
        title=f"{_name(view.sku, view.title)}: {view.available} available",
        sections=tuple(section for section in _sections(view, desk) if section.lines),
        fields=tuple(fields),
        actions=kept(
            *first,
            button(desk, "adjust", view.sku, text="Correct Stock"),
            button(desk, "ledger", view.sku, text="Show Ledger"),
        ),
        subject=f"sku:{view.sku}",
    )


def _sections(view: StockView, desk: Desk) -> tuple[Section, ...]:
    waiting = tuple(f"Order {w.order}: {w.quantity}" for w in view.waiting)
    coming = tuple(coming_line(each, desk) for each in view.expected[:COMING_SHOWN])
    moves = tuple(_move(move, desk) for move in view.moves[:MOVES_SHOWN])
    return (
        Section(tuple(_level(level) for level in view.levels) or _kits(view)),
        Section(waiting, "Orders that wait, in the order of service", "warn"),
        Section(coming, "Coming"),
        Section(moves, "Last moves", "quiet"),
    )


def _name(sku: str, title: str) -> str:
    return f"{sku} ({title})" if title else sku


def _kits(view: StockView) -> tuple[str, ...]:
    if not view.made_of:
        return ("No stock anywhere yet.",)
    parts = ", ".join(f"{units} × {sku}" for sku, units in view.made_of)
    where = ", ".join(f"{units} at {place}" for place, units in view.kits_at)
    return (f"Made of {parts}.", f"Whole ones: {where or 'none'}.")


def _level(level: LevelView) -> str:
    parts = [f"{level.on_hand} on hand", f"{level.reserved} reserved"]
    parts += [f"{units} {_quantity(name)}" for name in _ASIDE if (units := getattr(level, name))]
    return f"{level.location}: {level.available} available ({', '.join(parts)})"


def _quantity(name: str) -> str:
    return _QUANTITIES.get(name, name)


def coming_line(each: ExpectedView, desk: Desk, sku: str = "") -> str:
    due = f", {day(each.due_on, desk)}" if each.due_on else ""
    late = " (late)" if each.overdue else ""
    source = f" from {each.source}" if each.source else ""
    what = f" × {sku}" if sku else ""
    part = f" of {each.of}" if each.of != each.quantity else ""
    return f"{each.quantity}{part}{what} at {each.location}{due}{late}: {each.reference}{source}"


def _move(move: MoveView, desk: Desk) -> str:
    why = f" — {move.reason}" if move.reason else ""
    units = _units(move.kind, move.quantity)
    return f"{ago(move.at, desk.now)}: {units} {did(move.kind)} at {move.location}{why}"


def did(kind: str) -> str:
    """What a move was, as people say it."""
    return _DID.get(kind, state(kind))


def _units(kind: str, quantity: int) -> str:
    sign = "+" if kind in _SIGNED and quantity > 0 else "-" if quantity < 0 else ""
    return f"{sign}{count(abs(quantity), 'unit')}"


# --- the ledger ----------------------------------------------------------------------------------


def ledger_page(view: LedgerView, desk: Desk) -> Page:
    where = f" at {view.location}" if view.location else ""
    place = {"location": view.location} if view.location else {}
    more = None
    if view.next is not None:
        further = {**place, "after": view.next}
        more = button(desk, "ledger", view.sku, text="Show More", more=further)
    return Page(
        title=f"Ledger of {_name(view.sku, view.title)}{where}",
        lines=tuple(_ledger_line(line, desk, not view.location) for line in view.lines),
        actions=kept(more, button(desk, "stock", view.sku)),
        empty="Nothing has moved yet.",
    )


def _ledger_line(line: LedgerLine, desk: Desk, with_place: bool) -> str:
    place = f" at {line.location}" if with_place else ""
    what = f"{_units(line.kind, line.quantity)} {did(line.kind)}{place} → {_after(line.after)}"
    order = f"order {line.order}" if line.order and line.order not in line.reason else ""
    who = f"{line.who} ({line.surface})" if line.surface else line.who
    return " · ".join(filter(None, (when(line.at, desk), what, order, line.reason, who)))


def _after(after: Mapping[str, int]) -> str:
    return ", ".join(f"{units} {_quantity(name)}" for name, units in after.items()) or "as before"
