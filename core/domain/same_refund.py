"""Whether a refund that a gateway tells of is one that a person has recorded already."""

from __future__ import annotations

import re

from core.domain.values import dataclass

_BETWEEN = re.compile(r"[\s,;:#()]+")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A share of a refund that a person said was paid, of which its gateway has said nothing.

    `amount` in minor units; `unsure`: its gateway had been asked, and nobody knew what came of it;
    `by_hand`: no gateway was asked at all.
    """

    id: int
    amount: int
    payment: int | None
    key: str
    reference: str
    unsure: bool = False
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A refund as a gateway tells of it: its own id, and our key where it carries one."""

    external_id: str
    amount: int
    payment: int | None
    key: str = ""


def is_same(one: Recorded, told: Told) -> bool:
    """By the reference that the person wrote down, by our key, or by payment and amount; what
    became certain otherwise (a gateway had refused, so a person paid) is another payment."""
    if names(one.reference, told.external_id):
        return one.amount == told.amount
    if told.key:
        return one.unsure and one.key == told.key
    alike = (one.amount, one.payment) == (told.amount, told.payment)
    return alike and (one.unsure or one.by_hand)


def names(reference: str, external_id: str) -> bool:
    """Whether the words of a reference have the gateway's id among them."""
    return bool(external_id) and external_id in _BETWEEN.split(reference)
