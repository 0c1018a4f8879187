"""A routing rule set as a document: what may stand in it, and a strict reading that says where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any

from core.domain.documents import (
    WORDS_MOST,
    Read,
    build,
    read_choice,
    read_list,
    read_name,
    read_object,
    read_text,
    read_whole,
    read_words,
    read_yes,
    wrong,
)
from core.domain.values import dataclass

RULES_MOST = 50
WAIT_HOURS_MOST = 168


class Aim(StrEnum):
    """One thing that a plan should be good at; a list of them is compared in its order."""

    ON_TIME = "on_time"
    FEWEST_PARCELS = "fewest_parcels"
    CHEAPEST = "cheapest"
    NEAREST = "nearest"
    RANKED = "ranked"
    STOCK_BALANCE = "stock_balance"
    OLDEST_STOCK = "oldest_stock"


class Else(StrEnum):
    """What happens with units that a rule finds no place for."""

    NEXT = "next"  # the next rule that fits the order
    SHIP_PART = "ship_part"  # ship what there is, the rest waits
    QUEUE = "queue"  # nothing ships before everything can
    BACKORDER = "backorder"  # the rest waits for one location
    CANCEL = "cancel"  # the rest waits for some days, then it is canceled
    ASK = "ask"  # nothing ships before a person has chosen one of the two best plans


@dataclass(frozen=True, slots=True)
class Scope:
    """Which orders a rule is for; everything that is named must fit. Values are minor units."""

    channels: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    zip_prefixes: tuple[str, ...] = ()
    value_from: int | None = None
    value_below: int | None = None
    promise_within_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Constraints:
    """What no plan of a rule may break. Groups are a location's groups, its kind or its code."""

    groups: tuple[str, ...] = ()
    not_groups: tuple[str, ...] = ()
    same_country: bool = False
    max_distance_km: int | None = None
    abilities: tuple[str, ...] = ()  # what a location must be able to do, whatever is ordered
    handling: tuple[str, ...] = ()  # flags of products (cold, hazmat) that a location must handle
    keep_together: tuple[str, ...] = ()  # categories whose lines leave in one parcel
    safety: int = 0
    over_capacity: bool = False
    min_parcel_value: int = 0
    max_parcels: int | None = None
    complete: bool = False
    despite_rejection: bool = False


@dataclass(frozen=True, slots=True)
class Money:
    """Everything as money, in minor units; the cheapest total is the best plan."""

    split: int = 0  # for every parcel after the first
    late_day: int = 0  # for every parcel and day after the promise
    stock_out: int = 0  # for every parcel that takes the last units of something


@dataclass(frozen=True, slots=True)
class Otherwise:
    do: Else = Else.SHIP_PART
    reason: str = ""
    at: str = ""
    days: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """How many hours a new order may wait for one parcel; None is the shop's policy, 0 never."""

    one_place_hours: int | None = None  # a split order, until one location has all of it
    next_order_hours: int | None = None  # any order, for the customer's next one


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    when: Scope = Scope()
    only: Constraints = Constraints()
    prefer: tuple[Aim, ...] | Money = (Aim.FEWEST_PARCELS, Aim.CHEAPEST, Aim.NEAREST)
    otherwise: Otherwise | None = None  # None: the next rule; after the last one, ship_part
    wait: Wait = Wait()


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the locations of a group take on in one local day; the day ends at the cut-off."""

    of: str
    orders: int | None = None
    lines: int | None = None
    units: int | None = None
    cut_off: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    name: str
    rules: tuple[Rule, ...]
    capacity: tuple[Capacity, ...] = ()

    def otherwise_of(self, position: int) -> Otherwise:
        """What a rule does with the rest: unless it says so, the next rule has it."""
        own = self.rules[position].otherwise
        if own is not None:
            return own
        is_last = position == len(self.rules) - 1
        return Otherwise(Else.SHIP_PART if is_last else Else.NEXT)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A document under its version number, as it rides with the shop."""

    number: int
    document: Document

    @property
    def reads_products(self) -> bool:
        """Whether any rule asks what the goods are like."""
        return any(
            rule.when.categories or rule.only.handling or rule.only.keep_together
            for rule in self.document.rules
        )

    @property
    def may_wait(self) -> bool:
        """Whether any rule lets an order wait for one parcel."""
        waits = (rule.wait for rule in self.document.rules)
        return any(wait.one_place_hours or wait.next_order_hours for wait in waits)

    @property
    def reads_ages(self) -> bool:
        return any(
            isinstance(rule.prefer, tuple) and Aim.OLDEST_STOCK in rule.prefer
            for rule in self.document.rules
        )


def read_document(plain: Any) -> Document:
    """The document behind plain JSON data. Raises Invalid, naming the place and what to write."""
    given = read_object(plain, "", _DOCUMENT)
    if not given.get("rules"):
        raise wrong("rules", "a rule set needs at least one rule")
    if "name" not in given:
        raise wrong("name", "give the rule set a name")
    found: Document = build(Document, given, "", _DOCUMENT)
    names = [rule.name.casefold() for rule in found.rules]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise wrong(f"rules[{place}].name", f"there is a rule “{name}” already")
    return found


