"""Return rules in plain English, one line each, and what is odd about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from core.domain.returning.rules import (
    Document,
    Payer,
    RefundOn,
    Rule,
    ShippingBack,
    Terms,
    When,
)

Worded = Callable[[int], str]
_WHO = {
    "channels": "sold on {}",
    "countries": "from {}",
    "tiers": "of {} customers",
    "tags": "of orders tagged {}",
    "not_tags": "of orders not tagged {}",
    "categories": "in {}",
    "skus": "of {}",
    "reasons": "because of {}",
}
_SHIPPING = {
    ShippingBack.NONE: "shipping is not refunded",
    ShippingBack.PROPORTIONAL: "shipping is refunded in proportion",
    ShippingBack.FULL: "shipping is refunded once everything is back",
    ShippingBack.FAULT: "shipping is refunded when it is our fault",
}


def document_in_words(document: Document, money: Worded = str) -> list[str]:
    """Every rule in its order, each in one line."""
    return [
        f"{n}. {rule.name} — {rule_in_words(rule, money)}"
        for n, rule in enumerate(document.rules, 1)
    ]


def rule_in_words(rule: Rule, money: Worded = str) -> str:
    """One rule in one line: which goods it is for, then each term that it sets."""
    return f"{_for_what(rule.when)}: {'; '.join(_terms(rule.then, money))}."


def terms_in_words(terms: Terms, money: Worded = str) -> str:
    """The terms of one line that are out of the ordinary, and the rules that set them; "" for
    none."""
    usual = Terms()
    names = [f.name for f in fields(Terms) if f.name not in ("rules", "staff_above")]
    said = {n: getattr(terms, n) for n in names if getattr(terms, n) != getattr(usual, n)}
    told = ["shipping is refunded too" if n == "shipping" else "" for n in said]
    words = "; ".join(own or each for own, each in zip(told, _terms(said, money), strict=True))
    by = f" ({', '.join(terms.rules)})" if terms.rules else ""
    return f"{words[:1].upper()}{words[1:]}{by}" if words else by.strip()


def _for_what(when: When) -> str:
    named = [
        words.format(", ".join(each.replace("_", " ") for each in getattr(when, name)))
        for name, words in _WHO.items()
        if getattr(when, name)
    ]
    return f"Goods {' '.join(named)}" if named else "Everything"


def _terms(then: Mapping[str, Any], money: Worded) -> list[str]:
    return [_TERMS[name](value, money) for name, value in then.items()]


def _final(value: Any, _money: Worded) -> str:
    return "final sale, nothing comes back" if value else "no final sale"


def _label(value: Any, _money: Worded) -> str:
    payer = "the customer pays" if value is Payer.CUSTOMER else "we pay"
    return f"{payer} for the way back"


def _keep(value: Any, money: Worded) -> str:
    return f"below {money(value)} refunded without goods" if value else "goods always come back"


def _refund(value: Any, _money: Worded) -> str:
    when = "after inspection" if value is RefundOn.INSPECTION else "when counted in"
    return f"refunded {when}"


_TERMS: Mapping[str, Callable[[Any, Worded], str]] = {
    "window_days": lambda days, _: f"within {days} days of delivery",
    "grace_days": lambda days, _: f"{days} days of grace for the way",
    "final_sale": _final,
    "fee": lambda fee, money: f"a fee of {money(fee)}" if fee else "no fee",
    "fee_percent": lambda share, _: f"a fee of {share} % of the goods",
    "fee_on_our_fault": lambda yes, _: f"{'also' if yes else 'not'} when it is our fault",
    "label": _label,
    "label_cost": lambda cost, money: f"a label costs {money(cost)}",
    "keep_below": _keep,
    "resolutions": lambda all_, _: f"the customer may have {' or '.join(all_)}",
    "bonus_percent": lambda share, _: f"{share} % more as credit",
    "photo": lambda yes, _: "a photo is needed" if yes else "no photo needed",
    "staff_above": lambda most, money: f"a person decides above {money(most)}",
    "refund_on": _refund,
    "shipping": lambda how, _: _SHIPPING[how],
}


# --- lint ----------------------------------------------------------------------------------------


def lint(document: Document, categories: frozenset[str] = frozenset()) -> list[str]:
    """Sentences about what is probably not meant; an empty list is good. `categories` are those of
    the catalog (folded), if it has any."""
    return [*_silent(document), *_clashes(document), *_unknown(document, categories)]


def _silent(document: Document) -> Iterator[str]:
    """A rule all of whose terms are set for the same goods by a rule before it."""
    for later, rule in enumerate(document.rules):
        left = set(rule.then)
        for before in document.rules[:later]:
            if _covers(before.when, rule.when):
                left -= set(before.then)
        if not left:
            yield f"Rule “{rule.name}” never has a say: rules before it say all of that."


def _covers(wide: When, narrow: When) -> bool:
    """Whether all goods that fit the second surely fit the first."""
    lists = ("channels", "countries", "tiers", "tags", "categories", "skus", "reasons")
    inside = all(_inside(getattr(wide, name), getattr(narrow, name)) for name in lists)
    return inside and set(wide.not_tags) <= set(narrow.not_tags)


def _inside(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _clashes(document: Document) -> Iterator[str]:
    for rule in document.rules:
        then = rule.then
        if then.get("final_sale") and len(then) > 1:
            yield f"Rule “{rule.name}”: a final sale never comes back; its other terms are idle."
        if then.get("label_cost") and then.get("label") is Payer.SHOP:
            yield f"Rule “{rule.name}”: the label costs the customer nothing, since we pay for it."
        if then.get("bonus_percent") and "credit" not in then.get("resolutions", ("credit",)):
            yield f"Rule “{rule.name}”: the bonus is for credit, which it does not offer."
        if "fee_percent" in then and then["fee_percent"] > 50:
            yield f"Rule “{rule.name}”: the fee takes more than half of the money."


def _unknown(document: Document, categories: frozenset[str]) -> Iterator[str]:
    for rule in document.rules:
        strange = [name for name in rule.when.categories if name not in categories]
        if categories and strange:
            yield f"Rule “{rule.name}”: no product is in {', '.join(strange)}."
