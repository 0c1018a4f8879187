"""Refusals: the ways in which wismo says no, with a code for machines and a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


class Refusal(Exception):
    """An expected no. `sentence` says what is the matter, `next` what to do about it.

    `code` is stable across releases; a surface only chooses the clothes (status, Slack text,
    chat line). Nothing was changed when a refusal is raised.
    """

    code = "refused"

    facts: Mapping[str, Any] = MappingProxyType({})  # for machines: the value that it really has

    def __init__(
        self,
        sentence: str,
        next: str = "",
        *,
        code: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.next = next
        if code is not None:
            self.code = code
        if facts is not None:
            self.facts = facts

    def __str__(self) -> str:
        return f"{self.sentence} {self.next}".strip()


class Invalid(Refusal):
    """The question or command itself makes no sense: a wrong word, number or date."""

    code = "invalid"


class NotFound(Refusal):
    """It does not exist, or this person may not know that it does: the two look alike."""

    code = "not_found"


class NotAllowed(Refusal):
    """The person is known but their role does not reach that far."""

    code = "not_allowed"


class NotPossible(Refusal):
    """The state forbids it: shipped, canceled, held, already done."""

    code = "not_possible"


class Conflict(Refusal):
    """Somebody else was first: the version or the compared value has moved."""

    code = "conflict"


class Unavailable(Refusal):
    """Nothing was done because the house itself cannot work just now; trying again is safe."""

    code = "unavailable"
