"""Store credit: added and taken by people, issued for refunds, spent on orders, gone by its day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from core.commands.asking_money import paid_in
from core.commands.credit_approving import ask_for_approval
from core.commands.credit_ends import end_of_credit
from core.commands.handout import AT_ONCE, CREDIT
from core.commands.payouts import pay
from core.commands.refunds import left_to_pay
from core.db.credit import (
    Account,
    entries_of,
    find_account,
    given_by_hand,
    lock_account,
    open_account,
    overdue_accounts,
    post,
)
from core.db.refunds import Refund, RefundPart
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.credit import CreditKind, email_in, holder_of, overdue, require_covered
from core.domain.money import amount_text, read_typed
from core.domain.order import Change, Order
from core.domain.payments import Payment
from core.domain.refusals import Invalid, NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command

CHUNK = 100
GIVEN_WITHIN = timedelta(days=30)
AMOUNT_MAX = 10**9


@dataclass(frozen=True, slots=True)
class _Credit:
    """Whose, how much and why; customers are named by e-mail or by one of their orders."""

    who: Annotated[str, Arg.WORD]
    amount: Annotated[str, Arg.WORD]
    reason: Annotated[str, Arg.TEXT]
    currency: Annotated[str, Arg.NONE] = ""

    def audited(self) -> dict[str, str]:
        return {"amount": self.amount, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class AddCredit(_Credit):
    """Give a customer store credit; they are named by e-mail or by one of their orders."""


@command(
    "credit add",
    AddCredit,
    Right.REFUND,
    examples=("credit add anna@example.org 5.00 sorry for the wait", "credit add 1001 5.00 sorry"),
)
def add(ask: AddCredit, uow: UnitOfWork) -> Done:
    email, currency, amount = _read(uow, ask.who, ask.currency, ask.amount)
    account, reason = open_account(uow, email, currency), _reason(ask.reason)
    if _is_above_limit(uow, account, amount):
        order = None if email_in(ask.who) else uow.orders.get(ask.who)
        return ask_for_approval(uow, account, amount, reason, ask.who, order)
    post(uow, account, CreditKind.ISSUED, amount, reason, expires_at=end_of_credit(uow))
    uow.undo = TakeCredit(ask.who, ask.amount, "taken back", currency)
    return _done(uow, account, f"{amount_text(amount, currency)} of credit is added.")


def _is_above_limit(uow: UnitOfWork, account: Account, amount: int) -> bool:
    """Sums count, or a large gift would only have to be cut into small ones."""
    most = int(uow.shop.policy["credit_alone_up_to"])
    before = given_by_hand(uow, account, uow.now - GIVEN_WITHIN)
    return bool(most) and before + amount > most


@dataclass(frozen=True, slots=True)
class TakeCredit(_Credit):
    """Take store credit from a customer, with the reason; never more than there is."""


@command(
    "credit take",
    TakeCredit,
    Right.REFUND,
    risk=Risk.IRREVERSIBLE,
    examples=("credit take anna@example.org 5.00 given twice",),
)
def take(ask: TakeCredit, uow: UnitOfWork) -> Done:
    email, currency, amount = _read(uow, ask.who, ask.currency, ask.amount)
    account = _current(uow, email, currency)
    require_covered(amount, account.balance if account else 0, currency)
    if account is None:
        raise AssertionError("nothing covers an amount")
    post(uow, account, CreditKind.CORRECTED, -amount, _reason(ask.reason))
    return _done(uow, account, f"{amount_text(amount, currency)} of credit is taken.")


def _read(uow: UnitOfWork, who: str, currency: str, amount: str) -> tuple[str, str, int]:
    """(e-mail, currency, minor units) of what was typed."""
    said = email_in(who)
    order = None if said else uow.orders.get(who)
    email = said if order is None else holder_of(order)
    money = (currency or (order.currency if order else uow.shop.currency)).upper()
    minor = read_typed(amount, money)
    if not 0 < minor <= AMOUNT_MAX:
        raise Invalid("An amount of credit is more than nothing.", "Write it like 5.00.")
    if len(email) > 254:
        raise Invalid("An e-mail address has 254 characters at most.")
    return email, money, minor


def _reason(words: str) -> str:
    reason = words.strip()
    if not reason or len(reason) > 500:
        raise Invalid("Credit needs a reason of 500 characters at most.")
    return reason


def _done(uow: UnitOfWork, account: Account, sentence: str) -> Done:
    left = lock_account(uow, account.id).balance
    text = amount_text(left, account.currency)
    return Done(
        f"{sentence} The balance is {text}.", {"balance": left, "currency": account.currency}
    )


# --- for refunds and orders ----------------------------------------------------------------------


def issue(uow: UnitOfWork, order: Order, amount: int, reason: str, refund_id: int | None) -> int:
    """A customer gets credit instead of money; returns the id of the entry."""
    account = open_account(uow, holder_of(order), order.currency)
    return post(
        uow,
        account,
        CreditKind.ISSUED,
        amount,
        reason,
        order_id=order.id,
        refund_id=refund_id,
        expires_at=end_of_credit(uow),
    )


def spend(uow: UnitOfWork, order: Order, amount: int, reason: str, holder: str = "") -> int:
    """Credit of the order's customer leaves for the order; returns the id of the entry.

    Raises NotPossible (over_credit) when less is left.
    """
    account = _current(uow, holder or holder_of(order), order.currency)
    require_covered(amount, account.balance if account else 0, order.currency)
    if account is None:
        raise AssertionError("nothing covers an amount")
    return post(uow, account, CreditKind.SPENT, -amount, reason, order_id=order.id)


def left_for(uow: UnitOfWork, order: Order) -> int:
    """What the order's customer could spend on it."""
    account = _current(uow, holder_of(order), order.currency)
    return account.balance if account else 0


