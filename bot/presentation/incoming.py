"""Goods on their way: what is expected, transfers, and what each channel is told."""

from __future__ import annotations

from datetime import timedelta

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Action, Card, Field, Page, Section
from bot.presentation.stock import coming_line
from bot.presentation.words import ago, count, day, span
from core.queries.channel_stock import AvailabilityView, ChannelView, ToldView
from core.queries.incoming import (
    ExpectedPage,
    TransferLine,
    TransferPage,
    TransferView,
)

BUTTONS_SHOWN = 3
_STATES = {
    "planned": "waits at {origin}",
    "sent": "on its way",
    "received": "received",
    "canceled": "canceled",
}


def expected_page(view: ExpectedPage, desk: Desk) -> Page:
    where = f" at {view.location}" if view.location else ""
    hidden = view.total - len(view.expected)
    references = list(dict.fromkeys(each.reference for each in view.expected))
    arrived = [_arrived(desk, reference) for reference in references[:BUTTONS_SHOWN]]
    return Page(
        title=f"Expected{where}: {count(view.units, 'unit')}",
        lines=tuple(coming_line(each, desk, each.sku) for each in view.expected),
        actions=kept(*arrived),
        empty="Nothing is on its way.",
        note=f"{hidden} more: `expected ber` narrows the list." if hidden else "",
    )


def _arrived(desk: Desk, reference: str) -> Action | None:
    return button(
        desk,
        "arrived",
        text=f"{reference} Arrived"[:24],
        confirm=f"Book everything of {reference} that is still expected?",
        more={"reference": reference},
    )


# --- transfers -----------------------------------------------------------------------------------


def transfers_page(view: TransferPage, desk: Desk) -> Page | Card:
    if len(view.transfers) == 1:
        return _transfer_card(view.transfers[0], desk)
    return Page(
        title=f"Open transfers: {len(view.transfers)}",
        lines=tuple(_brief(each) for each in view.transfers),
        actions=kept(
            *(
                button(desk, "transfers", text=f"Open {each.number}", more={"number": each.number})
                for each in view.transfers[:BUTTONS_SHOWN]
            )
        ),
        empty="Nothing travels between locations.",
    )


def _brief(each: TransferView) -> str:
    goods = ", ".join(f"{line.quantity} × {line.sku}" for line in each.lines)
    return f"{each.number} · {each.origin} to {each.to} · {_state(each)} · {goods}"


def _state(each: TransferView) -> str:
    return _STATES[each.state].format(origin=each.origin)


def _transfer_card(each: TransferView, desk: Desk) -> Card:
    fields = [Field("State", _state(each)), Field("From", each.origin), Field("To", each.to)]
    if each.due_on:
        fields.append(Field("Due", day(each.due_on, desk)))
    if each.reason:
        fields.append(Field("Why", each.reason))
    return Card(
        title=f"Transfer {each.number}: {each.origin} to {each.to}, {_state(each)}",
        sections=(Section(tuple(_line(line) for line in each.lines)),),
        fields=tuple(fields),
        actions=kept(*_steps(each, desk)),
        note=f"Planned by {each.created_by}." if each.created_by else "",
    )


def _line(line: TransferLine) -> str:
    parts = [f"{line.received} received"] if line.received else []
    parts += [f"{line.missing} missing"] if line.missing else []
    return f"{line.quantity} × {line.sku}" + (f" ({', '.join(parts)})" if parts else "")


def _steps(each: TransferView, desk: Desk) -> tuple[Action | None, ...]:
    number = {"number": each.number}
    if each.state == "planned":
        return (
            button(desk, "dispatch", text="It Has Left", style="primary", more=number),
            button(desk, "cancel-transfer", text="Cancel Transfer", style="danger", more=number),
        )
    return (_arrived(desk, each.number),) if each.state == "sent" else ()


# --- channels ------------------------------------------------------------------------------------


def availability_card(view: AvailabilityView, desk: Desk) -> Card:
    name = f"{view.sku} ({view.title})" if view.title else view.sku
    fields = [Field("Available", str(view.available)), Field("For channels", str(view.pool))]
    fields += [Field("Coming", str(view.incoming))] if view.incoming else []
    sections = tuple(_channel(each, desk) for each in view.channels)
    return Card(
        title=f"{name}: {view.pool} for channels",
        sections=sections or (Section(("No channel is connected that is told of stock.",)),),
        fields=tuple(fields),
        actions=kept(button(desk, "stock", view.sku)),
    )


def _channel(each: ChannelView, desk: Desk) -> Section:
    heading = f"{each.channel}: {each.offered}"
    if each.kept_back != "0":
        heading += f", {each.kept_back} kept back"
    if not each.knows_it:
        return Section(("It does not carry this SKU.",), heading)
    return Section(tuple(_told(told, desk) for told in each.places), heading)


def _told(told: ToldView, desk: Desk) -> str:
    if told.told is None or told.told_at is None:
        return f"{told.location}: {told.offered}, not told yet"
    what = "" if told.told == told.offered else f", still told {told.told}"
    after = f" after {_lag(told.lag_seconds)}" if told.lag_seconds is not None else ""
    return f"{told.location}: {told.offered}{what}, told {ago(told.told_at, desk.now)}{after}"


def _lag(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else span(timedelta(seconds=seconds))
