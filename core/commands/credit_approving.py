"""Store credit above what one person gives alone: it waits as a case for a second one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from core.commands.cases import ResolveCase
from core.commands.credit_ends import end_of_credit
from core.db.cases import visible_case
from core.db.credit import Account, lock_account, post
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.cases import Case, CaseKind, Finding
from core.domain.credit import CreditKind
from core.domain.money import amount_text
from core.domain.order import Order
from core.domain.refusals import NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command


def ask_for_approval(
    uow: UnitOfWork, account: Account, amount: int, reason: str, who: str, order: Order | None
) -> Done:
    """Nothing is given yet: a lead or an owner decides. `amount` in minor units."""
    text = amount_text(amount, account.currency)
    finding = Finding(
        CaseKind.CREDIT_APPROVAL,
        f"credit:{account.id}:{uow.command_id}",
        f"{text} of store credit wait for approval: {reason}",
        order_id=order.id if order else None,
        facts={
            "who": who,
            "amount": amount,
            "currency": account.currency,
            "asked_by": uow.actor.name,
            "account": account.id,
            "by": uow.actor.id,
            "reason": reason,
        },
    )
    case = uow.cases.open(finding)
    uow.undo = ResolveCase(case.number, "taken back")
    return Done(
        f"{text} of credit wait for a second person; nothing is given yet.",
        {"case": case.number, "approved": False},
    )


@dataclass(frozen=True, slots=True)
class ApproveCredit:
    """Give the store credit that waits for a second person; `resolve` declines it."""

    case: Annotated[int, Arg.CASE]


@command(
    "approve credit",
    ApproveCredit,
    Right.REFUND,
    risk=Risk.IRREVERSIBLE,
    examples=("approve credit C-12",),
)
def approve_credit(ask: ApproveCredit, uow: UnitOfWork) -> Done:
    case = _waiting(uow, ask.case)
    told = case.facts
    text = amount_text(int(told["amount"]), str(told["currency"]))
    if told["by"] == uow.actor.id:
        raise NotPossible(
            f"{text} of credit needs the approval of a second person.",
            "Ask a lead or an owner.",
            code="own_credit",
        )
    account = lock_account(uow, int(told["account"]))
    both = f"{told['asked_by']}, approved by {uow.actor.name}"
    ends: datetime | None = end_of_credit(uow)
    given = CreditKind.ISSUED, int(told["amount"]), str(told["reason"])
    post(uow, account, *given, expires_at=ends, actor=both)
    uow.cases.close(case.kind, case.subject, f"approved by {uow.actor.name}")
    left = lock_account(uow, account.id).balance
    return Done(
        f"{text} of credit is added. The balance is {amount_text(left, account.currency)}.",
        {"balance": left, "currency": account.currency},
    )


def _waiting(uow: UnitOfWork, number: int) -> Case:
    """The case, locked, as it is once whoever was first has decided."""
    case = visible_case(uow, number)
    open_one = uow.cases.open_one(case.kind, case.subject)
    if case.kind is not CaseKind.CREDIT_APPROVAL or open_one is None:
        raise NotPossible(
            f"No credit waits for approval in case C-{number}.", f"`case {number}` shows it."
        )
    return open_one
