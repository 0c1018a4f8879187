"""Labels that are bought: which of the rates that a carrier offers, and what a parcel weighs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from core.domain.returning.rules import Payer, Terms
from core.domain.values import dataclass

GRAMS_UNKNOWN = 500  # what a unit weighs of which nobody has said it
GRAMS_BOX = 100


class LabelState(StrEnum):
    """`asked` until the carrier has answered; `voiding` until it gives the money back; `spent`:
    it does not. A `failed` one was never bought."""

    ASKED = "asked"
    BOUGHT = "bought"
    FAILED = "failed"
    VOIDING = "voiding"
    VOID = "void"
    SPENT = "spent"


PAID = (LabelState.BOUGHT, LabelState.VOIDING, LabelState.SPENT)


@dataclass(frozen=True, slots=True)
class Rate:
    """One offer; `cost` in minor units of `currency`."""

    id: str
    carrier: str
    service: str
    cost: int
    currency: str


def best_rate(rates: Iterable[Rate], currency: str, wanted: Sequence[str] = ()) -> Rate | None:
    """The cheapest in the shop's currency, of the carriers that are wanted (all, when none is
    named); of equal ones the first by name. None: nobody carries it."""
    names = {word.strip().casefold() for word in wanted if word.strip()}
    able = [
        rate
        for rate in rates
        if rate.currency == currency
        and (not names or {rate.carrier.casefold(), rate.service.casefold()} & names)
    ]
    return min(
        able, key=lambda rate: (rate.cost, rate.carrier, rate.service, rate.id), default=None
    )


def grams_of(units: Mapping[str, int], weights: Mapping[str, int]) -> int:
    """What goods weigh with their box; `weights` are grams of one unit by SKU."""
    goods = sum(n * (weights.get(sku) or GRAMS_UNKNOWN) for sku, n in units.items())
    return goods + GRAMS_BOX


def offers_label(terms: Iterable[Terms]) -> bool:
    """Whether the shop makes the label: it pays for it, or takes its cost off the refund. A
    customer who pays for the way back and is asked nothing for it finds their own."""
    return any(each.label is Payer.SHOP or each.label_cost > 0 for each in terms)
