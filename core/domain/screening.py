"""Screening: what a shop looks for in a new order, what follows from it, and the sum of points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from core.domain.holds import HoldReason
from core.domain.refusals import Invalid
from core.domain.values import dataclass

LIMIT_MAX, POINTS_MAX = 10**9, 1000


class Then(StrEnum):
    """What follows when a rule applies; in every case but `off` its points count."""

    OFF = "off"
    COUNT = "count"
    WARN = "warn"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to look for. `says` completes “a shop may look for …”; `limit_is` names the unit.

    A rule of fraud counts only while the shop has switched `fraud` on. `again` says that the rule
    is also asked when the order changes later.
    """

    says: str
    then: Then = Then.OFF
    points: int = 0
    limit: int = 0
    limit_is: str = ""
    hold: HoldReason = HoldReason.SCREENING
    fraud: bool = False
    again: bool = False


RULES: Mapping[str, Rule] = {
    "contact": Rule("an order with neither e-mail nor phone", Then.WARN, again=True),
    "recipient": Rule(
        "a parcel with nobody's name on it", Then.WARN, hold=HoldReason.ADDRESS, again=True
    ),
    "address": Rule(
        "an address that lacks what its country needs",
        Then.HOLD,
        hold=HoldReason.ADDRESS,
        again=True,
    ),
    "postal_code": Rule(
        "a postal code that its country does not write so",
        Then.WARN,
        hold=HoldReason.ADDRESS,
        again=True,
    ),
    "po_box": Rule("a post office box", hold=HoldReason.ADDRESS, again=True),
    "packing_station": Rule("a packing station", hold=HoldReason.ADDRESS, again=True),
    "country": Rule(
        "a country that is not among the `countries`",
        Then.HOLD,
        hold=HoldReason.ADDRESS,
        again=True,
    ),
    "zero_total": Rule("an order that costs nothing", Then.WARN),
    "currency": Rule("an order in another currency than the shop's"),
    "duplicate": Rule(
        "the same lines for the same customer once more", Then.WARN, 10, 30, "minutes"
    ),
    "high_value": Rule("an order that is worth a look", limit=50_000, limit_is="minor units"),
    "margin": Rule(
        "a line sold at less over its cost than this",
        limit_is="percent",
        hold=HoldReason.STOCK,
    ),
    "last_units": Rule(
        "a SKU of which no more than this is left", limit_is="units", hold=HoldReason.STOCK
    ),
    "many_by_email": Rule(
        "more orders from one e-mail address", Then.COUNT, 30, 3, "an hour", fraud=True
    ),
    "many_by_phone": Rule("more orders from one phone", Then.COUNT, 25, 3, "an hour", fraud=True),
    "many_by_address": Rule("more orders to one address", Then.COUNT, 25, 3, "an hour", fraud=True),
    "many_by_ip": Rule(
        "more orders from one internet address", Then.COUNT, 30, 3, "an hour", fraud=True
    ),
    "countries_differ": Rule(
        "a bill to another country than the parcel", Then.COUNT, 20, fraud=True, again=True
    ),
    "name_and_email": Rule(
        "an e-mail address without any of the names", Then.COUNT, 10, fraud=True, again=True
    ),
    "high_first_order": Rule(
        "a first order above this", Then.COUNT, 25, 30_000, "minor units", fraud=True
    ),
    "first_and_express": Rule("a first order that is in a hurry", Then.COUNT, 15, fraud=True),
}
SWITCHES: Mapping[str, str] = {
    "fraud": "whether the rules about fraud count at all: yes or no",
    "review_at": "points from which a person is asked",
    "hold_at": "points from which the order waits on a hold for fraud",
    "countries": "the countries that are served: DE AT CH, or all",
}
HISTORY = ("many_by_email", "many_by_phone", "many_by_address", "many_by_ip")


@dataclass(frozen=True, slots=True)
class Setting:
    """What one rule is set to in one shop."""

    then: Then
    points: int
    limit: int


@dataclass(frozen=True)
class Settings:
    """The screening of one shop; without a word of the shop the defaults above hold."""

    fraud: bool = False
    review_at: int = 30
    hold_at: int = 60
    countries: frozenset[str] = frozenset()
    told: Mapping[str, Setting] = field(default_factory=dict)

    @staticmethod
    def read(stored: Mapping[str, Any]) -> Settings:
        """From the shop's settings as they are stored; what is not known any more is left out."""
        base = Settings()
        told = {
            key: Setting(Then(one[0]), int(one[1]), int(one[2]))
            for key, one in stored.get("rules", {}).items()
            if key in RULES
        }
        return Settings(
            bool(stored.get("fraud", base.fraud)),
            int(stored.get("review_at", base.review_at)),
            int(stored.get("hold_at", base.hold_at)),
            frozenset(stored.get("countries", ())),
            told,
        )

    def stored(self) -> dict[str, Any]:
        return {
            "fraud": self.fraud,
            "review_at": self.review_at,
            "hold_at": self.hold_at,
            "countries": sorted(self.countries),
            "rules": {key: [one.then.value, one.points, one.limit] for key, one in self._told()},
        }

    def _told(self) -> list[tuple[str, Setting]]:
        return sorted(self.told.items())

    def of(self, key: str) -> Setting:
        rule = RULES[key]
        return self.told.get(key) or Setting(rule.then, rule.points, rule.limit)

    @cached_property
    def active(self) -> Mapping[str, Setting]:
        """The rules that are asked at all."""
        asked = {key: self.of(key) for key, rule in RULES.items() if self.fraud or not rule.fraud}
        if not self.countries:
            asked.pop("country")
        return {key: one for key, one in asked.items() if one.then is not Then.OFF}

    @cached_property
    def counts_history(self) -> bool:
        """Whether orders of the last hour are counted: those that are not, cost no statement."""
        return any(key in self.active for key in HISTORY)

    def as_typed(self, key: str) -> str:
        """One thing as `screening set` takes it."""
        if key == "fraud":
            return "yes" if self.fraud else "no"
        if key == "countries":
            return " ".join(sorted(self.countries)) or "all"
        if key in SWITCHES:
            return str(getattr(self, key))
        one = self.of(key)
        limit = f" {one.limit}" if RULES[key].limit_is else ""
        return f"{one.then.value}{limit} points {one.points}"

    def change(self, key: str, words: str) -> Settings:
        """One thing decided, as it was typed. Raises Invalid, saying what may be written."""
        if key in SWITCHES:
            return replace(self, **{key: _SWITCH_READERS[key](key, words)})
        if key not in RULES:
            known = ", ".join((*SWITCHES, *RULES))
            raise Invalid(f"The screening has no rule {key}.", f"There are: {known}.")
        return replace(self, told={**self.told, key: _changed(key, self.of(key), words)})


