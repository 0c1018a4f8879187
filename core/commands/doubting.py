"""Requests that are refused, or put before a person in a case that explains why."""

from __future__ import annotations

from collections.abc import Sequence

from core.db.shelf import find_product
from core.db.unit_of_work import UnitOfWork
from core.domain.cases import CaseKind, Finding
from core.domain.order import Order
from core.domain.refusals import NotPossible
from core.domain.returning.doubts import Wanted, doubts
from core.domain.returning.flags import Flag, Outcome, Raised, flag_outcomes, outcome_of
from core.registry import Done


def doubt_about_goods(uow: UnitOfWork, order: Order, wanted: Wanted) -> Done | None:
    """For goods that cannot be the order's; None: there is no doubt, or the refusal stands."""
    named = list(wanted)
    known = {word: find_product(uow.session, uow.shop.id, word) for word, _ in named}
    catalog = {word: product.sku for word, product in known.items() if product is not None}
    return _case_of(uow, order, doubts(order, named, catalog))


def doubt_about_money(uow: UnitOfWork, order: Order, refused: NotPossible) -> Done | None:
    """For more money than was paid; None: the refusal stands."""
    if refused.code != "over_refund":
        return None
    return _case_of(uow, order, (Raised(Flag.ABOVE_PAID, refused.sentence),))


def _case_of(uow: UnitOfWork, order: Order, found: Sequence[Raised]) -> Done | None:
    outcomes = flag_outcomes(str(uow.shop.policy["return_flags"]))
    if not found or outcome_of(found, outcomes) is not Outcome.REVIEW:
        return None
    words = " ".join(each.words for each in found)
    flags = "+".join(dict.fromkeys(each.flag.value for each in found))
    facts = {"order": order.number, "flags": words, "asked_by": uow.actor.name}
    subject, title = f"flagged:{order.id}:{flags}", f"Look at this: {words}"
    case = uow.cases.open(
        Finding(CaseKind.FLAGGED_REQUEST, subject, title[:300], order_id=order.id, facts=facts)
    )
    told = {"case": case.number, "order": order.number, "flags": flags}
    return Done(f"{words} Nothing is booked; a person looks at it: case {case.number}.", told)
