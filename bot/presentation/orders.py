"""Orders: the card at first glance, lists, the story of a routing, the timeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept, more_button
from bot.presentation.holds import hold_sections, next_words
from bot.presentation.model import Action, Card, Field, Page, Section, Tone
from bot.presentation.timeline import tell
from bot.presentation.words import (
    ago,
    count,
    day,
    money,
    reason,
    sentence,
    state,
    today,
    until,
    when,
)
from core.domain.blocking import Next
from core.domain.holds import WAITS, HoldReason
from core.domain.lanes import STANDARD
from core.domain.priority import priority_named
from core.queries.finding import FindOrders, LateWork, OrderBrief, OrderPage
from core.queries.order_view import LineView, NoteView, OrderView, ParcelView, WordSent
from core.queries.timelines import Told

SHOWN_BUTTONS = 3
MORE_BUTTONS = 5

_SENDING = {"waiting": "not sent yet", "leased": "being sent", "dead": "could not be sent"}


def order_card(view: OrderView, desk: Desk) -> Card:
    shown, more = _buttons(view, desk)
    return Card(
        title=_title(view),
        sections=tuple(section for section in _sections(view, desk) if section.lines),
        fields=_fields(view, desk),
        actions=shown,
        more=more,
        subject=f"order:{view.id}",
        tone=_tone(view),
    )


def _title(view: OrderView) -> str:
    parts = [f"Order {view.number}", view.customer_name or "no name", view.ship_to.city]
    if _is_stopped(view):
        parts.append("ON HOLD")
    elif view.status == "canceled":
        parts.append("CANCELED")
    return " · ".join(part for part in parts if part)


def _is_stopped(view: OrderView) -> bool:
    """Waiting for one parcel, or for a day of sale, is no trouble."""
    return any(hold.reason not in WAITS for hold in view.holds)


def _tone(view: OrderView) -> Tone:
    if _is_stopped(view):
        return "bad"
    return "warn" if view.cases else "quiet" if view.status == "canceled" else "plain"


def _fields(view: OrderView, desk: Desk) -> tuple[Field, ...]:
    found = [
        Field("Total", money(view.total, view.currency, desk)),
        Field("Payment", _paid(view, desk), "plain" if view.captured >= view.total else "warn"),
        Field("Placed", f"{when(view.placed_at, desk)} ({view.channel})"),
    ]
    if view.method != STANDARD:
        at = f" at {view.collected_at}" if view.collected_at else ""
        found.append(Field("Method", sentence(state(view.method)) + at))
    if view.promise is not None and view.canceled_at is None:
        late = view.promise < today(desk) and view.fulfillment_status != "delivered"
        short = sum(line.backordered for line in view.lines if not line.awaits)
        rest = f"; {count(short, 'unit')} without stock have no date" if short else ""
        tone: Tone = "warn" if late or short else "plain"
        found.append(Field("Promise", day(view.promise, desk) + rest, tone))
    if view.last_scan_at is not None:
        found.append(Field("Last scan", ago(view.last_scan_at, desk.now)))
    words = [each for each in view.words if each.kind != "case_alert"]  # that one is for the staff
    if words:
        told = next((each for each in words if each.state != "suppressed"), words[0])
        found.append(Field("Last message", _word(told, desk)))
    if view.priority:
        found.append(Field("Priority", priority_named(view.priority)))
    if view.tags:
        found.append(Field("Tags", ", ".join(view.tags)))
    return tuple(found)


def _paid(view: OrderView, desk: Desk) -> str:
    words = state(view.payment_status)
    over = view.captured - view.refunded - view.worth
    if 0 < over <= view.beside:
        words = f"paid, and {money(over, view.currency, desk)} that was asked for beside it"
    elif over > 0 and view.canceled_at is not None:
        words = f"paid, {money(over, view.currency, desk)} to give back"
    elif over > 0:  # an edit lowers the total, a cancel does not: people hear one word for both
        words = f"paid, {money(over, view.currency, desk)} too much"
    elif view.captured and view.captured != view.total:
        words += f", {money(view.captured, view.currency, desk)} so far"
    if view.refunded:
        words += f", {money(view.refunded, view.currency, desk)} refunded"
    return words


def _word(word: WordSent, desk: Desk) -> str:
    words = f"{state(word.kind)} by {word.route}, {ago(word.at, desk.now)}"
    return words if word.state == "done" else f"{words} ({_SENDING.get(word.state, word.state)})"


def _sections(view: OrderView, desk: Desk) -> Iterable[Section]:
    yield from hold_sections(view.holds, desk)
    yield Section(tuple(_next(view, desk)))
    yield Section(tuple(_edited(view, desk)), tone="warn")
    yield Section(tuple(_line(each) for each in view.lines), "Lines")
    yield Section(tuple(_belongs(view)))
    yield Section(tuple(_parcel(each, desk) for each in view.parcels), "Parcels")
    cases = tuple(f"Case {c.number}: {c.title}{_whose(c.assignee)}" for c in view.cases)
    yield Section(cases, "Cases", "warn")
    yield Section(tuple(_backs(view, desk)), "Returns and refunds")
    yield Section((view.note,) if view.note else (), "The customer writes")
    yield Section(tuple(_note(each, desk) for each in view.notes), "Notes")
    yield Section(tuple(_told(each, desk) for each in view.timeline), "Timeline", "quiet")


_LINKED = {
    "replaces": "Replaces goods of order {}.",
    "replaced_by": "Goods of it went out again as order {}.",
    "exchanges": "Is sent in exchange for goods of order {}.",
    "exchanged_by": "Goods of it are exchanged: order {}.",
    "together": "Ships in one parcel with order {}.",
}


def _belongs(view: OrderView) -> Iterable[str]:
    if view.gift is not None:
        note = f" with the note “{view.gift.note}”" if view.gift.note else ""
        yield f"It is a gift{note}."
    yield from (_LINKED[each.how].format(each.order) for each in view.linked)


def _note(note: NoteView, desk: Desk) -> str:
    return f"“{note.text}” — {note.by}, {when(note.at, desk)}"


def _next(view: OrderView, desk: Desk) -> Iterable[str]:
    if view.canceled_at is not None:
        yield f"Canceled {ago(view.canceled_at, desk.now)}: {view.cancel_reason}."
    elif view.next is not None:
        yield f"Next: {next_words(view.next, desk)}"


def _edited(view: OrderView, desk: Desk) -> Iterable[str]:
    """An edit that lies open: nobody should work on a card that is about to change unseen."""
    if view.edit is None or view.canceled_at is not None:
        return
    more = view.edit.difference
    word = "more" if more > 0 else "less"
    cost = f", {money(abs(more), view.currency, desk)} {word}" if more else ""
    yield (
        f"{view.edit.by} began an edit {ago(view.edit.at, desk.now)}{cost}; nothing has changed "
        f"yet. `preview {view.number}` shows it."
    )


def _line(line: LineView) -> str:
    """Every unit is told once: where it waits, or how far it has come."""
    waiting: Counter[tuple[str, str]] = Counter()
    for each in line.places:
        waiting[each.location, each.stage] += each.quantity
    places = [_place(n, *at) for at, n in waiting.items() if at[1] != "shipped"]
    home = line.delivered - line.return_requested - line.return_received - line.return_kept
    steps = (
        (line.shipped - line.delivered, "on the way"),
        (home, "delivered"),
        (line.return_requested, "coming back"),
        (line.return_received, "returned"),
        (line.return_kept, "refunded and kept"),
        (line.canceled, "canceled"),
    )
    told = [*places, *(f"{number} {word}" for number, word in steps if number > 0)]
    nothing = "ships in parts" if line.kind == "kit" else "nothing to ship"
    told += [f"announced for {line.awaits}"] if line.awaits else []
    before = "↳ " if line.kind == "part" else ""
    return f"{before}{line.ordered} × {line.title or line.sku} · {', '.join(told) or nothing}"


def _place(quantity: int, location: str, stage: str) -> str:
    return f"{quantity} {state(stage)}" + (f" at {location}" if location else "")


def _parcel(parcel: ParcelView, desk: Desk) -> str:
    delivered = parcel.delivered_at is not None
    unnumbered = "without a number" if delivered else "no number yet"
    name = " ".join(filter(None, (parcel.carrier, parcel.tracking_number or unnumbered)))
    if parcel.delivered_at is not None:
        return f"{name} · delivered {when(parcel.delivered_at, desk)}"
    reason = f" ({parcel.reason})" if parcel.reason else ""
    if parcel.last_scan_at is None:
        scan = "no scan yet"
    else:
        place = f", {parcel.last_place}" if parcel.last_place else ""
        scan = f"last scan {ago(parcel.last_scan_at, desk.now)}{place}"
    asked = " · asked back, waiting for the carrier" if parcel.recalled else ""
    return f"{name} · {state(parcel.status)}{reason} · {scan}{asked}"


def _whose(assignee: str) -> str:
    return f" ({assignee})" if assignee else ""


def _backs(view: OrderView, desk: Desk) -> Iterable[str]:
    for each in view.returns:
        units, why = count(each.units, "unit"), reason(each.reason)
        yield f"Return {each.number}: {state(each.status)}, {units}, {why}"
    for refund in view.refunds:
        if refund.state == "canceled":
            continue  # taken back before any money went: the timeline has it
        reference = f", {refund.reference}" if refund.reference else ""
        amount = money(refund.amount, refund.currency, desk)
        how = "waits for approval" if refund.waits else state(refund.state)
        yield f"Refund {amount}: {how}{reference}"
    if view.asked:
        yield f"{money(view.asked, view.currency, desk)} more are asked of the customer"


def _told(told: Told, desk: Desk) -> str:
    return f"{when(told.at, desk)} · {tell(told, desk)} · {told.actor}"


def _buttons(view: OrderView, desk: Desk) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    """The next legal step first; the rest, and what explains, under more."""
    first = view.actions[0] if view.actions else ""
    acting = [
        button(
            desk,
            verb,
            view.number,
            version=view.version,
            style="primary" if verb == first and verb != "note" else "plain",
        )
        for verb in view.actions
    ]
    waits = any(hold.reason == HoldReason.CONSOLIDATION for hold in view.holds)
    go = button(desk, "ship now", view.number, version=view.version) if waits else None
    found = kept(go, *acting, button(desk, "why", view.number))
    return found[:SHOWN_BUTTONS], found[SHOWN_BUTTONS : SHOWN_BUTTONS + MORE_BUTTONS]


# --- lists ------------------------------------------------------------------------------------


def order_page(page: OrderPage, asked: FindOrders, desk: Desk) -> Page:
    opening = [button(desk, "show", o.number, text=f"Open {o.number}") for o in page.orders[:5]]
    if page.after:
        opening.append(more_button(asked, page.after, desk))
    return Page(
        title=f"{list_title(asked)}: {len(page.orders)}{' and more' if page.after else ''}",
        lines=tuple(_brief(order, desk) for order in page.orders),
        actions=kept(*opening),
        empty=_none_found(asked),
    )


def _none_found(asked: FindOrders) -> str:
    if not asked.text and (asked.late or asked.held):
        return f"No order is {'late' if asked.late else 'on hold'}. Good."
    return "No order fits. Search by number, name, e-mail, city, SKU or tracking number."


def list_title(asked: FindOrders) -> str:
    """“Late orders at BER”, “Orders with “anna””: what was asked, said back."""
    kind = "late" if asked.late else "held" if asked.held else asked.status
    words = f"{kind} orders" if kind else "orders"
    place = f" at {asked.location}" if asked.location else ""
    text = f" with “{asked.text}”" if asked.text else ""
    return sentence(words + place + text)


def _brief(order: OrderBrief, desk: Desk) -> str:
    states = ["ON HOLD"] if order.held else []
    states += [state(order.status)] if order.status != "open" else []
    states += [] if order.fulfillment_status == "none" else [state(order.fulfillment_status)]
    states += [_why_late(each, desk) for each in order.late]
    states += [f"promised {day(order.promise, desk)}"] if order.promise else []
    states += [_waits(order.next, desk)] if order.next and order.next.blocked else []
    total = money(order.total, order.currency, desk)
    parts = [order.number, order.customer_name, order.city, total, ", ".join(states)]
    return " · ".join(part for part in parts if part) + f" · {ago(order.placed_at, desk.now)}"


def _waits(step: Next, desk: Desk) -> str:
    return f"waits for {step.party}{until(step.until, desk)}"


def _why_late(work: LateWork, desk: Desk) -> str:
    word = "stuck" if work.reason == "stuck" else "past the cut-off"
    return f"{word} at {work.location}, ready since {when(work.ready_at, desk)}"
