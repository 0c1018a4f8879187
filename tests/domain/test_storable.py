"""Nothing is kept that could not be read again: moments at the end of time, numbers without end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.refusals import Invalid
from core.domain.storable import require_storable
from core.registry import command_named

WEST = timezone(timedelta(hours=-14))


@pytest.mark.parametrize(
    "told",
    [
        2**63,
        -(2**63),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=WEST),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(2026, 11, 24, 10, 0),  # noqa: DTZ001 (that is what is refused)
        date(9999, 12, 31),
        {"rows": [{"units": 10**30}]},
        ((1, 2), (3, 2**64)),
    ],
)
def test_what_no_database_keeps_or_no_zone_shows_is_refused(told: Any) -> None:
    with pytest.raises(Invalid):
        require_storable(told)


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.text(), st.booleans())
def test_everything_else_passes(number: int, text: str, is_so: bool) -> None:
    require_storable({"a": [number, text, is_so, None], "b": (1.5, date(2026, 11, 24))})


@given(st.datetimes(datetime(1970, 1, 2), datetime(2999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001
def test_what_passes_can_be_shown_in_every_zone(moment: datetime) -> None:
    require_storable(moment)
    for name in ("Pacific/Kiritimati", "Etc/GMT+12", "Europe/Berlin"):
        assert moment.astimezone(ZoneInfo(name)) == moment


@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z", "2026-11-24T10:00:00"]
)
def test_no_command_takes_such_a_moment(moment: str) -> None:
    """It would be written once, and then nobody could read the shop or the order again."""
    for name, arguments in (
        ("pause_location", {"location": "BER", "until": moment}),
        ("hold_order", {"order": "1001", "until": moment}),
    ):
        with pytest.raises(Invalid):
            command_named(name).read(arguments)
