"""Holds on a card: who decides until when, and what the hold came to at every box."""

from __future__ import annotations

from collections.abc import Iterable

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Page, Section
from bot.presentation.words import ago, count, sentence, state, until, when
from core.domain.blocking import NOBODY, Next
from core.domain.holds import WAITS, Answer, HoldReason
from core.queries.holds import BlockedOrder, BlockedPage, BoxAnswer, HoldView

# Roles that a step went to when its time was over.
_DONE = {
    "print": "printed",
    "pick": "picked",
    "pack": "packed",
    "label": "labeled",
    "hand-over": "handed over",
}
_ROLES = {"support": "support", "lead": "a lead", "owner": "the owner"}


def hold_sections(holds: Iterable[HoldView], desk: Desk) -> Iterable[Section]:
    for hold in holds:
        if hold.reason in WAITS:
            yield Section((_wait(hold, desk),))
            continue
        lines = (_hold(hold, desk), *(_box(each, hold, desk) for each in hold.answers))
        yield Section(lines, tone="bad")


def _wait(hold: HoldView, desk: Desk) -> str:
    """Nobody stopped it: it waits for company, or for its day, and for how long."""
    if hold.reason == HoldReason.STREET_DATE:
        return f"{hold.what} waits{until(hold.until, desk)}: it is not sold before."
    note = f", {hold.note}" if hold.note else ""
    return f"Waits{until(hold.until, desk)} to ship in one parcel{note}."


def _hold(hold: HoldView, desk: Desk) -> str:
    what = f" ({hold.what})" if hold.what else ""
    said = f" “{hold.note}”" if hold.note else ""
    since = ago(hold.at, desk.now)
    ends = until(hold.until, desk)
    decides = "" if hold.until else f" {_decider(hold)} decides{until(hold.due_at, desk)}."
    return f"On hold{what}: {state(hold.reason)}, by {hold.by} {since}{ends}.{said}{decides}"


def _decider(hold: HoldView) -> str:
    if hold.owner.value != "us":
        return sentence(hold.owner.value)
    return "The desk" if hold.by in NOBODY else hold.by


def _box(each: BoxAnswer, hold: HoldView, desk: Desk) -> str:
    name = f"{each.box} at {each.location}"
    if each.answer is Answer.TOO_LATE:
        return f"{name}: too late, it has left. Recall it, start a return, or write the customer."
    rest = f" {_closed(each.closed)}"
    if each.answer is Answer.ASKED:
        return f"{name}: asked, nobody there has pressed Got it yet.{rest}"
    who = f" {each.by} got it {when(each.at, desk)}." if each.at else ""
    if hold.what not in ("", each.box):
        return f"{name}: {hold.what} stays, whatever else is in it goes.{who}"
    return f"{name}: stopped.{who}{rest}"


def _closed(exits: Iterable[str]) -> str:
    """“It cannot be packed, labeled or handed over.”"""
    done = [_DONE[exit] for exit in exits if exit in _DONE]
    if not done:
        return "Nothing of it leaves."
    *first, last = done
    return f"It cannot be {', '.join(first)} or {last}." if first else f"It cannot be {last}."


def next_words(step: Next, desk: Desk) -> str:
    """“Ann — decide the fraud hold until today 15:00”, and who has it since that has passed."""
    who = "We" if step.party == "us" else sentence(step.party)
    what, stop = step.what.rstrip("."), ";" if step.what.endswith(".") else ""
    told = f"{who} — {what}{stop}{until(step.until, desk)}."
    return (
        f"{told} Now {_ROLES.get(step.escalated, step.escalated)} acts." if step.escalated else told
    )


def blocked_page(page: BlockedPage, desk: Desk) -> Page:
    opening = [button(desk, "show", o.number, text=f"Open {o.number}") for o in page.orders[:5]]
    hidden = page.total - len(page.orders)
    return Page(
        title=f"Blocked orders: {page.total}",
        lines=tuple(blocked_line(each, desk) for each in page.orders),
        actions=kept(*opening),
        empty="Nothing is blocked. Good.",
        note=f"{count(hidden, 'order')} more: `blocked ber` narrows the list." if hidden else "",
    )


def blocked_line(each: BlockedOrder, desk: Desk) -> str:
    """“OVERDUE · 1001 · Ann — decide the fraud hold, overdue since today 13:00.”"""
    late = "OVERDUE · " if each.next.escalated else ""
    return f"{late}{each.number} · {next_words(each.next, desk)}"
