"""Chargebacks of the shop: those that a bank has still to decide first, then how others ended."""

from __future__ import annotations

from core.db.disputes import list_disputes
from core.db.orders import numbers_of
from core.db.reading import Reader
from core.domain.access import Right
from core.domain.disputes import Dispute
from core.domain.values import dataclass
from core.registry import question

MOST = 30


@dataclass(frozen=True, slots=True)
class DisputeBrief:
    """`order` is empty as long as nobody here knows the payment."""

    order: str
    dispute: Dispute


@dataclass(frozen=True, slots=True)
class DisputeList:
    """`more`: there are older ones that are not told."""

    disputes: tuple[DisputeBrief, ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class ListChargebacks:
    """List what customers' banks ask back or ask about: the open ones by their last day for
    evidence, then those that ended, newest first."""


@question(
    "chargebacks",
    ListChargebacks,
    Right.VIEW,
    aliases=("disputes", "chargeback"),
    examples=("chargebacks",),
)
def chargebacks(_: ListChargebacks, reader: Reader) -> DisputeList:
    found = list_disputes(reader, MOST + 1)
    about = {each.order_id for each in found if each.order_id is not None}
    numbers = numbers_of(reader.session, about)
    told = (DisputeBrief(numbers.get(each.order_id or 0, ""), each) for each in found[:MOST])
    return DisputeList(tuple(told), len(found) > MOST)
