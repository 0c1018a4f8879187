"""What is odd about a rule set: rules nobody reaches, empty groups, limits that clash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from core.domain.priority import PRIORITIES
from core.domain.routing.document import Document, Else, Rule, Scope
from core.domain.shop import Location


def lint(document: Document, locations: Iterable[Location]) -> list[str]:
    """Sentences about what is probably not meant; an empty list is good."""
    places = list(locations)
    known = {word for place in places for word in words_of(place)}
    found = [*_unreachable(document)]
    for position, rule in enumerate(document.rules):
        found += _empty_groups(rule, known)
        found += _impossible(document, position, places)
    found += [
        f"Capacity of “{limit.of}”: no location is in that group."
        for limit in document.capacity
        if limit.of not in known
    ]
    return [*found, *_open_end(document)]


def words_of(place: Location) -> set[str]:
    """Every word by which a rule may mean this location."""
    return {place.code.casefold(), place.kind, *(group.casefold() for group in place.groups)}


def _unreachable(document: Document) -> Iterator[str]:
    for later, rule in enumerate(document.rules):
        for earlier in range(later):
            keeps_all = document.otherwise_of(earlier).do is not Else.NEXT
            if keeps_all and covers(document.rules[earlier].when, rule.when):
                name = document.rules[earlier].name
                yield f"Rule “{rule.name}” is never reached: “{name}” keeps all of its orders."
                break


def covers(wide: Scope, narrow: Scope) -> bool:
    """Whether every order that fits the second scope surely fits the first."""
    lists = ("channels", "priorities", "tags", "categories", "skus", "methods", "countries")
    inside = all(_holds(getattr(wide, name), getattr(narrow, name)) for name in (*lists, "regions"))
    zips = not wide.zip_prefixes or (
        bool(narrow.zip_prefixes)
        and all(each.startswith(wide.zip_prefixes) for each in narrow.zip_prefixes)
    )
    return inside and zips and set(wide.not_tags) <= set(narrow.not_tags) and _ranges(wide, narrow)


def _holds(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _ranges(wide: Scope, narrow: Scope) -> bool:
    low = wide.value_from is None or (
        narrow.value_from is not None and narrow.value_from >= wide.value_from
    )
    high = wide.value_below is None or (
        narrow.value_below is not None and narrow.value_below <= wide.value_below
    )
    hours = wide.promise_within_hours is None or (
        narrow.promise_within_hours is not None
        and narrow.promise_within_hours <= wide.promise_within_hours
    )
    return low and high and hours


def _empty_groups(rule: Rule, known: set[str]) -> Iterator[str]:
    for group in (*rule.only.groups, *rule.only.not_groups):
        if group not in known:
            yield f"Rule “{rule.name}”: no location is in the group “{group}”."


def _impossible(document: Document, position: int, places: list[Location]) -> Iterator[str]:
    rule, otherwise = document.rules[position], document.otherwise_of(position)
    when, only = rule.when, rule.only
    if both := set(only.groups) & set(only.not_groups):
        yield f"Rule “{rule.name}”: {', '.join(sorted(both))} is both wanted and left out."
    least, below = when.value_from, when.value_below
    if least is not None and below is not None and below <= least:
        yield f"Rule “{rule.name}”: no order is worth {least} or more and less than {below}."
    if set(when.tags) and set(when.tags) <= set(when.not_tags):
        yield f"Rule “{rule.name}”: the same tag is wanted and left out."
    for word in when.priorities:
        if word not in PRIORITIES:
            yield f"Rule “{rule.name}”: there is no priority “{word}”; use {', '.join(PRIORITIES)}."
    if only.complete and otherwise.do is Else.SHIP_PART and rule.otherwise is not None:
        yield f"Rule “{rule.name}”: `complete` and `ship_part` clash; nothing ships in part."
    if otherwise.at and otherwise.at.casefold() not in {p.code.casefold() for p in places}:
        yield f"Rule “{rule.name}”: there is no location “{otherwise.at}” to wait for."
    yield from _unknown_abilities(rule, places)
    yield from _odd_waits(rule)


def _odd_waits(rule: Rule) -> Iterator[str]:
    wait, hours = rule.wait, rule.when.promise_within_hours
    if wait.one_place_hours and rule.only.max_parcels == 1:
        yield f"Rule “{rule.name}”: what leaves in 1 parcel has no other location to wait for."
    longest = max(wait.one_place_hours or 0, wait.next_order_hours or 0)
    if hours is not None and longest >= hours:
        yield f"Rule “{rule.name}”: it waits up to {longest} h for what is due within {hours} h."


def _unknown_abilities(rule: Rule, places: list[Location]) -> Iterator[str]:
    able: Mapping[str, str] = {a.casefold(): p.code for p in places for a in p.abilities}
    for ability in (*rule.only.abilities, *rule.only.handling):
        if ability not in able:
            yield f"Rule “{rule.name}”: no location can do “{ability}”."


def _open_end(document: Document) -> Iterator[str]:
    if not any(rule.when == Scope() for rule in document.rules):
        yield (
            "Some orders may fit no rule: they are routed with fewest parcels, then cheapest. "
            "A last rule without `when` says it yourself."
        )
