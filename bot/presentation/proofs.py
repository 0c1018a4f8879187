"""What can be shown to a bank about an order: what is there, what is missing, and the paper."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Card, Field, Section
from bot.presentation.words import count, money, state, when
from core.queries.proofs import ProofView, Sent


def proof_card(view: ProofView, desk: Desk) -> Card:
    scans = sum(len(parcel.scans) for parcel in view.parcels)
    kept_words = (
        count(len(view.parcels), "parcel"),
        count(scans, "carrier scan"),
        count(len(view.messages), "message"),
        f"{count(len(view.talk), 'line')} of conversation",
    )
    sections = (
        Section(tuple(_dispute(view, desk)), "Disputes", tone="bad"),
        Section(tuple(_parcel(each, desk) for each in view.parcels), "Parcels"),
        Section(view.gaps, "What is missing", tone="warn"),
    )
    return Card(
        f"Proof of order {view.order}: {', '.join(kept_words)}",
        tuple(section for section in sections if section.lines),
        (
            Field("Placed", when(view.placed_at, desk)),
            Field("Paid", money(view.captured, view.currency, desk)),
            *(
                (Field("Given back", money(view.refunded, view.currency, desk)),)
                if view.refunded
                else ()
            ),
            Field("Recorded steps", _chain(view), "bad" if view.chain.broken_at else "plain"),
        ),
        kept(
            button(desk, "show", view.order, text="Open Order"), button(desk, "money", view.order)
        ),
    )


def _dispute(view: ProofView, desk: Desk) -> list[str]:
    return [
        f"{money(each.amount, each.currency, desk)} · {state(each.state.value)}"
        + (f" · {state(each.reason)}" if each.reason else "")
        + (f" · evidence until {when(each.due_at, desk)}" if each.due_at else "")
        for each in view.disputes
    ]


def _parcel(parcel: Sent, desk: Desk) -> str:
    end = f"delivered {when(parcel.delivered_at, desk)}" if parcel.delivered_at else "on its way"
    return f"{parcel.carrier} {parcel.number or 'without a number'} · {end}"


def _chain(view: ProofView) -> str:
    broken = view.chain.broken_at
    return f"{view.chain.steps}, " + ("unbroken" if broken is None else f"broken at {broken}")
