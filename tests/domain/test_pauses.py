"""Pauses as rules: what was typed, what is covered, and when work goes elsewhere."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.pauses import Option, Pause, Said, is_late, moves, read_target, stopped_until
from core.domain.refusals import Invalid

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CARRIERS = st.sampled_from(["", "DHL", "DPD"])
CODES = st.sampled_from(["", "BER", "HAM"])
COUNTRIES = st.sampled_from(["", "DE", "GB"])
PAUSES = st.builds(
    Pause,
    CARRIERS,
    CODES,
    COUNTRIES,
    st.integers(-5, 5).map(lambda hours: NOW + timedelta(hours=hours)),
)
DAYS = st.dates(date(2026, 11, 20), date(2026, 12, 5))
OPTIONS = st.none() | st.builds(Option, DAYS, st.integers(0, 2000))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("dhl", Said("dhl")),
        ("dhl to gb", Said("dhl", "", "GB")),
        ("DHL Paket nach UK", Said("DHL Paket", "", "GB")),
        ("dhl from ber to GB", Said("dhl", "ber", "GB")),
        ("ber -> gb", Said("ber", "", "GB")),
        ("location ber", Said("ber")),
        ("carrier dpd to at", Said("dpd", "", "AT")),
    ],
)
def test_a_target_is_read_as_it_is_typed(words: str, said: Said) -> None:
    assert read_target(words) == said


@pytest.mark.parametrize("words", ["", "1001", "#1001", "dhl to the moon", "dhl to G1"])
def test_what_is_no_target_is_refused(words: str) -> None:
    with pytest.raises(Invalid):
        read_target(words)


def test_words_read_back_as_the_same_target() -> None:
    for pause in (
        Pause("DHL", "", "", NOW),
        Pause("DHL", "BER", "GB", NOW),
        Pause("", "BER", "GB", NOW),
        Pause("", "BER", "", NOW),
    ):
        said = read_target(pause.words)
        assert (said.who, said.country) == (pause.carrier or pause.origin, pause.country)


@given(st.lists(PAUSES, max_size=6), CARRIERS, st.sampled_from(["BER", "HAM"]), COUNTRIES)
def test_a_way_opens_when_the_last_pause_in_it_ends(
    pauses: list[Pause], carrier: str, origin: str, country: str
) -> None:
    found = stopped_until(pauses, carrier, origin, country, NOW)
    for pause in pauses:
        if pause.until > NOW and pause.covers(carrier, origin, country):
            assert found is not None
            assert found >= pause.until
    if found is not None:
        assert stopped_until(pauses, carrier, origin, country, found) is None


@given(st.none() | DAYS, OPTIONS, OPTIONS)
def test_work_moves_only_where_that_keeps_what_waiting_would_break(
    promise: date | None, stay: Option | None, other: Option | None
) -> None:
    if moves(promise, stay, other):
        assert other is not None
        assert not is_late(other, promise)
        assert stay is None or is_late(stay, promise)
    elif other is not None and stay is not None and is_late(stay, promise):
        assert is_late(other, promise)
