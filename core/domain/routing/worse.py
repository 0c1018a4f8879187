"""The one thing in which another plan falls behind the chosen one, as data and in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from core.domain.routing.document import Aim
from core.domain.values import dataclass

SHORT, MONEY, RANKING = "short", "money", "ranking"
KEPT_WHOLE, TOO_SMALL, NOT_SEEN = "kept_whole", "too_small", "not_seen"


@dataclass(frozen=True, slots=True)
class Worse:
    """`what` is an aim or one of the words above; `by` is how much more of it: units, parcels,
    days, meters, minor units."""

    what: str
    by: int = 0


@dataclass(frozen=True, slots=True)
class Beside:
    """The plan with a location that was not chosen: what that lacks, who else would have to
    ship, and what would be worse."""

    location: str
    worse: Worse
    lacks: Mapping[str, int] = field(default_factory=dict)
    others: tuple[str, ...] = ()


def in_words(each: Worse, money: Callable[[int], str]) -> str:
    """“would cost €1.00 more”: what a plan or a location is said to do."""
    told = {
        SHORT: f"would leave {_count(each.by, 'unit')} more waiting",
        Aim.ON_TIME: f"would be {_count(each.by, 'day')} later",
        Aim.FEWEST_PARCELS: f"would take {_count(each.by, 'parcel')} more",
        Aim.CHEAPEST: f"would cost {money(each.by)} more",
        MONEY: f"would come to {money(each.by)} more",
        Aim.NEAREST: f"would travel {_km(each.by)} farther",
        Aim.RANKED: "would take units from a lower rank",
        Aim.STOCK_BALANCE: "would take units from where fewer lie",
        Aim.OLDEST_STOCK: "would take goods that came later",
        RANKING: "would be no worse, but stands lower in the ranking",
        KEPT_WHOLE: "the rule ships nothing in part",
        TOO_SMALL: "its parcel would be worth too little",
        NOT_SEEN: "might do as well; the search ended at its limit",
    }
    return told[each.what]


def beside_in_words(each: Beside, money: Callable[[int], str]) -> str:
    """“it lacks 1 × tee, and with BER would take 1 parcel more”."""
    worse = in_words(each.worse, money)
    if not each.lacks:
        return f"it has everything, but {worse}"
    missing = ", ".join(f"{quantity} × {sku}" for sku, quantity in each.lacks.items())
    others = f" with {' + '.join(each.others)}" if each.others else ""
    return f"it lacks {missing}, and{others} {worse}"


def _count(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def _km(meters: int) -> str:
    return f"{round(meters / 1000)} km" if meters >= 1000 else "less than 1 km"
