"""17TRACK's pushes are checked byte by byte, and their odd corners read without a guess."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from bot.sandbox.carrier import Carrier, sign, track_data
from core.commands.deliveries import IgnoreDelivery
from core.commands.tracking import RecordTracking
from core.domain.tracking import ParcelStatus
from core.engine import Unreadable
from core.integrations.carriers import seventeen

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = "carrier-key"


def push(*events: dict, **info) -> bytes:
    """A push as 17TRACK sends it, with only what we read."""
    provider = {"provider": {"name": "DHL Paket", "alias": "DHL"}, "events": list(events)}
    told = {"tracking": {"providers": [provider]}, **info}
    data = {"number": "JD014600", "carrier": 7041, "track_info": told}
    return json.dumps({"event": "TRACKING_UPDATED", "data": data}).encode()


def read(raw: bytes) -> RecordTracking:
    found = seventeen.translate(21, raw)
    assert isinstance(found, RecordTracking), found
    return found


def test_the_signature_covers_every_byte():
    raw = push()
    assert seventeen.is_genuine(raw, sign(raw, KEY), KEY)
    assert seventeen.is_genuine(raw, sign(raw, KEY).upper(), KEY)
    assert not seventeen.is_genuine(raw + b" ", sign(raw, KEY), KEY)
    assert not seventeen.is_genuine(raw, sign(raw, "another"), KEY)


@pytest.mark.parametrize("given", ["", "no hex at all", "ünicode"])
def test_a_missing_or_silly_signature_is_no_signature(given):
    assert not seventeen.is_genuine(push(), given, KEY)


def test_an_empty_key_lets_nobody_in():
    raw = push()
    assert not seventeen.is_genuine(raw, sign(raw, ""), "")


def test_the_stand_ins_push_is_understood():
    carrier = Carrier(lambda: NOON)
    parcel = carrier.parcel("jd014600")
    carrier.scan("JD014600", "InTransit_Arrival", "Leipzig")
    raw = json.dumps({"event": "TRACKING_UPDATED", "data": track_data(parcel)}).encode()
    found = read(raw)
    (said,) = found.events
    assert (found.tracking_number, found.carrier) == ("JD014600", "DHL")
    assert (said.status, said.reason, said.at) == (ParcelStatus.IN_TRANSIT, "Arrival", NOON)
    assert (said.place, said.raw_code) == ("Leipzig", "InTransit_Arrival")


def test_a_fresh_label_without_events_is_no_mistake():
    assert read(push()).events == ()
    nobody = json.dumps(
        {
            "event": "TRACKING_UPDATED",
            "data": {"number": "1", "track_info": {"tracking": {"providers": None}}},
        }
    )
    assert read(nobody.encode()).events == ()


@pytest.mark.parametrize(
    "time",
    [
        {"time_utc": "2026-11-23T12:00:00Z"},
        {"time_iso": "2026-11-23T13:00:00+01:00"},
        {"time_raw": {"date": "2026-11-23", "time": "13:00:00", "timezone": "+01:00"}},
        {"time_raw": "2026-11-23T12:00:00"},
        {"time_utc": None, "time_iso": "", "time_raw": {"date": "2026-11-23", "time": "12:00:00"}},
    ],
)
def test_a_time_is_read_in_whatever_shape_it_comes(time):
    (said,) = read(push({"sub_status": "InTransit_Other", **time})).events
    assert said.at == NOON


def test_an_event_without_any_time_is_left_out():
    raw = push({"sub_status": "Delivered_Other", "time_raw": {"date": None}})
    assert read(raw).events == ()


def test_a_milestone_stands_in_for_a_missing_sub_status():
    raw = push({"stage": "PickedUp", "time_utc": "2026-11-23T12:00:00Z"})
    (said,) = read(raw).events
    assert (said.status, said.reason, said.is_scan) == (ParcelStatus.IN_TRANSIT, "PickedUp", True)


def test_a_new_code_is_kept_and_counts_as_no_scan():
    raw = push({"sub_status": "Teleported_Now", "time_utc": "2026-11-23T12:00:00Z"})
    (said,) = read(raw).events
    assert (said.raw_code, said.known, said.is_scan) == ("Teleported_Now", False, False)


def test_the_estimate_is_the_last_day_that_the_carrier_names():
    estimate = {"source": "Official", "from": "2026-11-24", "to": "2026-11-26T20:00:00+01:00"}
    raw = push(time_metrics={"estimated_delivery_date": estimate})
    assert read(raw).expected == date(2026, 11, 26)


def test_another_event_than_news_is_kept_without_effect():
    raw = json.dumps({"event": "TRACKING_STOPPED", "data": {"number": "1"}}).encode()
    assert seventeen.translate(21, raw) == IgnoreDelivery(21, "TRACKING_STOPPED")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'"text"',
        b"{}",
        b'{"event": "TRACKING_UPDATED"}',
        b'{"event": "TRACKING_UPDATED", "data": {"number": "1", "track_info": null}}',
        push({"sub_status": "InTransit", "time_utc": "yesterday"}),
        push({"sub_status": ["InTransit"], "time_utc": "2026-11-23T12:00:00Z"}),
    ],
)
def test_what_makes_no_sense_is_kept_as_unreadable(raw):
    assert isinstance(seventeen.translate(21, raw), Unreadable)


def test_equal_bytes_are_one_delivery():
    assert seventeen.delivery_id(push()) == seventeen.delivery_id(push())
    assert seventeen.delivery_id(push()) != seventeen.delivery_id(push({"stage": "PickedUp"}))
