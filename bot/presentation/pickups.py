"""What lies ready to be collected, and what a location brings to its neighbors today."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Action, Card, Page, Section
from bot.presentation.words import count, day, state, when
from core.queries.pickups import DeliveryRun, PickupList, StopView, WaitingView

_STEPS = {"ready": "picked", "printed": "picked", "picked": "packed", "packed": "shipped"}
_STEPS |= {"under_way": "delivered"}


def pickups_page(view: PickupList, desk: Desk) -> Page:
    where = f" at {view.location}" if view.location else ""
    opening = [
        button(desk, "collected", each.order, text=f"Hand Over {each.order}")
        for each in view.waiting[:3]
    ]
    return Page(
        title=f"Ready to be collected{where}: {count(len(view.waiting), 'order')}",
        lines=tuple(_waiting(each, view.location, desk) for each in view.waiting),
        actions=kept(*opening),
        empty="Nothing waits for its customer.",
        note="Hand over only for the code: `collected 1001 482913`." if view.waiting else "",
    )


def _waiting(each: WaitingView, place: str, desk: Desk) -> str:
    where = "" if place else f" · {each.location}"
    told = "NOT COLLECTED, it was ready until" if each.over else "until"
    reminded = ", reminded" if each.reminded else ""
    since = f"since {when(each.ready_at, desk)}"
    name = f" · {each.customer_name}" if each.customer_name else ""
    return f"{each.order}{name}{where} · {told} {day(each.until, desk)} · {since}{reminded}"


def run_card(view: DeliveryRun, desk: Desk) -> Card:
    """The day's run as one card: what is held stands apart, since nobody may bring it."""
    free = [stop for stop in view.stops if not stop.held]
    held = tuple(_stop(stop, desk) for stop in view.stops if stop.held)
    lines = tuple(f"{n}. {_stop(stop, desk)}" for n, stop in enumerate(free, 1))
    window = f", {view.window}" if view.window else ""
    sections = (
        Section(lines or ("Nothing has to be brought today.",)),
        Section(held, "DO NOT DELIVER", "bad"),
    )
    later = f"{count(view.later, 'order')} more on later days." if view.later else ""
    return Card(
        title=f"Deliveries {view.location} {day(view.day, desk)}{window}: "
        f"{count(len(free), 'stop')}",
        sections=tuple(section for section in sections if section.lines),
        actions=kept(*(_next(stop, desk) for stop in free[:3])),
        subject=f"deliveries:{view.location}",
        note=later,
    )


def _stop(stop: StopView, desk: Desk) -> str:
    to = stop.address
    where = ", ".join(filter(None, (to.street, to.street2, f"{to.zip} {to.city}".strip())))
    who = ", ".join(filter(None, (to.name or stop.customer_name, stop.phone)))
    away = f"{stop.km:.1f} km" if stop.km is not None else ""
    late = f"LATE, promised {day(stop.promise, desk)}" if stop.late and stop.promise else ""
    said = (stop.order, where, who, count(stop.units, "unit"), away, state(stop.stage), late)
    note = f" · “{stop.note}”" if stop.note else ""
    return " · ".join(filter(None, said)) + note


def _next(stop: StopView, desk: Desk) -> Action | None:
    verb = _STEPS[stop.stage]
    return button(desk, verb, stop.order, version=stop.version, text=f"{verb.title()} {stop.order}")
