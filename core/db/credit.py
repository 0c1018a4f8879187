"""Store credit: rows ↔ domain. A balance moves under a guard and never falls below zero."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.rows import micros, micros_or_none, moment, moment_or_none
from core.domain.credit import CreditKind, Entry, overdue, require_covered
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.reading import Reader
    from core.db.unit_of_work import UnitOfWork

_a, _e = t.credit_account.c, t.credit_entry.c
_FIND = Statement(
    sa.select(_a.id, _a.balance).where(
        _a.shop_id == sa.bindparam("shop"),
        _a.email == sa.bindparam("email"),
        _a.currency == sa.bindparam("currency"),
    )
)
_LOCK = Statement(
    sa.select(_a.id, _a.balance, _a.email, _a.currency)
    .where(_a.id == sa.bindparam("id"))
    .with_for_update()
)
_OF_EMAIL = Statement(
    sa.select(_a.id, _a.currency, _a.balance)
    .where(_a.shop_id == sa.bindparam("shop"), _a.email == sa.bindparam("email"))
    .order_by(_a.currency)
)
_MOVE = Statement(
    t.credit_account.update()
    .where(_a.id == sa.bindparam("row_id"), _a.balance + sa.bindparam("more") >= 0)
    .values(balance=_a.balance + sa.bindparam("more2"))
)
_ENTRIES = Statement(
    sa.select(
        _e.id, _e.kind, _e.amount, _e.at, _e.expires_at, _e.reason, _e.actor, t.orders.c.number
    )
    .outerjoin(t.orders, t.orders.c.id == _e.order_id)
    .where(_e.account_id == sa.bindparam("account"))
    .order_by(_e.id)
)
_BY_HAND = Statement(
    sa.select(sa.func.coalesce(sa.func.sum(_e.amount), 0)).where(
        _e.account_id == sa.bindparam("account"),
        _e.actor == sa.bindparam("actor"),
        _e.at >= sa.bindparam("since"),
        _e.refund_id.is_(None),
        sa.or_(_e.kind == "issued", _e.kind == "corrected"),
    )
)
_DUE = Statement(
    sa.select(_e.account_id)
    .distinct()
    .join(t.credit_account, _a.id == _e.account_id)
    .where(_e.shop_id == sa.bindparam("shop"), _e.expires_at <= sa.bindparam("now"), _a.balance > 0)
    .order_by(_e.account_id)
)


@dataclass(frozen=True, slots=True)
class Account:
    id: int
    email: str
    currency: str
    balance: int


@dataclass(frozen=True, slots=True)
class ToldEntry:
    """An entry with its reason, who made it and the order that it belongs to ("": none)."""

    id: int
    entry: Entry
    reason: str
    actor: str
    order: str


def accounts_of(session: Session, shop_id: int, email: str) -> list[Account]:
    rows = session.rows(_OF_EMAIL, shop=shop_id, email=email)
    return [Account(row[0], email, row[1], row[2]) for row in rows]


def entries_of(session: Session, account_id: int) -> list[ToldEntry]:
    """All entries of an account in their order."""
    return [
        ToldEntry(
            row_id,
            Entry(CreditKind(kind), amount, moment(at), moment_or_none(ends)),
            reason,
            actor,
            number or "",
        )
        for row_id, kind, amount, at, ends, reason, actor, number in session.rows(
            _ENTRIES, account=account_id
        )
    ]


def spendable(within: UnitOfWork | Reader, email: str) -> list[tuple[str, int]]:
    """(currency, minor units) that this e-mail may still spend, without what has expired."""
    found = []
    for account in accounts_of(within.session, within.actor.shop_id, email):
        entries = [told.entry for told in entries_of(within.session, account.id)]
        found.append((account.currency, account.balance - overdue(entries, within.now)))
    return [each for each in found if each[1]]


def find_account(uow: UnitOfWork, email: str, currency: str) -> Account | None:
    """The account as it stands; it stays locked, so that its entries can be counted."""
    row = uow.session.row(_FIND, shop=uow.shop.id, email=email, currency=currency)
    return None if row is None else lock_account(uow, row[0])


def lock_account(uow: UnitOfWork, account_id: int) -> Account:
    row = uow.session.row(_LOCK, id=account_id)
    if row is None:
        raise AssertionError("accounts are never deleted")
    return Account(row[0], row[2], row[3], row[1])


def open_account(uow: UnitOfWork, email: str, currency: str) -> Account:
    """The account of this e-mail; a new one begins with nothing."""
    known = find_account(uow, email, currency)
    if known is not None:
        return known
    new = Account(uow.new_id(), email, currency, 0)
    row = {"id": new.id, "shop_id": uow.shop.id, "email": email, "currency": currency}
    uow.insert_now(t.credit_account, {**row, "balance": 0})
    return new


def given_by_hand(uow: UnitOfWork, account: Account, since: datetime) -> int:
    """What whoever asks has given to this account since then, less what they took back."""
    told = {"account": account.id, "actor": uow.actor.name, "since": micros(since)}
    row = uow.session.row(_BY_HAND, **told)
    return max(0, int(row[0])) if row else 0


def overdue_accounts(uow: UnitOfWork) -> list[int]:
    """Accounts with a balance of which an amount may have expired."""
    return [row[0] for row in uow.session.rows(_DUE, shop=uow.shop.id, now=micros(uow.now))]


def post(
    uow: UnitOfWork,
    account: Account,
    kind: CreditKind,
    amount: int,
    reason: str,
    *,
    order_id: int | None = None,
    refund_id: int | None = None,
    expires_at: datetime | None = None,
    actor: str = "",
) -> int:
    """Move the balance and write why, and who (without `actor`, whoever asks); returns the id of
    the entry.

    `amount` is minor units, below zero when credit leaves. Raises NotPossible (over_credit)
    when more would leave than there is.
    """
    if uow.session.run(_MOVE, row_id=account.id, more=amount, more2=amount) != 1:
        require_covered(-amount, lock_account(uow, account.id).balance, account.currency)
    entry_id = uow.new_id()
    uow.insert(
        t.credit_entry,
        {
            "id": entry_id,
            "shop_id": uow.shop.id,
            "account_id": account.id,
            "kind": kind.value,
            "amount": amount,
            "reason": reason,
            "order_id": order_id,
            "refund_id": refund_id,
            "actor": actor or uow.actor.name,
            "at": micros(uow.now),
            "expires_at": micros_or_none(expires_at),
        },
    )
    return entry_id


# --- what must always be true --------------------------------------------------------------------

SENTENCES = {
    "a store credit is the sum of its entries": (
        "I-60",
        """select a.email, a.currency from credit_account a left join (
            select account_id, sum(amount) as amount from credit_entry group by account_id
        ) e on e.account_id = a.id where a.balance <> coalesce(e.amount, 0)""",
    ),
    "credit belongs to the shop and the currency of what it is for": (
        "I-60b",
        """select e.id from credit_entry e join credit_account a on a.id = e.account_id
        left join orders o on o.id = e.order_id
        where e.shop_id <> a.shop_id or o.shop_id <> a.shop_id or o.currency <> a.currency""",
    ),
}
