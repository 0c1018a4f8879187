"""Stock of one SKU: what there is where, who waits for it, what moved last."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Card, Field, Section
from bot.presentation.words import ago, count, state
from core.queries.stock import LevelView, MoveView, StockView

MOVES_SHOWN = 5


def stock_card(view: StockView, desk: Desk) -> Card:
    name = f"{view.sku} ({view.title})" if view.title else view.sku
    fields = [
        Field("Available", str(view.available), "plain" if view.available > 0 else "warn"),
        Field("On hand", str(view.on_hand)),
        Field("Reserved", str(view.reserved)),
    ]
    if view.backordered:
        fields.append(Field("Waited for", str(view.backordered), "warn"))
    waiting = tuple(f"Order {w.order}: {w.quantity}" for w in view.waiting)
    moves = tuple(_move(move, desk) for move in view.moves[:MOVES_SHOWN])
    first = [button(desk, "show", w.order, text=f"Open {w.order}") for w in view.waiting[:1]]
    sections = (
        Section(tuple(_level(level) for level in view.levels) or ("No stock anywhere yet.",)),
        Section(waiting, "Orders that wait, in the order of service", "warn"),
        Section(moves, "Last moves", "quiet"),
    )
    return Card(
        title=f"{name}: {view.available} available",
        sections=tuple(section for section in sections if section.lines),
        fields=tuple(fields),
        actions=kept(
            *first,
            button(desk, "adjust", view.sku, text="Correct Stock"),
            button(desk, "count", view.sku, text="Count"),
        ),
        subject=f"sku:{view.sku}",
    )


def _level(level: LevelView) -> str:
    parts = [f"{level.on_hand} on hand", f"{level.reserved} reserved"]
    parts += [f"{level.safety} kept back"] if level.safety else []
    return f"{level.location}: {level.available} available ({', '.join(parts)})"


def _move(move: MoveView, desk: Desk) -> str:
    why = f" — {move.reason}" if move.reason else ""
    quantity = count(abs(move.quantity), "unit")
    return f"{ago(move.at, desk.now)}: {state(move.kind)} {quantity} at {move.location}{why}"