def to_plain(document: Document) -> dict[str, Any]:
    """The document as JSON data; what has its default is left out."""
    plain: dict[str, Any] = _plain(document)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Money):
        return {"money": _fields_of(value)}
    if isinstance(value, Document | Rule | Scope | Constraints | Otherwise | Wait | Capacity):
        return _fields_of(value)
    return value


def _fields_of(value: Any) -> dict[str, Any]:
    shown = {f.name: (getattr(value, f.name), f.default) for f in fields(value)}
    return {name: _plain(own) for name, (own, default) in shown.items() if own != default}


# --- strict reading ------------------------------------------------------------------------------


def _clock(value: Any, place: str) -> str:
    hours, colon, minutes = str(value).partition(":")
    numbers = hours.isascii() and minutes.isascii() and hours.isdecimal() and minutes.isdecimal()
    if not (colon and numbers and len(minutes) == 2 and int(hours) < 24 and int(minutes) < 60):
        raise wrong(place, "write a time of day such as 14:00")
    return f"{int(hours):02}:{minutes}"


def _prefer(value: Any, place: str) -> tuple[Aim, ...] | Money:
    if isinstance(value, Mapping):
        if set(value) != {"money"}:
            raise wrong(place, 'write a list of aims, or {"money": {…}}')
        return build(Money, value["money"], f"{place}.money", _MONEY)
    if not isinstance(value, list) or not value:
        raise wrong(place, 'write a list of aims, or {"money": {…}}')
    aims = [read_choice(Aim)(each, f"{place}[{n}]") for n, each in enumerate(value)]
    return tuple(dict.fromkeys(aims))


def _otherwise(value: Any, place: str) -> Otherwise:
    given = {"do": value} if isinstance(value, str) else value
    found = build(Otherwise, given, place, _OTHERWISE)
    if "do" not in given:
        raise wrong(f"{place}.do", f"write {' or '.join(each.value for each in Else)}")
    if found.do is Else.BACKORDER and not found.at:
        raise wrong(f"{place}.at", "name the location that the rest waits for")
    if found.do is Else.CANCEL and not found.days:
        raise wrong(f"{place}.days", "write after how many days the rest is canceled")
    return found


def _rule(value: Any, place: str) -> Rule:
    given = read_object(value, place, _RULE)
    if "name" not in given:
        raise wrong(f"{place}.name", "give the rule a name")
    return build(Rule, given, place, _RULE)


def _capacity(value: Any, place: str) -> Capacity:
    found = build(Capacity, {"of": "", **read_object(value, place, _CAPACITY)}, place, _CAPACITY)
    if found.orders is None and found.lines is None and found.units is None:
        raise wrong(place, "write how many orders, lines or units a day")
    return found


_low, _high = read_words(str.casefold), read_words(str.upper)
_as_is = read_words(str)
_SCOPE: dict[str, Read] = {
    **dict.fromkeys(("channels", "priorities", "tags", "not_tags", "categories"), _low),
    **dict.fromkeys(("methods", "regions"), _low),
    **dict.fromkeys(("countries", "zip_prefixes"), _high),
    "skus": _as_is,
    **dict.fromkeys(("value_from", "value_below"), read_whole(0)),
    "promise_within_hours": read_whole(1),
}
_CONSTRAINTS: dict[str, Read] = {
    **dict.fromkeys(("groups", "not_groups", "abilities", "handling", "keep_together"), _low),
    **dict.fromkeys(("same_country", "over_capacity", "complete", "despite_rejection"), read_yes),
    **dict.fromkeys(("safety", "min_parcel_value"), read_whole(0)),
    **dict.fromkeys(("max_distance_km", "max_parcels"), read_whole(1)),
}
_MONEY: dict[str, Read] = dict.fromkeys(("split", "late_day", "stock_out"), read_whole(0))
_OTHERWISE: dict[str, Read] = {
    "do": read_choice(Else),
    "reason": read_text,
    "at": read_name,
    "days": read_whole(1),
}
_WAIT: dict[str, Read] = dict.fromkeys(
    ("one_place_hours", "next_order_hours"), read_whole(0, WAIT_HOURS_MOST)
)
_RULE: dict[str, Read] = {
    "name": read_name,
    "when": lambda value, place: build(Scope, value, place, _SCOPE),
    "only": lambda value, place: build(Constraints, value, place, _CONSTRAINTS),
    "prefer": _prefer,
    "otherwise": _otherwise,
    "wait": lambda value, place: build(Wait, value, place, _WAIT),
}
_CAPACITY: dict[str, Read] = {
    "of": lambda value, place: read_name(value, place).casefold(),
    **dict.fromkeys(("orders", "lines", "units"), read_whole(0)),
    "cut_off": _clock,
}
_DOCUMENT: dict[str, Read] = {
    "name": read_name,
    "rules": read_list(_rule, RULES_MOST),
    "capacity": read_list(_capacity, WORDS_MOST),
}
