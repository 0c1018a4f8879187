"""Whether a message may go: modes, switches, wishes, going live, pause and quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from core.domain.shop import Mode
from notifications.preferences import Allowed, QuietHours, may_send, quiet_until
from notifications.render import KINDS

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NIGHT = QuietHours(time(21), time(8), "Europe/Berlin")


def ask(kind: str = "shipped", **changes: Any) -> Allowed | str:
    usual: dict[str, Any] = {
        "preferences": {},
        "shop_switches": {},
        "mode": Mode.LIVE,
        "placed_at": NOW,
        "live_since": NOW - timedelta(days=1),
        "paused": False,
        "now": NOW,
        "quiet_hours": None,
    }
    return may_send(kind, **usual | changes)


@pytest.mark.parametrize("kind", KINDS)
def test_a_live_shop_sends_what_nobody_switched_off(kind: str) -> None:
    assert ask(kind) == Allowed()


@pytest.mark.parametrize("kind", KINDS)
def test_pause_stops_everything(kind: str) -> None:
    assert ask(kind, paused=True) == "Messages are paused."


@pytest.mark.parametrize("mode", [Mode.WATCH, Mode.STAFF])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "case_alert"])
def test_a_shop_that_is_not_live_tells_customers_nothing(kind: str, mode: Mode) -> None:
    assert "customers get no messages" in str(ask(kind, mode=mode))


@pytest.mark.parametrize("mode", [Mode.WATCH, Mode.STAFF])
def test_a_shop_that_is_not_live_still_tells_its_staff(mode: Mode) -> None:
    assert ask("case_alert", mode=mode, live_since=None, placed_at=None) == Allowed()


def test_each_kind_has_its_own_switch() -> None:
    assert ask("delayed", shop_switches={"delayed": False}) == "The shop has switched delayed off."
    assert ask("shipped", shop_switches={"delayed": False}) == Allowed()


def test_a_customer_is_not_told_what_they_do_not_want() -> None:
    wishes = {"delivered": False}
    assert ask("delivered", preferences=wishes) == "The customer does not want delivered."
    assert ask("shipped", preferences=wishes) == Allowed()


def test_a_customers_wish_does_not_silence_the_staff() -> None:
    assert ask("case_alert", preferences={"case_alert": False}) == Allowed()


def test_an_order_from_before_going_live_never_sends() -> None:
    live = NOW - timedelta(days=1)
    assert "before" in str(ask(placed_at=live - timedelta(microseconds=1)))
    assert ask(placed_at=live) == Allowed()
    assert ask(placed_at=None) == Allowed()


def test_a_live_shop_that_does_not_know_since_when_sends_nothing_about_orders() -> None:
    assert "not known" in str(ask(live_since=None))


def test_a_code_that_was_asked_for_always_goes_in_a_live_shop() -> None:
    refused = {"code": False}
    assert ask("code", preferences=refused, shop_switches=refused, live_since=None) == Allowed()
    assert ask("code", now=NOW.replace(hour=23), quiet_hours=NIGHT) == Allowed()


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-21T19:59:59+00:00", None),
        ("2026-11-21T20:00:00+00:00", "2026-11-22T07:00:00+00:00"),
        ("2026-11-22T03:00:00+00:00", "2026-11-22T07:00:00+00:00"),
        ("2026-11-22T07:00:00+00:00", None),
    ],
)
def test_at_night_a_message_waits_for_the_morning(now: str, until: str | None) -> None:
    expected = Allowed(datetime.fromisoformat(until) if until else None)
    assert ask(now=datetime.fromisoformat(now), quiet_hours=NIGHT) == expected


def test_quiet_hours_follow_the_wall_clock_over_a_change_of_summer_time() -> None:
    """Berlin, the night of October 25, 2026: eight o'clock is one hour later in UTC."""
    night = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)
    assert quiet_until(NIGHT, night) == datetime(2026, 10, 25, 7, 0, tzinfo=UTC)


def test_quiet_hours_of_one_day_and_none_at_all() -> None:
    noon = QuietHours(time(12), time(14), "Europe/Berlin")
    assert quiet_until(noon, NOW) == datetime(2026, 11, 21, 13, 0, tzinfo=UTC)
    assert quiet_until(QuietHours(time(13), time(13), "Europe/Berlin"), NOW) is None
