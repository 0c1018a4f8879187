"""Which orders a rule is for: what routing knows about an order, and what misfits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from core.domain.routing.document import Scope
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Goods:
    """What routing must know about one SKU; `price` is what one unit is worth in this order."""

    category: str = ""
    flags: tuple[str, ...] = ()
    weight: int = 0
    price: int = 0


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What routing knows about an order. Value in minor units; `promise_hours` from now."""

    channel: str = ""
    priority: str = "normal"
    tags: tuple[str, ...] = ()
    method: str = ""
    country: str = ""
    region: str = ""
    zip: str = ""
    value: int = 0
    promise_hours: int | None = None
    goods: Mapping[str, Goods] = field(default_factory=dict)


def misfit(scope: Scope, order: OrderFacts) -> str | None:
    """The first thing about an order that a rule is not for; None when the rule is for it."""
    return next((what for what, misses in _CHECKS.items() if misses(scope, order)), None)


def _outside(wanted: tuple[str, ...], word: str) -> bool:
    return bool(wanted) and word not in wanted


def _none_of(wanted: tuple[str, ...], words: object) -> bool:
    return bool(wanted) and not set(wanted) & set(words)  # type: ignore[call-overload]


def _wrong_zip(scope: Scope, order: OrderFacts) -> bool:
    return bool(scope.zip_prefixes) and not order.zip.upper().startswith(scope.zip_prefixes)


def _wrong_value(scope: Scope, order: OrderFacts) -> bool:
    too_small = scope.value_from is not None and order.value < scope.value_from
    return too_small or (scope.value_below is not None and order.value >= scope.value_below)


def _wrong_promise(scope: Scope, order: OrderFacts) -> bool:
    """An order without a promise is in no hurry."""
    limit, hours = scope.promise_within_hours, order.promise_hours
    return limit is not None and (hours is None or hours > limit)


def _categories(order: OrderFacts) -> set[str]:
    return {goods.category.casefold() for goods in order.goods.values()}


def _tags(order: OrderFacts) -> set[str]:
    return {tag.casefold() for tag in order.tags}


_CHECKS: dict[str, Callable[[Scope, OrderFacts], bool]] = {
    "channel": lambda scope, order: _outside(scope.channels, order.channel.casefold()),
    "priority": lambda scope, order: _outside(scope.priorities, order.priority),
    "tags": lambda scope, order: (
        _none_of(scope.tags, _tags(order)) or bool(set(scope.not_tags) & _tags(order))
    ),
    "category": lambda scope, order: _none_of(scope.categories, _categories(order)),
    "items": lambda scope, order: _none_of(scope.skus, order.goods),
    "method": lambda scope, order: _outside(scope.methods, order.method.casefold()),
    "country": lambda scope, order: _outside(scope.countries, order.country.upper()),
    "region": lambda scope, order: _outside(scope.regions, order.region.casefold()),
    "postal code": _wrong_zip,
    "value": _wrong_value,
    "promise": _wrong_promise,
}
