"""Rules in plain English: one generated line for each, so that nobody has to read the document."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from core.domain.routing.document import (
    Aim,
    Capacity,
    Constraints,
    Document,
    Else,
    Money,
    Otherwise,
    Rule,
    Scope,
    Wait,
)

Worded = Callable[[int], str]
AIMS = {
    Aim.ON_TIME: "on time",
    Aim.FEWEST_PARCELS: "fewest parcels",
    Aim.CHEAPEST: "cheapest",
    Aim.NEAREST: "nearest",
    Aim.RANKED: "best ranked",
    Aim.STOCK_BALANCE: "most stock",
    Aim.OLDEST_STOCK: "oldest stock",
}


def in_words(prefer: tuple[Aim, ...] | Money, money: Worded = str) -> str:
    """“fewest parcels, then cheapest”, or what the money is made of."""
    if not isinstance(prefer, Money):
        return ", then ".join(AIMS[aim] for aim in prefer)
    parts = ["parcels and handling"]
    parts += [f"{money(prefer.split)} for each split"] if prefer.split else []
    parts += [f"{money(prefer.late_day)} for each day late"] if prefer.late_day else []
    parts += [f"{money(prefer.stock_out)} for taking the last units"] if prefer.stock_out else []
    return f"least money: {', '.join(parts)}"


def aims_in_words(prefer: tuple[Aim, ...] | Money) -> str:
    """The same without amounts, for what is stored without its currency."""
    return "least money" if isinstance(prefer, Money) else in_words(prefer)


def rule_in_words(rule: Rule, otherwise: Otherwise, money: Worded = str) -> str:
    """One rule in one line: for which orders, from where, what it prefers, and the rest."""
    limits = (*_limits(rule.only, money), *_waits(rule.wait))
    parts = [_from_where(rule.only), in_words(rule.prefer, money), *limits]
    rest = _rest(otherwise)
    return f"{_for_whom(rule.when, money)}: {'; '.join(p for p in parts if p)}. {rest}"


def document_in_words(document: Document, money: Worded = str) -> list[str]:
    """Every rule in its order, then the limits of a day."""
    lines = [
        f"{place + 1}. {rule.name} — {rule_in_words(rule, document.otherwise_of(place), money)}"
        for place, rule in enumerate(document.rules)
    ]
    return [*lines, *(_capacity(each) for each in document.capacity)]


def _for_whom(when: Scope, money: Worded) -> str:
    told = [
        _any("from", when.channels),
        _any("of priority", when.priorities),
        _any("tagged", when.tags),
        _any("not tagged", when.not_tags),
        _any("with goods of", when.categories),
        _any("with", when.skus),
        _any("sent by", when.methods),
        _any("to", when.countries),
        _any("to region", when.regions),
        _any("to postal codes", tuple(f"{each}…" for each in when.zip_prefixes)),
        f"worth {money(when.value_from)} or more" if when.value_from is not None else "",
        f"worth less than {money(when.value_below)}" if when.value_below is not None else "",
        _promised(when.promise_within_hours),
    ]
    shown = " ".join(filter(None, told))
    return f"Orders {shown}" if shown else "Every order"


def _promised(hours: int | None) -> str:
    return "" if hours is None else f"promised within {hours} h"


def _from_where(only: Constraints) -> str:
    told = [
        _any("only from", only.groups),
        _any("not from", only.not_groups),
        "only from the country it goes to" if only.same_country else "",
        "" if only.max_distance_km is None else f"at most {only.max_distance_km} km away",
        _any("where they do", only.abilities),
        _any("goods only where they are handled:", only.handling),
    ]
    return ", ".join(filter(None, told)) or "from any location"


def _limits(only: Constraints, money: Worded) -> Iterable[str]:
    together = _any("keep", only.keep_together)
    yield f"{together} in one parcel" if together else ""
    yield f"leave {only.safety} of everything" if only.safety else ""
    yield f"no parcel below {money(only.min_parcel_value)}" if only.min_parcel_value else ""
    yield "" if only.max_parcels is None else f"{_parcels(only.max_parcels)} at most"
    yield "only if it has everything" if only.complete else ""
    yield "even beyond the limits of the day" if only.over_capacity else ""
    yield "even where it was given back" if only.despite_rejection else ""


def _waits(wait: Wait) -> Iterable[str]:
    yield _wait("for one location that has everything", wait.one_place_hours)
    yield _wait("for the customer's next order", wait.next_order_hours)


def _wait(what: str, hours: int | None) -> str:
    """Nothing where the shop's policy decides."""
    if hours is None:
        return ""
    return f"waits up to {hours} h {what}" if hours else f"does not wait {what}"


def _parcels(number: int) -> str:
    return "1 parcel" if number == 1 else f"{number} parcels"


def _rest(otherwise: Otherwise) -> str:
    why = f" ({otherwise.reason})" if otherwise.reason else ""
    return {
        Else.NEXT: "Otherwise the next rule.",
        Else.SHIP_PART: "What there is ships, the rest waits.",
        Else.QUEUE: f"Otherwise nothing ships and the order waits{why}.",
        Else.BACKORDER: f"The rest waits for {otherwise.at.upper()}{why}.",
        Else.CANCEL: f"The rest is canceled after {_days(otherwise.days)}{why}.",
        Else.ASK: "Otherwise a person chooses between the two best plans.",
    }[otherwise.do]


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _capacity(limit: Capacity) -> str:
    kinds = (("orders", limit.orders), ("lines", limit.lines), ("units", limit.units))
    most = ", ".join(
        f"{number} {kind if number != 1 else kind[:-1]}"
        for kind, number in kinds
        if number is not None
    )
    until = f", counted until {limit.cut_off}" if limit.cut_off else ""
    return f"Each location of “{limit.of}” takes on {most} a day{until}."


def _any(word: str, values: tuple[str, ...]) -> str:
    return f"{word} {' or '.join(values)}" if values else ""
