"""Store credit as people see it: what a customer has, and how it came and went."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from core.db.contacts import customer_by_id
from core.db.credit import Account, accounts_of, entries_of, spendable
from core.db.reading import Reader
from core.domain.access import Right
from core.domain.credit import email_in, holder_of, overdue
from core.domain.refusals import NotFound
from core.domain.values import dataclass
from core.registry import Arg, question

SHOWN = 20


@dataclass(frozen=True, slots=True)
class CreditEntryView:
    """Minor units, below zero when credit left; `order` is what it was for."""

    at: datetime
    kind: str
    amount: int
    reason: str
    actor: str
    order: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class BalanceView:
    currency: str
    balance: int
    entries: tuple[CreditEntryView, ...]


@dataclass(frozen=True, slots=True)
class CreditView:
    """A customer's store credit by currency; the newest entries first."""

    email: str
    balances: tuple[BalanceView, ...]


@dataclass(frozen=True, slots=True)
class ShowCredit:
    """Show a customer's store credit; they are named by e-mail or by one of their orders."""

    who: Annotated[str, Arg.WORD]


@question("credit", ShowCredit, Right.VIEW, examples=("credit anna@example.org", "credit 1001"))
def show_credit(ask: ShowCredit, reader: Reader) -> CreditView:
    email = email_in(ask.who) or holder_of(reader.orders.get(ask.who))
    found = accounts_of(reader.session, reader.shop.id, email) if email else []
    return CreditView(email, tuple(_balance(reader, account) for account in found))


def _balance(reader: Reader, account: Account) -> BalanceView:
    told = entries_of(reader.session, account.id)
    gone = overdue([each.entry for each in told], reader.now)
    newest = tuple(
        CreditEntryView(
            each.entry.at,
            each.entry.kind.value,
            each.entry.amount,
            each.reason,
            each.actor,
            each.order,
            each.entry.expires_at,
        )
        for each in reversed(told[-SHOWN:])
    )
    return BalanceView(account.currency, account.balance - gone, newest)


@dataclass(frozen=True, slots=True)
class OwnCredit:
    """What a customer may still spend, by currency: (currency, minor units)."""

    balances: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ShowOwnCredit:
    """Show one's own store credit."""


@question("own-credit", ShowOwnCredit, Right.OWN, in_chat=False)
def show_own(_: ShowOwnCredit, reader: Reader) -> OwnCredit:
    if reader.actor.customer_id is None:
        raise NotFound("I do not know you yet.", "Say the number of your order and your e-mail.")
    known = customer_by_id(reader.session, reader.shop.id, reader.actor.customer_id)
    email = known.email if known else ""
    return OwnCredit(tuple(spendable(reader, email)) if email else ())
