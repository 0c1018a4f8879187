"""A shop's return rules as a document: which lines a rule is for, and what it says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, field, fields, replace
from enum import StrEnum
from typing import Any

from core.domain.documents import (
    Read,
    read_choice,
    read_fields,
    read_list,
    read_name,
    read_object,
    read_whole,
    read_words,
    read_yes,
    wrong,
)
from core.domain.priority import PRIORITIES
from core.domain.returns import ReturnReason, Wish
from core.domain.values import dataclass

RULES_MOST = 50
DAYS_MOST = 3650
# What the shop, not the customer, has to answer for: neither fee nor label are the customer's.
OUR_FAULT = (ReturnReason.DEFECTIVE, ReturnReason.NOT_AS_DESCRIBED, ReturnReason.WRONG_ITEM)


class Payer(StrEnum):
    """Who pays for the way back."""

    SHOP = "shop"
    CUSTOMER = "customer"


class RefundOn(StrEnum):
    """When the money of received goods is due."""

    SCAN = "scan"  # as soon as they are counted in
    INSPECTION = "inspection"  # once they have left quarantine


class ShippingBack(StrEnum):
    """What of the order's shipping goes back with the goods."""

    NONE = "none"
    PROPORTIONAL = "proportional"  # to the goods that came back
    FULL = "full"  # the whole of it, once everything has come back
    FAULT = "fault"  # the whole of it at once, where the shop is at fault


@dataclass(frozen=True, slots=True)
class When:
    """Which returned lines a rule is for; everything that is named must fit."""

    channels: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a line comes back; amounts are minor units of the order's currency."""

    window_days: int = 30
    grace_days: int = 3  # for the parcel's way, after the day until which it is to be sent
    final_sale: bool = False
    fee: int = 0  # once per return
    fee_percent: int = 0  # of the goods' money
    fee_on_our_fault: bool = False
    label: Payer = Payer.SHOP
    label_cost: int = 0  # what the label costs a customer who pays for it, once per return
    keep_below: int = 0  # goods of less than this are refunded and kept
    resolutions: tuple[Wish, ...] = (Wish.REFUND,)
    bonus_percent: int = 0  # on top, for those who take credit
    photo: bool = False
    staff_above: int = 10_000  # above this a person decides
    refund_on: RefundOn = RefundOn.SCAN
    shipping: ShippingBack = ShippingBack.NONE
    rules: tuple[str, ...] = ()  # the names of the rules that had a say

    def fees_of(self, reason: str) -> Terms:
        """The terms for one reason: what is our fault costs the customer nothing."""
        if reason not in OUR_FAULT:
            is_fault = self.shipping is ShippingBack.FAULT
            return replace(self, shipping=ShippingBack.NONE) if is_fault else self
        if self.fee_on_our_fault:
            return self
        return self.waived

    @property
    def waived(self) -> Terms:
        """The same without any cost to the customer."""
        return replace(self, fee=0, fee_percent=0, label=Payer.SHOP)

    @property
    def fixed_fee(self) -> int:
        return self.fee + (self.label_cost if self.label is Payer.CUSTOMER else 0)


@dataclass(frozen=True, slots=True)
class Rule:
    """`then` has the terms that this rule sets; all others are left to later rules."""

    name: str
    when: When = When()
    then: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    name: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class ReturnRules:
    """A document under its version number, as it rides with the shop."""

    number: int
    document: Document


@dataclass(frozen=True, slots=True)
class LineFacts:
    """What the rules know about a returned line. Money in minor units, for the units in question;
    `kept`: that of units of the line which the customer kept; `photos`: whether there are any."""

    sku: str = ""
    category: str = ""
    channel: str = ""
    country: str = ""
    tier: str = "normal"
    tags: tuple[str, ...] = ()
    reason: str = "unknown"
    wish: Wish = Wish.REFUND
    value: int = 0
    kept: int = 0
    photos: bool = False


# --- which terms hold ----------------------------------------------------------------------------


def default_terms(policy: Mapping[str, Any]) -> Terms:
    """What holds where no rule says otherwise: the shop's policies."""
    return Terms(
        window_days=int(policy["return_window_days"]),
        staff_above=int(policy["return_auto_approve_below"]),
        shipping=ShippingBack(policy["refund_shipping"]),
    )


def terms_for(rules: Iterable[Rule], line: LineFacts, default: Terms) -> Terms:
    """Each term as the first fitting rule that names it says; what none names is the default."""
    said: dict[str, Any] = {}
    names = []
    for rule in rules:
        new = {name: value for name, value in rule.then.items() if name not in said}
        if new and fits(rule.when, line):
            said |= new
            names.append(rule.name)
    return replace(default, **said, rules=tuple(names)).fees_of(line.reason)


