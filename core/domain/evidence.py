"""What a bank looks for when its customer says they never ordered, or never got it: what is there,
and what is missing."""

from __future__ import annotations

from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much is known of an order. `one_address`: billed and sent to the same door."""

    paid: bool
    parcels: int
    tracked: int
    delivered: int
    scans: int
    messages: int
    words: int
    one_address: bool


def gaps(evidence: Evidence) -> tuple[str, ...]:
    """What would weaken the answer, in sentences for staff."""
    found = (
        (not evidence.paid, "No payment is on the books."),
        (not evidence.parcels, "Nothing has left the house."),
        (evidence.tracked < evidence.parcels, "A parcel has no tracking number."),
        (
            bool(evidence.parcels) and evidence.delivered < evidence.parcels,
            "A parcel is not known to be delivered.",
        ),
        (
            bool(evidence.tracked) and not evidence.scans,
            "No carrier scan was kept: ask the carrier for its proof of delivery.",
        ),
        (not evidence.one_address, "It was billed to one address and sent to another."),
        (not evidence.messages, "No message to the customer is on record."),
    )
    return tuple(sentence for is_missing, sentence in found if is_missing)
