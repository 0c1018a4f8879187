"""Returns: what comes back, who decided, what arrived, and the money for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept, more_button
from bot.presentation.model import Action, Card, Field, Page, Section, Tone
from bot.presentation.words import ago, count, money, reason, sentence, stamp, state
from core.domain.returning.dispositions import lies
from core.queries.returns import (
    LabelBrief,
    ListReturns,
    RefundView,
    ReturnBrief,
    ReturnLineView,
    ReturnPage,
    ReturnPlace,
    ReturnView,
)

_STEPS = {
    "requested": "A colleague decides: approve or reject.",
    "approved": "The customer sends it; then count it in.",
    "received": "The money is due, unless it was paid already.",
}


RETURN_CASES = (
    "return_decision",
    "return_missing",
    "return_swap",
    "return_uncounted",
    "found_box",
)


def return_buttons(kind: str, back: str, case: int, desk: Desk) -> Iterable[Action | None]:
    """What can be done about a case of this kind."""
    if kind == "found_box":
        yield button(desk, "match", style="primary", more={"box": f"C-{case}"})
    elif kind == "return_decision":
        yield button(desk, "approve", back, style="primary")
        yield button(desk, "reject", back)
    elif kind == "return_uncounted" and back:
        yield button(desk, "received", back, style="primary")
    elif back:
        yield button(desk, "show-return", back, text=f"Open {back}", style="primary")
    if kind == "return_swap" and back:
        yield button(desk, "exchange return", back)
        yield button(desk, "wish", back)


def return_card(view: ReturnView, desk: Desk) -> Card:
    brief = view.brief
    acting = [_acting(view, verb, n == 0, desk) for n, verb in enumerate(view.actions)]
    opening = button(desk, "show", brief.order, text="Open Order")
    buttons = kept(*acting, opening)
    return Card(
        title=f"Return {brief.number} · {view.customer_name} · {_status(brief)}",
        sections=tuple(section for section in _sections(view, desk) if section.lines),
        fields=_fields(view, desk),
        actions=buttons[:3],
        more=buttons[3:],
        subject=f"return:{brief.id}",
        tone=_tone(brief),
    )


def _acting(view: ReturnView, verb: str, is_first: bool, desk: Desk) -> Action | None:
    if verb == "approve" and view.brief.status == "rejected":
        after_all = button(desk, verb, view.brief.number, text="Approve After All")
        return replace(after_all, form=True) if after_all else None
    return button(desk, verb, view.brief.number, style="primary" if is_first else "plain")


def _status(brief: ReturnBrief) -> str:
    partly = brief.status == "received" and brief.expected
    return "partly received" if partly else state(brief.status)


def _tone(brief: ReturnBrief) -> Tone:
    tones: dict[str, Tone] = {"requested": "warn", "refunded": "good", "rejected": "quiet"}
    return tones.get(brief.status, "plain")


def _fields(view: ReturnView, desk: Desk) -> tuple[Field, ...]:
    brief = view.brief
    by = f" by {view.requested_by}" if view.requested_by else ""
    found = [
        Field("Order", brief.order),
        Field("Asked", f"{ago(brief.requested_at, desk.now)}{by}"),
        Field("Reason", reason(brief.reason)),
    ]
    if view.wish != "refund":
        found.append(Field("Wants", state(view.wish)))
    if view.expires_at is not None and view.send_by_at is not None:
        told = stamp(view.send_by_at, desk).rpartition(" ")[0]  # customers read the day alone
        ends = stamp(view.expires_at, desk)
        found.append(Field("Expected by", f"{ends} (to be sent by {told})"))
    if view.decided_by:
        found.append(Field("Decided by", view.decided_by))
    if view.label is not None:
        found.append(Field("Label", _label(view.label, desk)))
    elif view.comes_back_as:
        found.append(Field("Comes back as", view.comes_back_as))
    if brief.expected:
        found.append(Field("Still expected", count(brief.expected, "unit")))
    return tuple(found)


def _label(label: LabelBrief, desk: Desk) -> str:
    """What became of the one that was bought last."""
    if label.state == "asked":
        return "being made"
    if label.state == "failed":
        return f"not made: {label.reason}"
    cost = money(label.cost, label.currency, desk)
    ends = {"voiding": ", being given back", "void": ", given back", "spent": ", not given back"}
    return f"{label.carrier} {label.tracking_number}, {cost}{ends.get(label.state, '')}"


def _sections(view: ReturnView, desk: Desk) -> Iterable[Section]:
    yield Section(tuple(_next(view)))
    yield Section(tuple(_line(line) for line in view.lines), "Goods")
    yield Section(tuple(_place(each) for each in view.places), "Where it is")
    yield Section(tuple(dict.fromkeys(x.terms for x in view.lines if x.terms)), "Terms")
    yield Section((view.decision,) if view.decision else (), "Decision")
    told = view.why if view.why and view.why != view.decision else ""
    yield Section((told,) if told else (), "The rules say")
    yield Section(view.photos, "Photos")
    yield Section(
        (f"“{view.note}”",) if view.note else (),
        "The customer writes" if view.requested_by == "customer" else "Note",
    )
    yield Section(tuple(_refund(each, desk) for each in view.refunds), "Money")


def _next(view: ReturnView) -> Iterable[str]:
    step = _STEPS.get(view.brief.status)
    if any(place.disposition == "quarantine" for place in view.places):
        yield "Next: Look at what is in quarantine, then move it on."
    elif view.brief.status == "received" and view.brief.expected:
        yield "Next: The rest is still expected; count it in when it comes."
    elif step and view.closed_at is None:
        yield f"Next: {step}"


def _line(line: ReturnLineView) -> str:
    steps = (
        (line.received, "received"),
        (line.restocked, "back on the shelf"),
        (line.missing, "missing"),
        (line.kept, "refunded and kept"),
        (line.declined, "declined"),
    )
    parts = [f"{number} {word}" for number, word in steps if number]
    parts += [line.condition] if line.condition else []
    return " · ".join((f"{line.quantity} × {line.title or line.sku}", *parts))


def _place(place: ReturnPlace) -> str:
    photos = count(len(place.photos), "photo") if place.photos else ""
    told = (f"{place.units} × {place.sku}", lies(place.disposition), place.location)
    return " · ".join(part for part in (*told, place.condition, photos) if part)


def _refund(refund: RefundView, desk: Desk) -> str:
    amount = money(refund.amount, refund.currency, desk)
    reference = f" ({refund.reference})" if refund.reference else ""
    if refund.settled_at is not None:
        return f"{amount} {state(refund.state)} {ago(refund.settled_at, desk.now)}{reference}"
    return f"{amount} {state(refund.state)} since {ago(refund.due_at, desk.now)}{reference}"


def return_page(page: ReturnPage, asked: ListReturns, desk: Desk) -> Page:
    opening = [
        button(desk, "show-return", r.number, text=f"Open {r.number}") for r in page.returns[:5]
    ]
    if page.after:
        opening.append(more_button(asked, page.after, desk))
    return Page(
        title=f"Returns: {len(page.returns)}{' and more' if page.after else ''}",
        lines=tuple(_brief(each, desk) for each in page.returns),
        actions=kept(*opening),
        empty="No return is open.",
    )


def _brief(brief: ReturnBrief, desk: Desk) -> str:
    age = ago(brief.requested_at, desk.now)
    units = count(brief.units, "unit")
    parts = (brief.number, f"order {brief.order}", units, reason(brief.reason), _status(brief))
    return sentence(" · ".join((*parts, age)))
