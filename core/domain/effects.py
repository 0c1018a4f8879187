"""What leaves the house: one effect to carry out, and how the attempt ended."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal

from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Effect:
    """A call or message that was decided and stored, handed to whoever carries it out.

    `key` is stable over every attempt: an outside service that knows idempotency keys gets it.
    `attempt` counts from 1. `payload` is plain JSON data.
    """

    id: int
    shop_id: int
    connection_id: int | None
    kind: str
    key: str
    attempt: int
    payload: dict[str, Any]
    unknown_before: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended.

    done: the other side has it. later: certainly not done, try again (after `retry_after`
    seconds when given). dead: never try again. unknown: it may have happened; the executor is
    called again with `unknown_before=True` and has to look before it repeats.
    """

    state: Literal["done", "later", "dead", "unknown"]
    reason: str = ""
    retry_after: float | None = None
    result: dict[str, Any] = field(default_factory=dict)


def done(**result: Any) -> Outcome:
    return Outcome("done", result=result)


def later(reason: str, retry_after: float | None = None) -> Outcome:
    return Outcome("later", reason, retry_after)


def given_back() -> Outcome:
    """Messages were paused after this one was claimed: it goes as soon as they are resumed."""
    return later("Messages are paused.", 0)


def dead(reason: str) -> Outcome:
    return Outcome("dead", reason)


def unknown(reason: str) -> Outcome:
    return Outcome("unknown", reason)
