"""One vocabulary for parcels: what a carrier says becomes a status, and events fold to a state.

The nine statuses and their thirty reasons are those of 17TRACK, the finest that is published.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from core.domain.refusals import Invalid
from core.domain.values import dataclass


class ParcelStatus(StrEnum):
    NOT_FOUND = "NotFound"
    INFO_RECEIVED = "InfoReceived"
    IN_TRANSIT = "InTransit"
    EXPIRED = "Expired"
    AVAILABLE_FOR_PICKUP = "AvailableForPickup"
    OUT_FOR_DELIVERY = "OutForDelivery"
    DELIVERY_FAILURE = "DeliveryFailure"
    DELIVERED = "Delivered"
    EXCEPTION = "Exception"


REASONS: dict[ParcelStatus, tuple[str, ...]] = {
    ParcelStatus.NOT_FOUND: ("Other", "InvalidCode"),
    ParcelStatus.INFO_RECEIVED: ("",),
    ParcelStatus.IN_TRANSIT: (
        "Other",
        "PickedUp",
        "Departure",
        "Arrival",
        "CustomsProcessing",
        "CustomsReleased",
        "CustomsRequiringInformation",
    ),
    ParcelStatus.EXPIRED: ("Other",),
    ParcelStatus.AVAILABLE_FOR_PICKUP: ("Other",),
    ParcelStatus.OUT_FOR_DELIVERY: ("Other",),
    ParcelStatus.DELIVERY_FAILURE: ("Other", "NoBody", "Security", "Rejected", "InvalidAddress"),
    ParcelStatus.DELIVERED: ("Other",),
    ParcelStatus.EXCEPTION: (
        "Other",
        "Returning",
        "Returned",
        "NoBody",
        "Security",
        "Damage",
        "Rejected",
        "Delayed",
        "Lost",
        "Destroyed",
        "Cancel",
    ),
}
BEFORE_HANDOVER = frozenset({ParcelStatus.NOT_FOUND, ParcelStatus.INFO_RECEIVED})
GOING_BACK = frozenset({"Returning", "Returned"})
UNDOES_DELIVERY = GOING_BACK | {"Rejected", "Damage", "Lost", "Destroyed"}
# At one instant the earlier stage comes first, so that a delivery stands over its own last scan.
_STAGE = {
    status: stage
    for stage, status in enumerate(
        (
            ParcelStatus.NOT_FOUND,
            ParcelStatus.INFO_RECEIVED,
            ParcelStatus.EXPIRED,
            ParcelStatus.IN_TRANSIT,
            ParcelStatus.AVAILABLE_FOR_PICKUP,
            ParcelStatus.OUT_FOR_DELIVERY,
            ParcelStatus.DELIVERY_FAILURE,
            ParcelStatus.DELIVERED,
            ParcelStatus.EXCEPTION,
        )
    )
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a carrier's code means; `known` is False when we had to fall back."""

    status: ParcelStatus
    reason: str = "Other"
    known: bool = True

    def __post_init__(self) -> None:
        if self.reason not in REASONS[self.status]:
            raise Invalid(f"{self.status} has no reason {self.reason!r}.")


# An unknown word tells only that somebody spoke about the parcel. As an exception it would alarm
# people for a carrier's new code, as NotFound it would hide a moving parcel. It is no scan.
UNKNOWN = Reading(ParcelStatus.IN_TRANSIT, "Other", known=False)


@dataclass(frozen=True, slots=True)
class TrackingEvent:
    """One thing a carrier said, in our words, with its own code beside it."""

    status: ParcelStatus
    reason: str
    at: datetime
    place: str = ""
    text: str = ""
    raw_code: str = ""
    known: bool = True

    @property
    def is_scan(self) -> bool:
        """Whether somebody had the parcel in hand: an announcement or a silence is no scan."""
        silent = self.status in BEFORE_HANDOVER or self.status is ParcelStatus.EXPIRED
        canceled = self.status is ParcelStatus.EXCEPTION and self.reason == "Cancel"
        return self.known and not silent and not canceled


@dataclass(frozen=True, slots=True)
class ParcelState:
    """Where a parcel stands after all that was said; `contradictions` are for a person."""

    status: ParcelStatus = ParcelStatus.NOT_FOUND
    reason: str = "Other"
    last_scan_at: datetime | None = None
    first_scan_at: datetime | None = None
    delivered_at: datetime | None = None
    contradictions: tuple[TrackingEvent, ...] = ()


def event(
    reading: Reading, at: datetime, raw_code: str, place: str = "", text: str = ""
) -> TrackingEvent:
    return TrackingEvent(reading.status, reading.reason, at, place, text, raw_code, reading.known)


def fold(events: Iterable[TrackingEvent]) -> ParcelState:
    """The state after these events, whatever order they came in and however often.

    Only event time counts. A delivery stands until something later in event time undoes it
    (returning, lost, damaged, …); a parcel on its way back stays so. What says otherwise is
    listed as a contradiction and changes nothing.
    """
    ordered = sorted(set(events), key=_order)
    shown: TrackingEvent | None = None
    contradictions = []
    for latest in ordered:
        if shown is None or _follows(shown, latest):
            shown = latest
        elif _contradicts(shown, latest):
            contradictions.append(latest)
    return _state(ordered, shown, tuple(contradictions))


def _follows(shown: TrackingEvent, latest: TrackingEvent) -> bool:
    if shown.status is ParcelStatus.DELIVERED:
        return _undoes_delivery(latest) and latest.at > shown.at
    if _goes_back(shown):
        return _undoes_delivery(latest)
    if latest.status in BEFORE_HANDOVER:
        return shown.status in BEFORE_HANDOVER and _STAGE[latest.status] >= _STAGE[shown.status]
    return latest.known or not shown.is_scan


def _contradicts(shown: TrackingEvent, latest: TrackingEvent) -> bool:
    """A second delivery or an old announcement repeats; any other scan disagrees."""
    if shown.status is ParcelStatus.DELIVERED:
        return latest.is_scan and latest.status is not ParcelStatus.DELIVERED
    return _goes_back(shown) and latest.status is ParcelStatus.DELIVERED


def _undoes_delivery(found: TrackingEvent) -> bool:
    return found.status is ParcelStatus.EXCEPTION and found.reason in UNDOES_DELIVERY


def _goes_back(found: TrackingEvent) -> bool:
    return found.status is ParcelStatus.EXCEPTION and found.reason in GOING_BACK


def _state(
    ordered: list[TrackingEvent],
    shown: TrackingEvent | None,
    contradictions: tuple[TrackingEvent, ...],
) -> ParcelState:
    if shown is None:
        return ParcelState()
    scans = [found.at for found in ordered if found.is_scan]
    return ParcelState(
        status=shown.status,
        reason=shown.reason,
        last_scan_at=scans[-1] if scans else None,
        first_scan_at=scans[0] if scans else None,
        delivered_at=shown.at if shown.status is ParcelStatus.DELIVERED else None,
        contradictions=contradictions,
    )


def _order(found: TrackingEvent) -> tuple[datetime, int, str, str, str, str, bool]:
    return (
        found.at,
        _STAGE[found.status],
        found.reason,
        found.raw_code,
        found.place,
        found.text,
        found.known,
    )