@dataclass(frozen=True, slots=True)
class UseCredit:
    """Pay what an order still costs, or an amount of it, with its customer's store credit."""

    order: Annotated[str, Arg.ORDER]
    amount: Annotated[str, Arg.WORD] = ""


@command(
    "credit use",
    UseCredit,
    Right.REFUND,
    risk=Risk.IRREVERSIBLE,
    aliases=("use credit",),
    examples=("credit use 1001", "credit use 1001 5.00"),
)
def use(ask: UseCredit, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    open_ = left_to_pay(uow, order)
    if not open_:
        raise NotPossible(f"Order {order.number} has nothing left to pay.")
    amount = min(open_, left_for(uow, order))
    if ask.amount:
        amount = read_typed(ask.amount, order.currency)
    if amount > open_:
        raise NotPossible(
            f"Order {order.number} costs only {amount_text(open_, order.currency)} more.",
            f"Use that much: `credit use {order.number}`.",
            code="bad_amount",
        )
    entry = spend(uow, order, amount, f"paid order {order.number}")
    pay_with_credit(uow, order, amount, f"credit:{entry}")
    paid = uow.orders.save(
        Change(
            replace(order, captured=order.captured + amount),
            (e.OrderPaid(amount, order.currency),),
        )
    )
    paid_in(uow, paid, amount, "store credit")
    text, left = (amount_text(x, order.currency) for x in (amount, open_ - amount))
    return Done(
        f"{text} of credit pay order {order.number}; {left} are left to pay.",
        {"order": order.number, "amount": amount},
    )


def pay_with_credit(uow: UnitOfWork, order: Order, amount: int, external_id: str) -> Payment:
    """The payment that spent credit is: a refund of it becomes credit again."""
    payment = Payment(
        uow.new_id(),
        authorized=amount,
        captured=amount,
        gateway=CREDIT,
        external_id=external_id,
    )
    return uow.payments.add(order.id, order.currency, payment)


# --- by its day ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExpireCredit:
    """Let store credit end whose time has passed."""


@command("expire-credit", ExpireCredit, Right.MACHINERY, in_chat=False)
def expire(_: ExpireCredit, uow: UnitOfWork) -> Done:
    ids = overdue_accounts(uow)
    ended = [account_id for account_id in ids if _expire(uow, account_id)]
    return Done(f"Credit of {len(ended)} customers has expired.", {"expired": len(ended)})


def _expire(uow: UnitOfWork, account_id: int) -> int:
    """What was taken from this account because its time has passed."""
    account = lock_account(uow, account_id)
    entries = [told.entry for told in entries_of(uow.session, account.id)]
    gone = overdue(entries, uow.now)
    if gone:
        post(uow, account, CreditKind.EXPIRED, -gone, "its time has passed")
    return gone


def _current(uow: UnitOfWork, email: str, currency: str) -> Account | None:
    """The account with only what still counts now, whenever the clock looked last."""
    account = find_account(uow, email, currency)
    if account is None or not _expire(uow, account.id):
        return account
    return lock_account(uow, account.id)


# --- refunds that are paid out as credit ---------------------------------------------------------


def pay_as_credit(uow: UnitOfWork, order: Order, refund: Refund, part: RefundPart) -> None:
    """Credit is paid out where it is decided: no gateway has to be asked."""
    why = f"return {uow.returns.by_id(refund.rma_id).number}" if refund.rma_id else refund.note
    entry_id = issue(uow, order, part.amount, why or f"order {order.number}", refund.id)
    pay(uow, uow.refunds.get(refund.id), part, "store credit", f"credit:{entry_id}")


AT_ONCE[CREDIT] = pay_as_credit
