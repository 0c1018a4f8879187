"""What a line of text can turn out to be: to do, to look up, to fill in or to ask back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from core.domain.values import dataclass
from core.registry import Spec


@dataclass(frozen=True, slots=True)
class Ask:
    """Commands to execute one by one, in the order typed. `until` is shown back to the person."""

    spec: Spec
    commands: tuple[Any, ...]
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Questions to put one by one. `otherwise` is the one to put when the first finds nothing."""

    asked: tuple[Any, ...]
    otherwise: Any = None


@dataclass(frozen=True, slots=True)
class FormWanted:
    """The verb is known, something is missing: a form with what was said already (plain JSON)."""

    spec: Spec
    given: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A text that could have been meant. Only what merely reads may run at one press."""

    text: str
    reads: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Nothing was done: what is the matter, and the nearest words."""

    sentence: str
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True)
class HelpWanted:
    """Help, on one verb or on everything."""

    topic: str = ""


@dataclass(frozen=True, slots=True)
class RolesWanted:
    """Who may do what."""


Heard = Ask | Question | FormWanted | Suggestion
