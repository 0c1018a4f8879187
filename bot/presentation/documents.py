"""Invoices and credit notes as staff read them: one with its lines, and the list of the newest."""

from __future__ import annotations

from typing import Any

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept, more_button
from bot.presentation.model import Card, Field, Page, Section
from bot.presentation.words import day, money, sentence, state, when
from core.queries.documents import DocumentBrief, DocumentPage, DocumentView, ListCreditNotes

OPENED = 5


def document_card(view: DocumentView, desk: Desk) -> Card:
    brief = view.brief
    total = money(brief.total, brief.currency, desk)
    lines = tuple(_line(each, brief.currency, desk) for each in view.body["lines"])
    others = Section((f"Also of order {brief.order}: {', '.join(view.others)}.",))
    return Card(
        f"{_name(brief)} · order {brief.order} · {total}",
        tuple(s for s in (Section(lines, "Lines"), others if view.others else None) if s),
        _fields(view, desk),
        kept(
            button(desk, "show", brief.order),
            button(desk, "reverse invoice", more={"number": brief.number})
            if brief.kind == "invoice"
            else None,
        ),
    )


def _name(brief: DocumentBrief) -> str:
    return f"{sentence(state(brief.kind))} {brief.number}"


def _fields(view: DocumentView, desk: Desk) -> tuple[Field, ...]:
    brief = view.brief
    found = [Field("Issued", f"{when(brief.at, desk)} ({view.by})")]
    found += [
        Field(f"Tax {each['rate'] / 100:g}%", money(each["tax"], brief.currency, desk))
        for each in view.body["rates"]
        if each["tax"]
    ]
    found += [Field("Takes back", brief.corrects)] if brief.corrects else []
    found += [Field("Reason", brief.reason)] if brief.reason else []
    return tuple(found)


def _line(line: dict[str, Any], currency: str, desk: Desk) -> str:
    title = line["title"] or sentence(line["kind"])
    return f"{line['quantity']} × {title} · {money(line['total'], currency, desk)}"


_NO_CREDIT_NOTE = "There is none yet. One is made when money goes back for what has an invoice."


def documents_page(view: DocumentPage, asked: Any, desk: Desk) -> Page:
    opening = [
        button(desk, "document", more={"number": each.number}, text=f"Open {each.number}")
        for each in view.documents[:OPENED]
    ]
    if view.after:
        opening.append(more_button(asked, view.after, desk))
    credit_only = isinstance(asked, ListCreditNotes)
    return Page(
        f"{'Credit' if credit_only else 'Invoices and credit'} notes: {len(view.documents)}"
        f"{' and more' if view.after else ''}",
        tuple(_brief(each, desk) for each in view.documents),
        actions=kept(*opening),
        empty=_NO_CREDIT_NOTE if credit_only else "There is none yet. `invoice 1001` makes one.",
    )


def _brief(each: DocumentBrief, desk: Desk) -> str:
    corrects = f" for {each.corrects}" if each.corrects else ""
    total = money(each.total, each.currency, desk)
    return f"{each.number}{corrects} · order {each.order} · {total} · {day(each.at.date(), desk)}"
