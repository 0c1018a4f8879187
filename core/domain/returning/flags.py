"""What looks wrong about a return or a claim: each flag with the figures that raised it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import StrEnum

from core.domain.refusals import Invalid
from core.domain.values import dataclass


class Flag(StrEnum):
    SAME_PHOTO = "same_photo"
    MANY_RETURNS = "many_returns"
    MANY_CLAIMS = "many_claims"
    RECEIPT_REUSED = "receipt_reused"
    NEVER_BOUGHT = "never_bought"
    ABOVE_PAID = "above_paid"


class Outcome(StrEnum):
    """What follows from a flag: nothing, a look by a person, or a no."""

    IGNORE = "ignore"
    REVIEW = "review"
    DENY = "deny"


# What cannot be right is refused, or a person looks at it: it is never let pass.
IMPOSSIBLE = (Flag.RECEIPT_REUSED, Flag.NEVER_BOUGHT, Flag.ABOVE_PAID)
_USUAL = {flag: Outcome.DENY if flag in IMPOSSIBLE else Outcome.REVIEW for flag in Flag}
_STRICT = (Outcome.IGNORE, Outcome.REVIEW, Outcome.DENY)


@dataclass(frozen=True, slots=True)
class History:
    """What is known of a customer and of the photos they sent: `seen` is photo → order number.

    Units and claims of the last twelve months, this return or claim not among them.
    """

    seen: Mapping[str, str] = field(default_factory=dict)
    bought: int = 0
    returned: int = 0
    claims: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """From `units` bought on, more than `percent` returned is much; so are `claims` claims."""

    units: int = 10
    percent: int = 60
    claims: int = 3


@dataclass(frozen=True, slots=True)
class Raised:
    flag: Flag
    words: str


def raised(history: History, limits: Limits) -> tuple[Raised, ...]:
    """Every flag that these figures raise, explained for staff."""
    return tuple(_raised(history, limits))


def _raised(history: History, limits: Limits) -> Iterable[Raised]:
    if history.seen:
        orders = ", ".join(dict.fromkeys(history.seen.values()))
        count = len(history.seen)
        photos = "The same photo was" if count == 1 else f"{count} of the photos were"
        yield Raised(Flag.SAME_PHOTO, f"{photos} sent before, for order {orders}.")
    if history.bought >= limits.units and _share(history) > limits.percent:
        yield Raised(
            Flag.MANY_RETURNS,
            f"{history.returned} of {history.bought} units of the last year came back "
            f"({_share(history)} %, above {limits.percent} %).",
        )
    if history.claims >= limits.claims:
        yield Raised(Flag.MANY_CLAIMS, f"{history.claims} claims within the last year.")


def _share(history: History) -> int:
    return 100 * history.returned // history.bought


def outcome_of(found: Iterable[Raised], told: Mapping[Flag, Outcome]) -> Outcome:
    """The strictest of what the shop does about these flags."""
    outcomes = [told[each.flag] for each in found]
    return max(outcomes, key=_STRICT.index, default=Outcome.IGNORE)


def flag_outcomes(text: str) -> Mapping[Flag, Outcome]:
    """What a shop does about flags, where it differs from a look: `same_photo deny`.

    Several are separated by semicolons. Raises Invalid.
    """
    found = dict(_USUAL)
    for part in filter(None, map(str.strip, text.split(";"))):
        name, _, outcome = part.partition(" ")
        try:
            found[Flag(name.strip())] = Outcome(outcome.strip())
        except ValueError:
            raise Invalid(
                f"“{part}” is no flag with its outcome.",
                f"Flags: {', '.join(Flag)}. Outcomes: {', '.join(Outcome)}.",
            ) from None
    for flag in IMPOSSIBLE:
        if found[flag] is Outcome.IGNORE:
            raise Invalid(f"“{flag} ignore” would let pass what cannot be.", "Say review or deny.")
    return found
