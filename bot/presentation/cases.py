"""Cases: one exception with who acts and until when; a storm as one card; lists."""

from __future__ import annotations

from collections.abc import Iterable

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.claims import claim_buttons
from bot.presentation.holds import blocked_line
from bot.presentation.model import Action, Card, Field, Page, Section, Tone
from bot.presentation.money import MONEY_CASES, money_buttons
from bot.presentation.returns import RETURN_CASES, return_buttons
from bot.presentation.routing import plan_buttons, plan_fields
from bot.presentation.words import count, money, sentence, stamp, state, until
from core.domain.access import Right
from core.queries.cases import CasePage, CaseView

MEMBERS_SHOWN = 10
_HIDDEN = {
    "order",
    "plans",
    "number",
    "kind",
    "members",
    "currency",
    "inbox_id",
    "talk",
    "found",
    "delivery",
    "parcel_id",
}
_HIDDEN |= {
    "edit",
    "actions",
    "by",
    "name",
    "conversation",
    "case",
    "account",
    "wish",
    "count",
    "surface",
    "language",
    "known",
    "orders",
    "plans",
}
_WINDOWS = {"web": "the web chat", "telegram": "Telegram"}
_LANGUAGES = {"en": "English", "de": "German"}


def case_card(view: CaseView, desk: Desk) -> Card:
    shown, more = _buttons(view, desk)
    return Card(
        title=f"Case {view.number}: {view.title}",
        sections=tuple(section for section in _sections(view, desk) if section.lines),
        fields=_fields(view, desk),
        actions=shown,
        more=more,
        subject=f"case:{view.id}",
        note=f"Opened {stamp(view.opened_at, desk)}.",
        tone=_tone(view),
    )


def _tone(view: CaseView) -> Tone:
    if view.state == "resolved":
        return "good"
    return "bad" if view.overdue else "warn"


def _fields(view: CaseView, desk: Desk) -> tuple[Field, ...]:
    found = [
        Field("What", sentence(state(_about(view)))),
        Field("State", _state(view, desk)),
    ]
    if view.state not in ("resolved", "snoozed"):
        found.append(_acts(view, desk))
    if view.order:
        found.append(Field("Order", view.order))
    if view.location:
        found.append(Field("Location", view.location))
    found += plan_fields(view.facts, desk)
    return tuple(found)


def _about(view: CaseView) -> str:
    """A storm is about what its cases are about."""
    return str(view.facts.get("kind", "many at once")) if view.kind == "storm" else view.kind


def _state(view: CaseView, desk: Desk) -> str:
    if view.state == "resolved" and view.resolved_at is not None:
        return f"resolved {stamp(view.resolved_at, desk)}"
    if view.state == "snoozed" and view.snoozed_until is not None:
        whose = f", then {view.assignee}'s" if view.assignee else ""
        return f"asleep until {stamp(view.snoozed_until, desk)}{whose}"
    return f"taken by {view.assignee}" if view.assignee else "nobody has it yet"


def _acts(view: CaseView, desk: Desk) -> Field:
    word: str
    tone: Tone
    party = view.assignee or {"us": "we", "location": "the location"}.get(view.party, view.party)
    if view.due_at is None:
        return Field("Acts next", sentence(party))
    word, tone = (", overdue since", "bad") if view.overdue else (" until", "plain")
    return Field("Acts next", f"{sentence(party)}{word} {stamp(view.due_at, desk)}", tone)


def _sections(view: CaseView, desk: Desk) -> Iterable[Section]:
    if view.resolution:
        yield Section((sentence(view.resolution),), tone="good")
    yield Section((*_who_writes(view), *_facts(view, desk)))
    yield from _members(view)


def _members(view: CaseView) -> Iterable[Section]:
    """What a storm is about: an order once, however many of its cases there are."""
    once = {member.order or member.number: member for member in reversed(view.members)}
    members = [f"Case {m.number}: {m.title}" for m in reversed(once.values())]
    members = members or [str(each) for each in view.facts.get("members", ())]
    hidden = len(members) - MEMBERS_SHOWN
    rest = [f"… and {hidden} more"] if hidden > 0 else []
    yield Section((*members[:MEMBERS_SHOWN], *rest), "All of these")
    if first := _orders_of(view):
        yield Section((f"Write a number, such as `{first[0]}`, to open the order.",), tone="quiet")


def _orders_of(view: CaseView) -> list[str]:
    return list(dict.fromkeys(member.order for member in view.members if member.order))


def _who_writes(view: CaseView) -> Iterable[str]:
    """Who asks for a person: where, in which language, and whether we know them."""
    if view.kind != "customer_chat" or "surface" not in view.facts:
        return
    told = view.facts
    language = str(told.get("language", ""))
    who = str(told.get("name", "")) or ("A known customer" if told.get("known") else "Somebody")
    window = _WINDOWS.get(str(told["surface"]), str(told["surface"]))
    spoken = f", in {_LANGUAGES.get(language, language)}" if language else ""
    yield f"{sentence(who)} writes in {window}{spoken}."
    if not told.get("known"):
        yield "They have not shown who they are yet."
    elif told.get("orders"):
        yield f"Their last orders: {', '.join(map(str, told['orders']))}."


