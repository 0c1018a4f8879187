"""Every published code has its row, and a parcel's state depends on event time alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.refusals import Invalid
from core.domain.tracking import (
    REASONS,
    UNKNOWN,
    ParcelState,
    ParcelStatus,
    Reading,
    TrackingEvent,
    event,
    fold,
)
from core.domain.tracking_codes import SOURCES, read

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

PUBLISHED = {
    "17track": """
        NotFound_Other NotFound_InvalidCode InfoReceived InTransit_PickedUp InTransit_Other
        InTransit_Departure InTransit_Arrival InTransit_CustomsProcessing
        InTransit_CustomsReleased InTransit_CustomsRequiringInformation Expired_Other
        AvailableForPickup_Other OutForDelivery_Other DeliveryFailure_Other
        DeliveryFailure_NoBody DeliveryFailure_Security DeliveryFailure_Rejected
        DeliveryFailure_InvalidAddress Delivered_Other Exception_Other Exception_Returning
        Exception_Returned Exception_NoBody Exception_Security Exception_Damage
        Exception_Rejected Exception_Delayed Exception_Lost Exception_Destroyed
        Exception_Cancel
    """,
    "aftership": """
        Pending>NotFound_Other InfoReceived>InfoReceived InTransit>InTransit_Other
        OutForDelivery>OutForDelivery_Other AttemptFail>DeliveryFailure_Other
        Delivered>Delivered_Other AvailableForPickup>AvailableForPickup_Other
        Exception>Exception_Other Expired>Expired_Other
        Pending_001>NotFound_Other Pending_002>NotFound_Other Pending_003>NotFound_Other
        Pending_004>NotFound_Other Pending_005>NotFound_Other Pending_006>NotFound_Other
        InfoReceived_001>InfoReceived InTransit_001>InTransit_Other
        InTransit_002>InTransit_PickedUp InTransit_003>InTransit_Other
        InTransit_004>InTransit_Arrival InTransit_005>InTransit_CustomsReleased
        InTransit_006>InTransit_CustomsProcessing InTransit_007>InTransit_Other
        InTransit_008>InTransit_Other InTransit_009>InTransit_Other
        OutForDelivery_001>OutForDelivery_Other OutForDelivery_003>OutForDelivery_Other
        OutForDelivery_004>OutForDelivery_Other AttemptFail_001>DeliveryFailure_Other
        AttemptFail_002>DeliveryFailure_NoBody AttemptFail_003>DeliveryFailure_NoBody
        AvailableForPickup_001>AvailableForPickup_Other Delivered_001>Delivered_Other
        Delivered_002>Delivered_Other Delivered_003>Delivered_Other
        Delivered_004>Delivered_Other Delivered_005>Delivered_Other
        Exception_001>Exception_Other Exception_002>DeliveryFailure_InvalidAddress
        Exception_003>Exception_Rejected Exception_004>Exception_Delayed
        Exception_005>Exception_Delayed Exception_006>Exception_Other
        Exception_007>DeliveryFailure_InvalidAddress Exception_008>Exception_NoBody
        Exception_009>Exception_Other Exception_010>Exception_Returning
        Exception_011>Exception_Returned Exception_012>Exception_Damage
        Exception_013>Exception_Lost Exception_016>Exception_Delayed
        Exception_017>Exception_Delayed
        Exception_018>InTransit_CustomsRequiringInformation Exception_019>Exception_Delayed
        Exception_020>Exception_Cancel Exception_021>Exception_Destroyed
        Expired_001>Expired_Other
    """,
    "trackingmore": """
        pending>NotFound_Other notfound>NotFound_Other transit>InTransit_Other
        pickup>OutForDelivery_Other delivered>Delivered_Other
        undelivered>DeliveryFailure_Other exception>Exception_Other expired>Expired_Other
        notfound001>InfoReceived notfound002>NotFound_Other transit001>InTransit_Other
        transit002>InTransit_Other transit003>InTransit_Other transit004>InTransit_Arrival
        transit005>InTransit_CustomsReleased delivered001>Delivered_Other
        delivered002>Delivered_Other delivered003>Delivered_Other
        delivered004>Delivered_Other exception004>Exception_NoBody
        exception005>Exception_Other exception006>Exception_Security
        exception007>Exception_Damage exception008>Exception_Cancel
        exception009>Exception_Rejected exception010>Exception_Returned
        exception011>Exception_Returning
    """,
    "karrio": """
        pending>InfoReceived on_hold>Exception_Other cancelled>Exception_Cancel
        delivered>Delivered_Other picked_up>InTransit_PickedUp in_transit>InTransit_Other
        delivery_delayed>Exception_Delayed out_for_delivery>OutForDelivery_Other
        ready_for_pickup>AvailableForPickup_Other delivery_failed>DeliveryFailure_Other
        return_to_sender>Exception_Returning unknown>InTransit_Other
    """,
    "shopify": """
        LABEL_PURCHASED>InfoReceived LABEL_PRINTED>InfoReceived CONFIRMED>InfoReceived
        CARRIER_PICKED_UP>InTransit_PickedUp IN_TRANSIT>InTransit_Other
        DELAYED>Exception_Delayed OUT_FOR_DELIVERY>OutForDelivery_Other
        ATTEMPTED_DELIVERY>DeliveryFailure_Other READY_FOR_PICKUP>AvailableForPickup_Other
        DELIVERED>Delivered_Other FAILURE>Exception_Other
    """,
}
ROWS = [
    (source, *(row.split(">") if ">" in row else (row, row)))
    for source, rows in PUBLISHED.items()
    for row in rows.split()
]

readings = st.sampled_from(
    [Reading(status, reason) for status, reasons in REASONS.items() for reason in reasons]
    + [UNKNOWN]
)
events = st.builds(
    event,
    readings,
    st.integers(0, 8).map(lambda hours: NOON + timedelta(hours=hours)),
    st.sampled_from(["a", "b"]),
)


def at(hours: int, code: str) -> TrackingEvent:
    return event(read("17track", code), NOON + timedelta(hours=hours), code)


@pytest.mark.parametrize(("source", "code", "means"), ROWS)
def test_a_published_code_means(source: str, code: str, means: str) -> None:
    reading = read(source, code)
    assert f"{reading.status}_{reading.reason}".rstrip("_") == means
    assert reading.known is (code != "unknown")


@pytest.mark.parametrize("source", SOURCES)
def test_no_row_of_a_table_is_untested(source: str) -> None:
    tested = {code for found, code, _ in ROWS if found == source}
    mains = {status.value for status in ParcelStatus} if source == "17track" else set()
    assert set(SOURCES[source]) == tested | mains


def test_the_nine_statuses_have_thirty_reasons() -> None:
    assert len(ParcelStatus) == 9
    assert sum(map(len, REASONS.values())) == 30
    assert all(read("17track", status).status is status for status in ParcelStatus)


@pytest.mark.parametrize(
    ("source", "code"), [("17track", "Teleported"), ("ups", "IN_TRANSIT"), ("shopify", "")]
)
def test_an_unknown_code_is_kept_as_moving_and_flagged(source: str, code: str) -> None:
    found = event(read(source, code), NOON, code)
    assert (found.status, found.reason, found.known) == (ParcelStatus.IN_TRANSIT, "Other", False)
    assert found.raw_code == code
    assert not found.is_scan


@pytest.mark.parametrize(
    ("source", "code", "status"),
    [
        ("aftership", "Exception_099", ParcelStatus.EXCEPTION),
        ("17track", "Delivered_ByDrone", ParcelStatus.DELIVERED),
        ("trackingmore", "transit009", ParcelStatus.IN_TRANSIT),
        ("trackingmore", "not found001", ParcelStatus.INFO_RECEIVED),
        ("shopify", "delivered", ParcelStatus.DELIVERED),
    ],
)
def test_a_new_sub_code_or_another_spelling_keeps_its_status(
    source: str, code: str, status: ParcelStatus
) -> None:
    assert read(source, code).status is status
    assert read(source, code).known


def test_a_reason_of_another_status_is_refused() -> None:
    with pytest.raises(Invalid):
        Reading(ParcelStatus.DELIVERED, "Lost")


def test_a_parcel_nobody_spoke_of_is_not_found() -> None:
    assert fold([]) == ParcelState()


@given(st.lists(events, max_size=10), st.data())
def test_arrival_order_and_repetition_change_nothing(
    heard: list[TrackingEvent], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(heard), max_size=5)) if heard else []
    assert fold(data.draw(st.permutations(heard + again))) == fold(heard)


@given(st.lists(events, max_size=10))
def test_scan_times_are_those_of_scans_only(heard: list[TrackingEvent]) -> None:
    scans, state = [found.at for found in heard if found.is_scan], fold(heard)
    assert state.first_scan_at == min(scans, default=None)
    assert state.last_scan_at == max(scans, default=None)
    assert (state.delivered_at is None) == (state.status is not ParcelStatus.DELIVERED)


def test_a_label_is_no_scan() -> None:
    state = fold([at(0, "InfoReceived")])
    assert (state.status, state.first_scan_at) == (ParcelStatus.INFO_RECEIVED, None)


@pytest.mark.parametrize(
    ("code", "scan"),
    [
        ("InTransit_PickedUp", True),
        ("DeliveryFailure_NoBody", True),
        ("Exception_Returning", True),
        ("InfoReceived", False),
        ("NotFound_Other", False),
        ("Expired_Other", False),
        ("Exception_Cancel", False),
    ],
)
def test_only_a_parcel_in_hand_is_a_scan(code: str, scan: bool) -> None:
    assert at(0, code).is_scan is scan


def test_the_latest_scan_in_event_time_is_shown() -> None:
    state = fold(
        [at(5, "OutForDelivery_Other"), at(9, "DeliveryFailure_NoBody"), at(1, "InTransit")]
    )
    assert (state.status, state.reason) == (ParcelStatus.DELIVERY_FAILURE, "NoBody")
    assert state.last_scan_at == NOON + timedelta(hours=9)
    assert not state.contradictions


def test_a_late_announcement_does_not_take_back_a_scan() -> None:
    state = fold([at(1, "InTransit_PickedUp"), at(2, "InfoReceived"), at(3, "NotFound_Other")])
    assert (state.status, state.reason) == (ParcelStatus.IN_TRANSIT, "PickedUp")


def test_an_unknown_word_does_not_hide_what_is_known() -> None:
    state = fold([at(1, "OutForDelivery_Other"), at(2, "Teleported")])
    assert state.status is ParcelStatus.OUT_FOR_DELIVERY
    assert fold([at(1, "InfoReceived"), at(2, "Teleported")]).status is ParcelStatus.IN_TRANSIT


def test_silence_after_scans_is_expired_until_the_next_scan() -> None:
    silent = [at(1, "InTransit"), at(2, "Expired_Other")]
    assert fold(silent).status is ParcelStatus.EXPIRED
    assert fold([*silent, at(3, "OutForDelivery")]).status is ParcelStatus.OUT_FOR_DELIVERY


def test_a_delivery_stands_over_a_later_scan_and_the_scan_is_listed() -> None:
    late = at(3, "InTransit_Arrival")
    state = fold([late, at(2, "Delivered")])
    assert (state.status, state.delivered_at) == (
        ParcelStatus.DELIVERED,
        NOON + timedelta(hours=2),
    )
    assert state.contradictions == (late,)
    assert state.last_scan_at == late.at


def test_a_scan_of_the_same_instant_does_not_contradict_the_delivery() -> None:
    state = fold([at(2, "Delivered"), at(2, "OutForDelivery"), at(2, "InTransit")])
    assert state.status is ParcelStatus.DELIVERED
    assert not state.contradictions


@pytest.mark.parametrize("code", ["Returning", "Returned", "Rejected", "Damage", "Lost"])
def test_a_delivery_is_undone_by_what_comes_after_it(code: str) -> None:
    state = fold([at(2, "Delivered"), at(3, f"Exception_{code}")])
    assert (state.status, state.reason, state.delivered_at) == (
        ParcelStatus.EXCEPTION,
        code,
        None,
    )


@pytest.mark.parametrize(("hours", "code"), [(1, "Returning"), (2, "Returning"), (3, "Delayed")])
def test_a_delivery_is_not_undone_by_the_past_or_by_a_delay(hours: int, code: str) -> None:
    before = at(hours, f"Exception_{code}")
    state = fold([at(2, "Delivered"), before, at(2, "InTransit")])
    assert (state.status is ParcelStatus.DELIVERED) == (hours >= 2)


def test_a_parcel_on_its_way_back_stays_so() -> None:
    back = [at(1, "Exception_Returning"), at(2, "InTransit"), at(3, "Exception_Returned")]
    assert fold(back[:2]).reason == "Returning"
    assert fold(back).reason == "Returned"
    home = at(4, "Delivered")
    assert fold([*back, home]).contradictions == (home,)


def test_the_first_of_two_deliveries_is_the_time_of_delivery() -> None:
    state = fold([at(4, "Delivered"), at(2, "Delivered")])
    assert state.delivered_at == NOON + timedelta(hours=2)
    assert not state.contradictions