def fits(when: When, line: LineFacts) -> bool:
    tags = {tag.casefold() for tag in line.tags}
    return (
        _has(when.channels, line.channel.casefold())
        and _has(when.countries, line.country.upper())
        and _has(when.tiers, line.tier)
        and _has(when.categories, line.category.casefold())
        and _has(when.skus, line.sku.casefold())
        and _has(when.reasons, line.reason)
        and (not when.tags or bool(tags & set(when.tags)))
        and not tags & set(when.not_tags)
    )


def _has(wanted: tuple[str, ...], word: str) -> bool:
    return not wanted or word in wanted


# --- as JSON data --------------------------------------------------------------------------------


def read_document(plain: Any) -> Document:
    """The document behind plain JSON data. Raises Invalid, naming the place and what to write."""
    given = read_fields(plain, "", _DOCUMENT)
    if "name" not in given:
        raise wrong("name", "give the return rules a name")
    if not given.get("rules"):
        raise wrong("rules", "return rules need at least one rule")
    names = [rule.name.casefold() for rule in given["rules"]]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise wrong(f"rules[{place}].name", f"there is a rule “{name}” already")
    return Document(given["name"], given["rules"])


def to_plain(document: Document) -> dict[str, Any]:
    """The document as JSON data; what is not said is left out."""
    return {"name": document.name, "rules": [_plain_rule(rule) for rule in document.rules]}


def _plain_rule(rule: Rule) -> dict[str, Any]:
    when = {name: list(words) for name, words in asdict(rule.when).items() if words}
    then = {name: _plain(value) for name, value in rule.then.items()}
    return {"name": rule.name, **({"when": when} if when else {}), "then": then}


def plain_terms(terms: Terms) -> dict[str, Any]:
    """The terms of one line as they are kept with its return."""
    return {f.name: _plain(getattr(terms, f.name)) for f in fields(terms)}


def read_terms(plain: Mapping[str, Any]) -> Terms:
    """Kept terms; what they do not say has the default of an older house."""
    read = {name: _THEN[name](value, name) for name, value in plain.items() if name in _THEN}
    return Terms(**read, rules=tuple(plain.get("rules", ())))


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value.value if isinstance(value, StrEnum) else value


def _known(choices: Iterable[str]) -> Read:
    known = tuple(choices)

    def read(value: Any, place: str) -> tuple[str, ...]:
        words: tuple[str, ...] = _low(value, place)
        for word in words:
            if word not in known:
                raise wrong(place, f"“{word}” is not known; write {' or '.join(known)}")
        return words

    return read


def _wishes(value: Any, place: str) -> tuple[Wish, ...]:
    if not isinstance(value, list) or not value:
        raise wrong(place, f"write a list of {', '.join(Wish)}")
    found = [read_choice(Wish)(each, f"{place}[{n}]") for n, each in enumerate(value)]
    return tuple(dict.fromkeys(Wish(each) for each in found))


def _rule(value: Any, place: str) -> Rule:
    given = read_object(value, place, _RULE)
    if "name" not in given:
        raise wrong(f"{place}.name", "give the rule a name")
    if not given.get("then"):
        raise wrong(f"{place}.then", f"say what holds: {', '.join(_THEN)}")
    found = read_fields(value, place, _RULE)
    return Rule(found["name"], When(**found.get("when", {})), found["then"])


_low, _high = read_words(str.casefold), read_words(str.upper)
_WHEN: dict[str, Read] = {
    **dict.fromkeys(("channels", "tags", "not_tags", "categories", "skus"), _low),
    "countries": _high,
    "tiers": _known(PRIORITIES),
    "reasons": _known(reason.value for reason in ReturnReason),
}
_THEN: dict[str, Read] = {
    "window_days": read_whole(0, DAYS_MOST),
    "grace_days": read_whole(0, 365),
    **dict.fromkeys(("final_sale", "fee_on_our_fault", "photo"), read_yes),
    **dict.fromkeys(("fee", "label_cost", "keep_below", "staff_above"), read_whole(0)),
    **dict.fromkeys(("fee_percent", "bonus_percent"), read_whole(0, 100)),
    "label": read_choice(Payer),
    "resolutions": _wishes,
    "refund_on": read_choice(RefundOn),
    "shipping": read_choice(ShippingBack),
}
_RULE: dict[str, Read] = {
    "name": read_name,
    "when": lambda value, place: read_fields(value, place, _WHEN),
    "then": lambda value, place: read_fields(value, place, _THEN),
}
_DOCUMENT: dict[str, Read] = {"name": read_name, "rules": read_list(_rule, RULES_MOST)}
