"""Asking a customer about an order: what is unclear is written to them, and the order remembers."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from core.commands.screened import BY
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.asking import About, require_question
from core.domain.holds import Hold, Party
from core.domain.order import Change
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command


@dataclass(frozen=True, slots=True)
class AskCustomer:
    """Write to the customer and ask about the address, the contact, a second order or the order."""

    order: Annotated[str, Arg.ORDER]
    about: Annotated[About, Arg.CHOICE] = About.ADDRESS
    text: Annotated[str, Arg.TEXT] = ""

    def audited(self) -> dict[str, str]:
        return {
            "order": self.order,
            "about": self.about.value,
            "text": f"{len(self.text)} characters",
        }


@command(
    "ask",
    AskCustomer,
    Right.TALK,
    risk=Risk.IRREVERSIBLE,
    examples=("ask 1001 address", "ask 1001 order is it a gift?"),
)
def ask_customer(ask: AskCustomer, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    words = require_question(order, ask.about, ask.text)
    after = replace(order, holds=tuple(_theirs(hold) for hold in order.holds))
    uow.orders.save(Change(after, (e.CustomerAsked(ask.about.value, words),)))
    said = f"The customer of order {order.number} is asked about the {_NAMES[ask.about]}."
    return Done(said, {"order": order.number})


def _theirs(hold: Hold) -> Hold:
    """What the rules hold waits for the customer now."""
    return replace(hold, owner=Party.CUSTOMER) if hold.by == BY else hold


_NAMES = {
    About.ADDRESS: "address",
    About.CONTACT: "contact",
    About.TWICE: "second order",
    About.ORDER: "order",
}
