"""What the codes of each tracking source mean in our words: one table per source."""

from __future__ import annotations

from collections.abc import Mapping

from core.domain.tracking import REASONS, UNKNOWN, ParcelStatus, Reading

_S = ParcelStatus
_TRANSIT = Reading(_S.IN_TRANSIT)
_PICKED_UP = Reading(_S.IN_TRANSIT, "PickedUp")
_ARRIVAL = Reading(_S.IN_TRANSIT, "Arrival")
_CUSTOMS = Reading(_S.IN_TRANSIT, "CustomsProcessing")
_CLEARED = Reading(_S.IN_TRANSIT, "CustomsReleased")
_PAPERS = Reading(_S.IN_TRANSIT, "CustomsRequiringInformation")
_ANNOUNCED = Reading(_S.INFO_RECEIVED, "")
_NOT_FOUND = Reading(_S.NOT_FOUND)
_EXPIRED = Reading(_S.EXPIRED)
_PICKUP = Reading(_S.AVAILABLE_FOR_PICKUP)
_ON_VAN = Reading(_S.OUT_FOR_DELIVERY)
_FAILED = Reading(_S.DELIVERY_FAILURE)
_NOBODY = Reading(_S.DELIVERY_FAILURE, "NoBody")
_BAD_ADDRESS = Reading(_S.DELIVERY_FAILURE, "InvalidAddress")
_DELIVERED = Reading(_S.DELIVERED)
_TROUBLE = Reading(_S.EXCEPTION)
_RETURNING = Reading(_S.EXCEPTION, "Returning")
_RETURNED = Reading(_S.EXCEPTION, "Returned")
_UNCLAIMED = Reading(_S.EXCEPTION, "NoBody")
_REJECTED = Reading(_S.EXCEPTION, "Rejected")
_DAMAGED = Reading(_S.EXCEPTION, "Damage")
_DELAYED = Reading(_S.EXCEPTION, "Delayed")
_LOST = Reading(_S.EXCEPTION, "Lost")
_DESTROYED = Reading(_S.EXCEPTION, "Destroyed")
_HELD = Reading(_S.EXCEPTION, "Security")
_CANCELED = Reading(_S.EXCEPTION, "Cancel")

