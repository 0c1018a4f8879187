"""Whether money needs a second person, by what was let go without one: of the order, of the day."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from core.db.reading import Reader
from core.db.refunds import Refund, given_alone_since, parts_of
from core.db.turns import wait_for_turn
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right, Role
from core.domain.approving import Alone, Limits, needs_second
from core.domain.order import Order


def needs_approval(
    within: UnitOfWork | Reader,
    order: Order,
    known: Sequence[Refund],
    amount: int,
    *,
    by_word: bool = False,
    edited: bool = False,
) -> bool:
    """With `by_word` somebody asks for just this money, and support has a limit of its own; else
    it follows from something else. What the house decides was approved with its policy, but for
    an order that was `edited`: nobody has looked at what that costs."""
    if within.actor.role is Role.SYSTEM and not (by_word or edited):
        return False
    limits = _limits(within, by_word)
    return needs_second(amount, _alone(within, order, known, limits), limits)


def _limits(within: UnitOfWork | Reader, by_word: bool) -> Limits:
    policy = within.shop.policy
    is_support = by_word and not within.actor.may(Right.REFUND)
    is_person = within.actor.role is not Role.SYSTEM
    return Limits(
        int(policy["refund_approve_above"]),
        int(policy["refund_person_day_above"]) if is_person else 0,
        int(policy["refund_support_up_to"]) if is_support else None,
    )


def _alone(
    within: UnitOfWork | Reader, order: Order, known: Sequence[Refund], limits: Limits
) -> Alone:
    waiting = {p.refund_id for p in parts_of(within.session, order.id) if p.state == "planned"}
    gone = [r for r in known if _was_alone(r) and r.id not in waiting]
    me = within.actor.id
    today = _today(within, order.currency) if limits.person_day else 0
    return Alone(sum(r.amount for r in gone), sum(r.amount for r in known if _is_own(r, me)), today)


def _was_alone(refund: Refund) -> bool:
    """Asked for by somebody, or owed by an edit, and let go by nobody else."""
    by_house = not refund.asked_by or refund.asked_by.startswith("system:")
    counts = refund.change_id is not None or not by_house
    return counts and not refund.approved_by and refund.state != "canceled"


def _is_own(refund: Refund, me: str) -> bool:
    return refund.asked_by == me and refund.state != "canceled"


def _today(within: UnitOfWork | Reader, currency: str) -> int:
    """Since midnight where the shop is, in this currency."""
    midnight = within.now.astimezone(ZoneInfo(within.shop.time_zone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    shop, me = within.shop.id, within.actor.id
    if isinstance(within, UnitOfWork):
        wait_for_turn(within.session, f"{shop}/refunds/{me}")
    return given_alone_since(within.session, shop, me, currency, midnight)
