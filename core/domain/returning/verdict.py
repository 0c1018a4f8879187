"""The verdict on a returned line: approve, review or reject, with reasons a customer can read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.domain.returning.rules import LineFacts, Terms
from core.domain.returns import Wish
from core.domain.values import dataclass


class Verdict(StrEnum):
    APPROVE = "approve"
    REVIEW = "review"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Why:
    """One reason by its code and figures; core/domain/returning/words.py says it in a language."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def read_why(plain: Iterable[Mapping[str, Any]]) -> list[Why]:
    """Kept reasons."""
    return [Why(each["code"], each.get("facts", {})) for each in plain]


@dataclass(frozen=True, slots=True)
class Assessed:
    """What the rules say of one line, and on which terms it comes back."""

    verdict: Verdict
    why: tuple[Why, ...]
    terms: Terms
    keeps: bool = False  # the customer is refunded and keeps the goods

    def flagged(self, words: str, *, deny: bool) -> Assessed:
        """Something looks wrong: a person looks, or it is denied. The customer is told no more
        than that; `words` are for staff."""
        why = Why("flag_deny" if deny else "flag_review", {"flags": words})
        if self.verdict is Verdict.REJECT:
            return self
        reasons = self.why if self.verdict is Verdict.REVIEW and not deny else ()
        verdict = Verdict.REJECT if deny else Verdict.REVIEW
        return replace(self, verdict=verdict, why=(*reasons, why), keeps=False)


def assess(
    line: LineFacts, terms: Terms, value: int, delivered_at: datetime | None, now: datetime
) -> Assessed:
    """`value` is the money of the whole return (minor units): a person looks at large ones.

    Exactly at the end of the window it is still in time.
    """
    no = tuple(_against(terms, delivered_at, now))
    if no:
        return Assessed(Verdict.REJECT, no, terms)
    doubts = tuple(_doubts(line, terms, value))
    if doubts:
        return Assessed(Verdict.REVIEW, doubts, terms)
    keeps = may_keep(terms, line.wish, line.value, line.kept)
    return Assessed(Verdict.APPROVE, (Why("kept" if keeps else "in_policy"),), terms, keeps)


def may_keep(terms: Terms, wish: Wish, value: int, kept: int) -> bool:
    """Whether goods of this value (minor units) are not worth the way back, with what was `kept`
    of their line before: many small returns are no small one."""
    return wish in (Wish.REFUND, Wish.CREDIT) and 0 < value < terms.keep_below - kept


def _against(terms: Terms, delivered_at: datetime | None, now: datetime) -> Iterable[Why]:
    if terms.final_sale:
        yield Why("final_sale")
    if delivered_at is not None and now - delivered_at > timedelta(days=terms.window_days):
        yield Why("window_over", {"days": terms.window_days})


def _doubts(line: LineFacts, terms: Terms, value: int) -> Iterable[Why]:
    if value > terms.staff_above:
        yield Why("value")
    if terms.photo and not line.photos:
        yield Why("photo")
    if line.wish not in terms.resolutions:
        yield Why("wish")


def overall(found: Iterable[Assessed]) -> Verdict:
    """The return as a whole: rejected when every line is, otherwise whatever the others need."""
    verdicts = {each.verdict for each in found}
    if verdicts == {Verdict.REJECT}:
        return Verdict.REJECT
    return Verdict.REVIEW if Verdict.REVIEW in verdicts else Verdict.APPROVE