def _changed(key: str, setting: Setting, words: str) -> Setting:
    """“hold”, “warn 60”, “points 25”, “45”: what follows, the limit, the points."""
    said = words.casefold().split()
    if not said:
        raise Invalid(f"What should {key} be?", _may_be(key))
    decided = any(word in set(Then) for word in said)
    while said:
        word = said.pop(0)
        if word == "points" and said and said[0].isdecimal():
            setting = replace(setting, points=_within(key, said.pop(0), POINTS_MAX))
            if setting.then is Then.OFF and not decided:
                setting = replace(setting, then=Then.COUNT)
        elif word in set(Then):
            setting = replace(setting, then=Then(word))
        elif not word.isdecimal():
            raise Invalid(f"{key} cannot be “{words}”.", _may_be(key))
        elif not RULES[key].limit_is:
            raise Invalid(f"{key} has no limit.", _may_be(key))
        else:
            setting = replace(setting, limit=_within(key, word, LIMIT_MAX))
    return setting


def _may_be(key: str) -> str:
    limit = f", a limit in {RULES[key].limit_is} such as 30" if RULES[key].limit_is else ""
    return f"Write off, count, warn, hold, points 20{limit}."


def _within(key: str, word: str, most: int) -> int:
    number = int(word) if word.isascii() and len(word) <= 12 else most + 1
    if number > most:
        raise Invalid(f"{word} is too much for {key}.", f"Write 0 to {most}.")
    return number


def _points(key: str, words: str) -> int:
    if not (words.isascii() and words.isdecimal()) or int(words[:12]) == 0:
        raise Invalid(f"{key} is a number of points.", f"Write 1 to {POINTS_MAX}.")
    return _within(key, words, POINTS_MAX)


def _yes(key: str, words: str) -> bool:
    if words.casefold() not in ("yes", "on", "no", "off"):
        raise Invalid(f"“{words}” is neither yes nor no.", f"Write `screening set {key} yes`.")
    return words.casefold() in ("yes", "on")


def _countries(_key: str, words: str) -> frozenset[str]:
    codes = frozenset(words.upper().replace(",", " ").split())
    if codes == {"ALL"}:
        return frozenset()
    wrong = next(
        (c for c in sorted(codes) if len(c) != 2 or not c.isascii() or not c.isalpha()), ""
    )
    if wrong or not codes:
        raise Invalid(f"“{wrong or words}” is not a country code.", "Write DE AT CH, or all.")
    return codes


_SWITCH_READERS: Mapping[str, Any] = {
    "fraud": _yes,
    "review_at": _points,
    "hold_at": _points,
    "countries": _countries,
}


# --- what follows --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Concern:
    """One rule that applies to one order. `detail` is what it saw: the same rule that sees the
    same again has nothing new to say."""

    rule: str
    sentence: str
    points: int
    then: Then
    detail: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.rule, self.detail


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the concerns of an order come to. `holds` maps a kind of hold to its sentences."""

    points: int
    holds: Mapping[HoldReason, tuple[str, ...]]
    needs_person: bool


def judge(concerns: Iterable[Concern], settings: Settings) -> Verdict:
    """Concerns that hold do so each for its own kind; the points of all decide about fraud."""
    found = tuple(concerns)
    points = sum(concern.points for concern in found)
    holds: dict[HoldReason, tuple[str, ...]] = {}
    for concern in found:
        if concern.then is Then.HOLD:
            kind = RULES[concern.rule].hold
            holds[kind] = (*holds.get(kind, ()), concern.sentence)
    if found and points >= settings.hold_at:
        counted = tuple(c.sentence for c in found if c.points)
        holds[HoldReason.FRAUD] = (*holds.get(HoldReason.FRAUD, ()), *counted)
    warned = any(concern.then is Then.WARN for concern in found)
    reviewed = bool(found) and points >= settings.review_at
    return Verdict(points, holds, bool(holds) or warned or reviewed)


def news(concerns: Iterable[Concern], told: Iterable[tuple[str, str]]) -> tuple[Concern, ...]:
    """Only what was not told before: what a person let pass does not hold a second time."""
    known = set(told)
    return tuple(concern for concern in concerns if concern.key not in known)
