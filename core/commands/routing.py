"""Routing rules as versions: draft, put, activate, roll back, switch off."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from core.commands.simulating import Simulated, simulate
from core.commands.versions import (
    Family,
    check_new,
    preset_names,
    put_in_force,
    roll_back,
    switch_off,
    write,
)
from core.db.reading import Reader
from core.db.routing import RULES
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.money import Money
from core.domain.refusals import NotPossible
from core.domain.routing.document import Document, RuleSet, read_document
from core.domain.routing.lint import lint
from core.domain.routing.presets import drafted
from core.domain.routing.simulate import Figure, figures
from core.domain.values import dataclass
from core.registry import Arg, Done, command

FORESEEN_DAYS, FORESEEN_ORDERS = 90, 100  # enough to see what changes, in a blink


@dataclass(frozen=True, slots=True)
class PutRules:
    """Write a new version of the routing rules, whole; it is a draft until it is activated."""

    document: dict[str, Any]
    reason: str = ""


@command("put rules", PutRules, Right.MANAGE, in_chat=False)
def put_rules(ask: PutRules, uow: UnitOfWork) -> Done:
    return _written(uow, read_document(ask.document), ask.reason)


@dataclass(frozen=True, slots=True)
class DraftRules:
    """Draft routing rules from ready ones: `rules presets` lists them; several go in order."""

    presets: Annotated[str, Arg.TEXT]


@command(
    "rules draft",
    DraftRules,
    Right.MANAGE,
    examples=("rules draft minimize-splits", "rules draft stay-in-market nearest"),
)
def draft_rules(ask: DraftRules, uow: UnitOfWork) -> Done:
    return _written(uow, drafted(preset_names(_FAMILY, ask.presets)))


def _written(uow: UnitOfWork, document: Document, reason: str = "") -> Done:
    odd = lint(document, uow.shop.locations.values())
    return write(_FAMILY, uow, document, odd, reason)


class Sure(StrEnum):
    SURE = "sure"


@dataclass(frozen=True, slots=True)
class ActivateRules:
    """Put a version of the routing rules in force, from the next order on.

    What that would have meant for the last orders is shown first; `sure` does it.
    """

    number: Annotated[int, Arg.QUANTITY]
    sure: Annotated[Sure | None, Arg.CHOICE] = None
    reason: Annotated[str, Arg.TEXT] = ""


def foresee(ask: ActivateRules, reader: Reader) -> Simulated | None:
    """The effect on the last orders, worked out outside the transaction."""
    newest = [each.number for each in RULES.newest(reader.session, reader.shop.id, 1)]
    if ask.sure is not None or not 1 <= ask.number <= max(newest, default=0):
        return None
    found = RULES.one(reader.session, reader.shop.id, ask.number)
    draft = RuleSet(ask.number, found.document)
    return simulate(reader, draft, FORESEEN_DAYS, most=FORESEEN_ORDERS)


@command(
    "rules activate",
    ActivateRules,
    Right.MANAGE,
    prepare=foresee,
    looks_first=True,
    examples=("rules activate 4", "rules activate 4 sure"),
)
def activate_rules(ask: ActivateRules, uow: UnitOfWork, seen: Simulated | None = None) -> Done:
    check_new(_FAMILY, uow, ask.number)
    if seen is not None and seen.then.orders:
        raise NotPossible(
            _foreseen(ask.number, seen, uow.shop.currency),
            f"Write `rules activate {ask.number} sure`, or look at `simulate {ask.number}`.",
            code="look_first",
        )
    return put_in_force(_FAMILY, uow, ask.number, ask.reason)


def _foreseen(number: int, seen: Simulated, currency: str) -> str:
    """The effect in two sentences: how many orders, and the figures that moved."""
    orders = seen.then.orders
    told = f"Of the last {orders} orders, {seen.changed} would ship otherwise by version {number}."
    moved = [
        f"{then.name} {_plain(then, currency)} instead of {_plain(now, currency)}"
        for now, then in zip(figures(seen.now), figures(seen.then), strict=True)
        if now.value != then.value
    ]
    return f"{told} {_upper('; '.join(moved))}." if moved else told


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _plain(figure: Figure, currency: str) -> str:
    if figure.value is None:
        return "nothing"
    if figure.kind == "money":
        return str(Money(round(figure.value), currency))
    unit = {"share": " %", "km": " km"}.get(figure.kind, "")
    return f"{figure.value:g}{unit}"


@dataclass(frozen=True, slots=True)
class RollBackRules:
    """Put the rules in force again that were so before the present ones."""

    reason: Annotated[str, Arg.TEXT] = ""


@command("rules rollback", RollBackRules, Right.MANAGE, examples=("rules rollback",))
def roll_back_rules(ask: RollBackRules, uow: UnitOfWork) -> Done:
    return roll_back(_FAMILY, uow, ask.reason)


@dataclass(frozen=True, slots=True)
class SwitchRulesOff:
    """Route without rules: the policy `objective` decides."""

    reason: Annotated[str, Arg.TEXT] = ""


@command("rules off", SwitchRulesOff, Right.MANAGE, examples=("rules off",))
def switch_rules_off(ask: SwitchRulesOff, uow: UnitOfWork) -> Done:
    return switch_off(_FAMILY, uow, ask.reason)


def _back_to(number: int) -> ActivateRules | SwitchRulesOff:
    return ActivateRules(number, Sure.SURE) if number else SwitchRulesOff()


_FAMILY = Family(RULES, _back_to, "No routing rules are in force; the policy `objective` decides.")
