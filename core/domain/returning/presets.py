"""Ready return rules: the trade's usual ones by name, as documents that a shop may change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.domain.refusals import Invalid
from core.domain.returning.rules import Document, read_document
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    says: str
    rule: Mapping[str, Any]


PRESETS: Mapping[str, Preset] = {
    "vip-longer": Preset(
        "VIP customers have twice as long, and pay no fee",
        {
            "name": "VIPs have longer",
            "when": {"tiers": ["vip"]},
            "then": {"window_days": 60, "fee": 0, "label": "shop"},
        },
    ),
    "final-sale": Preset(
        "goods of orders tagged `final-sale` do not come back",
        {
            "name": "Final sale",
            "when": {"tags": ["final-sale"]},
            "then": {"final_sale": True},
        },
    ),
    "our-fault": Preset(
        "what is our fault costs the customer nothing, and shipping goes back too",
        {
            "name": "Our fault",
            "when": {"reasons": ["defective", "not_as_described", "wrong_item"]},
            "then": {"fee": 0, "fee_percent": 0, "label": "shop", "shipping": "fault"},
        },
    ),
    "photo-of-damage": Preset(
        "damage is shown on a photo",
        {
            "name": "Damage needs a photo",
            "when": {"reasons": ["defective"]},
            "then": {"photo": True},
        },
    ),
    "customer-pays-label": Preset(
        "who changes their mind pays for the way back",
        {
            "name": "The way back is the customer's",
            "when": {"reasons": ["unwanted", "style", "color", "other", "unknown"]},
            "then": {"label": "customer", "label_cost": 490},
        },
    ),
    "keep-small": Preset(
        "goods of less than 10.00 are refunded and kept",
        {"name": "Small things are kept", "then": {"keep_below": 1000}},
    ),
    "credit-bonus": Preset(
        "refund, exchange, or credit with 10 % more",
        {
            "name": "Credit is worth more",
            "then": {"resolutions": ["refund", "exchange", "credit"], "bonus_percent": 10},
        },
    ),
    "inspect-first": Preset(
        "money is due once somebody has looked at the goods",
        {"name": "Inspected first", "then": {"refund_on": "inspection"}},
    ),
    "two-weeks": Preset(
        "two weeks, and shipping goes back when everything does",
        {"name": "Two weeks", "then": {"window_days": 14, "shipping": "full"}},
    ),
}


def drafted(names: Sequence[str]) -> Document:
    """The named presets, one after another. Raises Invalid for a name that is none."""
    unknown = [name for name in names if name not in PRESETS]
    if unknown:
        raise Invalid(
            f"There are no return rules “{unknown[0]}”.", f"Ready ones: {', '.join(PRESETS)}."
        )
    rules = [dict(PRESETS[name].rule) for name in dict.fromkeys(names)]
    return read_document({"name": " + ".join(dict.fromkeys(names)), "rules": rules})
