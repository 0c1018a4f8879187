"""When to think of buying again: what is left, how fast it sells, how long it lasts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.domain.cases import CaseKind, Finding
from core.domain.shop import Location
from core.domain.values import dataclass

COVER_DAYS_SHOWN = 14  # where a shop has not said how long its stock should last


@dataclass(frozen=True, slots=True)
class Pace:
    """A shop's own terms, in days: sales are counted over `sales`, stock is low when it lasts
    less than `cover` (0: only thresholds count), and bought for `target`."""

    sales: int
    cover: int
    target: int


def pace_of(policy: Mapping[str, Any]) -> Pace:
    return Pace(
        sales=int(policy["sales_days"]),
        cover=int(policy["low_cover_days"]),
        target=int(policy["restock_days"]),
    )


@dataclass(frozen=True, slots=True)
class Supply:
    """A SKU at one location or (`location_id` None) at all of them.

    `sold` units left within the days of the pace; `low_at` is the threshold, 0 for none.
    """

    sku: str
    location_id: int | None
    available: int
    incoming: int
    waited_for: int
    sold: int
    low_at: int = 0

    @property
    def position(self) -> int:
        """What is left for customers to come, with all that is on its way."""
        return self.available + self.incoming - self.waited_for


@dataclass(frozen=True, slots=True)
class Outlook:
    """`lasts_days` is None where nothing sells; `suggest` is how many units to buy."""

    supply: Supply
    per_day: float
    lasts_days: float | None
    is_low: bool
    suggest: int


def outlook(supply: Supply, pace: Pace) -> Outlook:
    """At its threshold, or about to run out: whichever comes first is low."""
    position, sold = supply.position, supply.sold
    at_threshold = supply.low_at > 0 and position <= supply.low_at
    # Whole numbers: position / (sold / days) < cover, without rounding.
    runs_out = sold > 0 and position * pace.sales < pace.cover * sold
    goal = max(-(-sold * pace.target // pace.sales), supply.low_at + 1 if supply.low_at else 0)
    return Outlook(
        supply=supply,
        per_day=sold / pace.sales,
        lasts_days=max(0, position) * pace.sales / sold if sold else None,
        is_low=at_threshold or runs_out,
        suggest=max(0, goal - position),
    )


def low(supplies: Iterable[Supply], pace: Pace) -> list[Outlook]:
    """What is low, the most urgent first."""
    found = (outlook(each, pace) for each in supplies)
    return most_urgent_first([each for each in found if each.is_low])


def most_urgent_first(found: list[Outlook]) -> list[Outlook]:
    """What runs out first comes first; what does not sell comes last, the emptiest before."""
    never = float("inf")
    return sorted(
        found,
        key=lambda x: (
            x.lasts_days if x.lasts_days is not None else never,
            x.supply.position,
            x.supply.sku,
            x.supply.location_id or 0,
        ),
    )


# --- telling a person ----------------------------------------------------------------------------


def findings(found: Iterable[Outlook], places: Mapping[int, Location]) -> list[Finding]:
    """One case per SKU, however many of its places are low."""
    by_sku: dict[str, list[Outlook]] = {}
    for each in found:
        by_sku.setdefault(each.supply.sku, []).append(each)
    return [_finding(sku, outlooks, places) for sku, outlooks in by_sku.items()]


def _finding(sku: str, outlooks: list[Outlook], places: Mapping[int, Location]) -> Finding:
    whole = next((each for each in outlooks if each.supply.location_id is None), outlooks[0])
    place_id = whole.supply.location_id
    where = f" at {places[place_id].code}" if place_id is not None else ""
    lasts = "" if whole.lasts_days is None else f", enough for {whole.lasts_days:.0f} days"
    buy = [_to_buy(each, places) for each in outlooks if each.suggest]
    return Finding(
        CaseKind.LOW_STOCK,
        f"sku:{sku}",
        f"{sku} is low{where}: {whole.supply.available} left{lasts}.",
        location_id=place_id if len(outlooks) == 1 else None,
        facts={"sku": sku, "buy": buy, "on_their_way": whole.supply.incoming},
    )


def _to_buy(each: Outlook, places: Mapping[int, Location]) -> str:
    place_id = each.supply.location_id
    return f"{each.suggest} for {places[place_id].code}" if place_id else f"{each.suggest} in all"