def _facts(view: CaseView, desk: Desk) -> Iterable[str]:
    for name, value in view.facts.items():
        if name in _HIDDEN or value in (None, "", [], {}):
            continue
        if name == "return" and value == view.order:  # money of an order without a return
            continue
        if name == "amount":
            currency = str(view.facts.get("currency", desk.currency))
            yield f"Amount: {money(int(value), currency, desk)}"
        elif name in ("words", "text"):
            yield f"The customer: “{value}”"
        elif isinstance(value, dict):
            yield f"{sentence(state(name))}: " + ", ".join(f"{n} × {k}" for k, n in value.items())
        elif isinstance(value, list | tuple):
            yield f"{sentence(state(name))}: " + ", ".join(map(str, value))
        else:
            yield f"{sentence(state(name))}: {value}"


def _buttons(view: CaseView, desk: Desk) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    """What the case is about first, then what can be done with any case."""
    own = kept(*_own(view, desk)) if view.state != "resolved" else ()
    usual = kept(*(button(desk, verb, view.number) for verb in view.actions))
    opening = kept(*_opening(view, desk))
    found = (*own, *usual, *opening)
    shown = (*own[:2], *usual[: 3 - len(own[:2])]) if usual else (*own, *opening)[:3]
    rest = tuple(each for each in found if each not in shown)
    return shown, rest[:5]


def _opening(view: CaseView, desk: Desk) -> Iterable[Action | None]:
    if view.order:
        yield button(desk, "show", view.order, text="Open Order")
    for number in _orders_of(view)[:4]:
        yield button(desk, "show", number, text=f"Open {number}")


def _own(view: CaseView, desk: Desk) -> Iterable[Action | None]:
    if view.kind == "edit_after_print":
        return _answers(view, desk)
    if view.kind == "pickup_not_collected":
        verbs = ("return to shelf", "new code")
        return (button(desk, verb, view.order) for verb in verbs)
    return _of_kind(view, desk)


def _of_kind(view: CaseView, desk: Desk) -> Iterable[Action | None]:
    back = str(view.facts.get("return", ""))
    if view.kind in RETURN_CASES:
        return (*return_buttons(view.kind, back, view.number, desk), _photos(view, desk))
    if view.kind in MONEY_CASES:
        return money_buttons(view.kind, back, view.order, desk)
    if view.kind == "credit_approval":
        who = {"who": str(view.facts.get("who", ""))}
        return (button(desk, "approve credit", view.number), button(desk, "credit", more=who))
    if view.kind == "claim_decision" and "claim" in view.facts:
        number, wish = str(view.facts["claim"]), str(view.facts.get("wish", ""))
        return (*claim_buttons(number, wish, desk), _photos(view, desk))
    if view.kind == "claim_arrived" and view.facts.get("replacement"):
        return (button(desk, "cancel", str(view.facts["replacement"]), text="Cancel Replacement"),)
    return _of_an_order(view, desk)


def _photos(view: CaseView, desk: Desk) -> Action | None:
    """What was sent with it, to look at before deciding."""
    if not view.facts.get("photos") or not view.order:
        return None
    return button(desk, "photos", view.order, text="Look at Photos")


def _of_an_order(view: CaseView, desk: Desk) -> Iterable[Action | None]:
    if view.kind == "customer_chat" and desk.actor.may(Right.TALK):
        yield button(desk, "reply", view.number, text="Reply to Customer", style="primary")
        yield button(desk, "handback", view.number, text="Hand Back to Bot")
    elif view.kind == "customer_wish" and view.facts.get("wish") == "cancel":
        yield button(desk, "cancel", view.order, style="danger")
    elif view.kind == "screening" and view.order:
        yield button(desk, "release", view.order, style="primary")
        yield button(desk, "ask", view.order)
        yield button(desk, "cancel", view.order, style="danger")
    elif view.kind == "routing_choice":
        yield from plan_buttons(view.order, view.facts, desk)
    elif view.kind == "hold_asked":
        box = str(view.facts.get("box", "")) or view.order
        yield button(desk, "got it", box, text="Got it", style="primary")
    elif view.kind == "overdue" and view.order:
        yield button(desk, "release", view.order)
    elif view.kind in ("unknown_sku", "short") and view.order:
        yield button(desk, "retry", view.order, style="primary")


def _answers(view: CaseView, desk: Desk) -> Iterable[Action | None]:
    """The answers to an edit of what is on paper; with a label on it, accepting voids that too."""
    if not {"edit", "actions"} & set(view.facts):
        return
    take, text = (
        ("void", "Accept and Void Label") if view.facts.get("labels") else ("accept", "Accept Edit")
    )
    yield button(desk, "settle", view.number, text=text, style="primary", more={"answer": take})
    yield button(desk, "settle", view.number, text="Keep Ours", more={"answer": "keep"})


def case_page(page: CasePage, desk: Desk, title: str = "Open cases") -> Page:
    opening = [button(desk, "case", c.number, text=f"Open Case {c.number}") for c in page.cases[:5]]
    hidden = page.total - len(page.cases)
    return Page(
        title=f"{title}: {page.total}",
        lines=(
            *(_brief(view, desk) for view in page.cases),
            *(f"Order {blocked_line(each, desk)}" for each in page.blocked),
        ),
        actions=kept(*opening),
        empty="Nothing waits for you. Good."
        if title.startswith("Your")
        else "Nothing waits for a person. Good.",
        note=f"{count(hidden, 'case')} more: `cases ber` narrows the list." if hidden > 0 else "",
    )


def _brief(view: CaseView, desk: Desk) -> str:
    who = view.assignee or {"us": "nobody yet"}.get(view.party, view.party)
    if view.state == "snoozed":
        return f"Case {view.number} · {view.title} · {_state(view, desk)}"
    late = "OVERDUE · " if view.overdue else ""
    return f"{late}Case {view.number} · {view.title} · {who}{until(view.due_at, desk)}"