SEVENTEEN_TRACK: dict[str, Reading] = {
    **{status.value: Reading(status, reasons[0]) for status, reasons in REASONS.items()},
    **{
        f"{status}_{reason}": Reading(status, reason)
        for status, reasons in REASONS.items()
        for reason in reasons
        if reason
    },
}
AFTERSHIP: dict[str, Reading] = {
    "Pending": _NOT_FOUND,
    "InfoReceived": _ANNOUNCED,
    "InTransit": _TRANSIT,
    "OutForDelivery": _ON_VAN,
    "AttemptFail": _FAILED,
    "Delivered": _DELIVERED,
    "AvailableForPickup": _PICKUP,
    "Exception": _TROUBLE,
    "Expired": _EXPIRED,
    **{f"Pending_00{n}": _NOT_FOUND for n in range(1, 7)},
    "InfoReceived_001": _ANNOUNCED,
    "InTransit_001": _TRANSIT,
    "InTransit_002": _PICKED_UP,
    "InTransit_003": _TRANSIT,
    "InTransit_004": _ARRIVAL,
    "InTransit_005": _CLEARED,
    "InTransit_006": _CUSTOMS,
    "InTransit_007": _TRANSIT,
    "InTransit_008": _TRANSIT,
    "InTransit_009": _TRANSIT,
    "OutForDelivery_001": _ON_VAN,
    "OutForDelivery_003": _ON_VAN,
    "OutForDelivery_004": _ON_VAN,
    "AttemptFail_001": _FAILED,
    "AttemptFail_002": _NOBODY,
    "AttemptFail_003": _NOBODY,
    "AvailableForPickup_001": _PICKUP,
    **{f"Delivered_00{n}": _DELIVERED for n in range(1, 6)},
    "Exception_001": _TROUBLE,
    "Exception_002": _BAD_ADDRESS,
    "Exception_003": _REJECTED,
    "Exception_004": _DELAYED,
    "Exception_005": _DELAYED,
    "Exception_006": _TROUBLE,
    "Exception_007": _BAD_ADDRESS,
    "Exception_008": _UNCLAIMED,
    "Exception_009": _TROUBLE,
    "Exception_010": _RETURNING,
    "Exception_011": _RETURNED,
    "Exception_012": _DAMAGED,
    "Exception_013": _LOST,
    "Exception_016": _DELAYED,
    "Exception_017": _DELAYED,
    "Exception_018": _PAPERS,
    "Exception_019": _DELAYED,
    "Exception_020": _CANCELED,
    "Exception_021": _DESTROYED,
    "Expired_001": _EXPIRED,
}
TRACKINGMORE: dict[str, Reading] = {
    "pending": _NOT_FOUND,
    "notfound": _NOT_FOUND,
    "transit": _TRANSIT,
    "pickup": _ON_VAN,
    "delivered": _DELIVERED,
    "undelivered": _FAILED,
    "exception": _TROUBLE,
    "expired": _EXPIRED,
    "notfound001": _ANNOUNCED,
    "notfound002": _NOT_FOUND,
    "transit001": _TRANSIT,
    "transit002": _TRANSIT,
    "transit003": _TRANSIT,
    "transit004": _ARRIVAL,
    "transit005": _CLEARED,
    **{f"delivered00{n}": _DELIVERED for n in range(1, 5)},
    "exception004": _UNCLAIMED,
    "exception005": _TROUBLE,
    "exception006": _HELD,
    "exception007": _DAMAGED,
    "exception008": _CANCELED,
    "exception009": _REJECTED,
    "exception010": _RETURNED,
    "exception011": _RETURNING,
}
KARRIO: dict[str, Reading] = {
    "pending": _ANNOUNCED,
    "unknown": UNKNOWN,
    "on_hold": _TROUBLE,
    "cancelled": _CANCELED,
    "delivered": _DELIVERED,
    "picked_up": _PICKED_UP,
    "in_transit": _TRANSIT,
    "delivery_delayed": _DELAYED,
    "out_for_delivery": _ON_VAN,
    "ready_for_pickup": _PICKUP,
    "delivery_failed": _FAILED,
    "return_to_sender": _RETURNING,
}
SHOPIFY: dict[str, Reading] = {
    "LABEL_PURCHASED": _ANNOUNCED,
    "LABEL_PRINTED": _ANNOUNCED,
    "CONFIRMED": _ANNOUNCED,
    "CARRIER_PICKED_UP": _PICKED_UP,
    "IN_TRANSIT": _TRANSIT,
    "DELAYED": _DELAYED,
    "OUT_FOR_DELIVERY": _ON_VAN,
    "ATTEMPTED_DELIVERY": _FAILED,
    "READY_FOR_PICKUP": _PICKUP,
    "DELIVERED": _DELIVERED,
    "FAILURE": _TROUBLE,
}
SOURCES: dict[str, Mapping[str, Reading]] = {
    "17track": SEVENTEEN_TRACK,
    "aftership": AFTERSHIP,
    "trackingmore": TRACKINGMORE,
    "karrio": KARRIO,
    "shopify": SHOPIFY,
}
_FOLDED = {
    source: {code.casefold(): reading for code, reading in table.items()}
    for source, table in SOURCES.items()
}


def read(source: str, code: str) -> Reading:
    """What `code` of `source` means.

    A new sub-code of a known status means that status; anything else is `UNKNOWN`. The caller
    keeps the raw code in either case.
    """
    table = _FOLDED.get(source, {})
    folded = code.strip().casefold().replace(" ", "")
    if folded in table:
        return table[folded]
    return table.get(folded.partition("_")[0].rstrip("0123456789"), UNKNOWN)
