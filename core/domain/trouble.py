"""When a parcel needs a person: its status and reason as one of a few troubles, with words."""

from __future__ import annotations

from core.domain.tracking import ParcelStatus

TROUBLES: dict[str, str] = {
    "returning": "is on its way back to us",
    "lost": "was lost or destroyed",
    "damaged": "was damaged",
    "refused": "was refused by its receiver",
    "customs": "lacks papers at customs",
    "address": "has an address that the carrier cannot find",
    "delayed": "is delayed",
    "absent": "found nobody to take it",
    "security": "was stopped for a security check",
    "canceled": "was canceled at the carrier",
    "other": "is in trouble at the carrier",
}
_BY_REASON = {
    "Returning": "returning",
    "Returned": "returning",
    "Lost": "lost",
    "Destroyed": "lost",
    "Damage": "damaged",
    "Rejected": "refused",
    "InvalidAddress": "address",
    "Delayed": "delayed",
    "NoBody": "absent",
    "Security": "security",
    "Cancel": "canceled",
}


def trouble_of(status: ParcelStatus, reason: str) -> str | None:
    """The name of the trouble that this status means, or None while all goes well."""
    if status in (ParcelStatus.EXCEPTION, ParcelStatus.DELIVERY_FAILURE):
        return _BY_REASON.get(reason, "other")
    return "customs" if reason == "CustomsRequiringInformation" else None
