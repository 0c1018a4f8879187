"""May this message go now? The shop's mode and switches, the customer's wish, the hour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.domain.shop import Mode
from core.domain.values import dataclass

STAFF_KINDS = frozenset({"case_alert"})
# The customer is waiting for these: no switch, wish or hour holds them back.
ASKED_FOR = frozenset({"code"})


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` on the wall clock of `zone`; it may run over midnight."""

    start: time
    end: time
    zone: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may go, and not before `not_before` where quiet hours ask for patience."""

    not_before: datetime | None = None


def may_send(
    kind: str,
    preferences: Mapping[str, bool],
    shop_switches: Mapping[str, bool],
    mode: Mode,
    placed_at: datetime | None,
    live_since: datetime | None,
    paused: bool,
    now: datetime,
    quiet_hours: QuietHours | None = None,
) -> Allowed | str:
    """Allowed, or the reason in one sentence why this message is not sent.

    `preferences` (the customer's) and `shop_switches` map a kind to whether it is wanted; a kind
    that is not named is wanted. `placed_at` is None for what belongs to no order.
    """
    reason = _stopped(kind, mode, paused)
    if reason is None and kind not in ASKED_FOR:
        reason = _unwanted(kind, preferences, shop_switches)
        if reason is None and kind not in STAFF_KINDS:
            reason = _before_live(placed_at, live_since)
    if reason is not None:
        return reason
    if kind in ASKED_FOR or kind in STAFF_KINDS or quiet_hours is None:
        return Allowed()
    return Allowed(quiet_until(quiet_hours, now))


def quiet_until(quiet: QuietHours, now: datetime) -> datetime | None:
    """The end of the quiet hours that `now` falls into, in UTC; None outside of them."""
    there = now.astimezone(ZoneInfo(quiet.zone))
    for start_day in (there.date() - timedelta(days=1), there.date()):
        end_day = start_day if quiet.start <= quiet.end else start_day + timedelta(days=1)
        start = datetime.combine(start_day, quiet.start, there.tzinfo)
        end = datetime.combine(end_day, quiet.end, there.tzinfo)
        if start <= there < end:
            return end.astimezone(now.tzinfo)
    return None


def _stopped(kind: str, mode: Mode, paused: bool) -> str | None:
    if paused:
        return "Messages are paused."
    if mode is not Mode.LIVE and kind not in STAFF_KINDS:
        words = {"watch": "only watching", "staff": "in staff-only mode"}[mode]
        return f"The shop is {words}: customers get no messages."
    return None


def _unwanted(
    kind: str, preferences: Mapping[str, bool], shop_switches: Mapping[str, bool]
) -> str | None:
    if not shop_switches.get(kind, True):
        return f"The shop has switched {kind} off."
    if kind not in STAFF_KINDS and not preferences.get(kind, True):
        return f"The customer does not want {kind}."
    return None


def _before_live(placed_at: datetime | None, live_since: datetime | None) -> str | None:
    if live_since is None:
        return "It is not known since when the shop is live."
    if placed_at is not None and placed_at < live_since:
        return "The order was placed before the shop went live."
    return None
