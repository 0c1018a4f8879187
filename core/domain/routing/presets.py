"""The trade's own rules, ready to draft: each a rule set that explains itself in one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches

from core.domain.refusals import Invalid
from core.domain.routing.document import (
    Aim,
    Constraints,
    Document,
    Else,
    Money,
    Otherwise,
    Rule,
    Scope,
    Wait,
)
from core.domain.values import dataclass

NEXT = Otherwise(Else.NEXT)


@dataclass(frozen=True, slots=True)
class Preset:
    """`rules` go before everything else; `says` is why a shop would want them."""

    name: str
    says: str
    rules: tuple[Rule, ...]


_ALL = (
    Preset(
        "minimize-splits",
        "One parcel where one location has everything, else as few as possible.",
        (Rule("minimize splits", prefer=(Aim.FEWEST_PARCELS, Aim.CHEAPEST, Aim.NEAREST)),),
    ),
    Preset(
        "cheapest",
        "The least shipping and handling cost, whatever the number of parcels.",
        (Rule("cheapest", prefer=(Aim.CHEAPEST, Aim.FEWEST_PARCELS, Aim.NEAREST)),),
    ),
    Preset(
        "nearest",
        "The fewest kilometers, then the fewest parcels.",
        (Rule("nearest", prefer=(Aim.NEAREST, Aim.FEWEST_PARCELS, Aim.CHEAPEST)),),
    ),
    Preset(
        "ranked",
        "Every unit from the best ranked location that has it.",
        (Rule("ranked locations", prefer=(Aim.RANKED, Aim.FEWEST_PARCELS, Aim.CHEAPEST)),),
    ),
    Preset(
        "stay-in-market",
        "Ship within the country it goes to where that has everything; else from anywhere.",
        (
            Rule(
                "stay in the market",
                only=Constraints(same_country=True, complete=True),
                otherwise=NEXT,
            ),
        ),
    ),
    Preset(
        "express-national",
        "What is promised within 48 hours leaves the national warehouse where it has all of it.",
        (
            Rule(
                "express from the national warehouse",
                when=Scope(promise_within_hours=48),
                only=Constraints(groups=("national",), complete=True),
                prefer=(Aim.ON_TIME, Aim.FEWEST_PARCELS, Aim.NEAREST),
                otherwise=NEXT,
            ),
        ),
    ),
    Preset(
        "ship-from-store",
        "A store within 50 km that has everything ships it: a short way beats a cheap one.",
        (
            Rule(
                "ship from a store nearby",
                only=Constraints(groups=("store",), max_distance_km=50, complete=True),
                prefer=(Aim.FEWEST_PARCELS, Aim.NEAREST),
                otherwise=NEXT,
            ),
        ),
    ),
    Preset(
        "store-first",
        "A store that has it ships it, before any warehouse.",
        (
            Rule(
                "stores first",
                only=Constraints(groups=("store",), complete=True),
                otherwise=NEXT,
            ),
        ),
    ),
    Preset(
        "clear-aging",
        "Every unit from where the goods have been lying longest.",
        (Rule("clear aging stock", prefer=(Aim.OLDEST_STOCK, Aim.FEWEST_PARCELS, Aim.CHEAPEST)),),
    ),
    Preset(
        "balance-stock",
        "Every unit from where the most of it lies.",
        (Rule("balance the stock", prefer=(Aim.STOCK_BALANCE, Aim.FEWEST_PARCELS, Aim.CHEAPEST)),),
    ),
    Preset(
        "on-time",
        "Keep the promise first, then few parcels, then low cost.",
        (Rule("on time", prefer=(Aim.ON_TIME, Aim.FEWEST_PARCELS, Aim.CHEAPEST, Aim.NEAREST)),),
    ),
    Preset(
        "wait-for-one-parcel",
        "A split order waits a day for one location that has all of it, never past its promise.",
        (Rule("wait for one parcel", wait=Wait(one_place_hours=24)),),
    ),
    Preset(
        "money",
        "Everything as money: parcels, handling, splits, late days and the last units.",
        (Rule("least money", prefer=Money(split=150, late_day=500, stock_out=100)),),
    ),
    Preset(
        "ask-before-split",
        "One parcel, or a person chooses between the two best plans.",
        (
            Rule(
                "ask before a split",
                only=Constraints(max_parcels=1, complete=True),
                otherwise=Otherwise(Else.ASK),
            ),
        ),
    ),
)
PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in _ALL}


def preset_named(name: str) -> Preset:
    """A preset, however its name was spaced. Raises Invalid, naming the nearest."""
    wanted = name.strip().casefold().replace("_", "-").replace(" ", "-")
    if wanted not in PRESETS:
        near = get_close_matches(wanted, PRESETS, 1)
        hint = f"Did you mean {near[0]}?" if near else "Look at `rules presets`."
        raise Invalid(f"There are no ready rules called {name}.", hint, code="bad_rules")
    return PRESETS[wanted]


def drafted(names: list[str]) -> Document:
    """The rules of some presets, one after another."""
    chosen = [preset_named(name) for name in dict.fromkeys(names)]
    rules = [rule for preset in chosen for rule in preset.rules]
    last = len(rules) - 1
    fallen = [
        rule if n == last or rule.otherwise is not None else replace(rule, otherwise=NEXT)
        for n, rule in enumerate(rules)
    ]
    return Document(" + ".join(preset.name for preset in chosen), tuple(fallen))
