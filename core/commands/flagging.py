"""Flags of a return or a claim: the facts, what they raise, and what the shop does about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from core.db.claims import history_of
from core.db.reading import Reader
from core.db.unit_of_work import UnitOfWork
from core.domain.order import Order
from core.domain.photos import require_few_per_line
from core.domain.refusals import Invalid
from core.domain.returning.flags import Limits, Outcome, Raised, flag_outcomes, outcome_of, raised

YEAR = timedelta(days=365)
_SHA256 = re.compile(r"[0-9a-f]{64}")


def flags_of(
    within: UnitOfWork | Reader, order: Order, photos: Sequence[str]
) -> tuple[tuple[Raised, ...], Outcome]:
    """Every flag with its explanation, and the strictest thing that follows."""
    policy = within.shop.policy
    history = history_of(within, order.id, order.customer_id, photos, within.now - YEAR)
    limits = Limits(
        units=int(policy["flag_returns_from"]),
        percent=int(policy["flag_returns_percent"]),
        claims=int(policy["flag_claims"]),
    )
    found = raised(history, limits)
    return found, outcome_of(found, flag_outcomes(str(policy["return_flags"])))


def clean_photos(photos: Sequence[str], lines: int) -> tuple[str, ...]:
    """Photos are named by their SHA-256; five for each line. Raises Invalid."""
    require_few_per_line(len(photos), lines)
    names = tuple(dict.fromkeys(photo.strip().lower() for photo in photos))
    if any(_SHA256.fullmatch(name) is None for name in names):
        raise Invalid("A photo is named by its SHA-256.", "Send 64 hexadecimal digits.")
    return names
