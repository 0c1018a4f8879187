"""Return rules as versions: put, draft, activate, roll back, switch off."""

from __future__ import annotations

from typing import Annotated, Any

from core.commands.versions import (
    Family,
    check_new,
    preset_names,
    put_in_force,
    roll_back,
    switch_off,
    write,
)
from core.db.return_rules import RETURN_RULES, categories_of
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.returning.explain import lint
from core.domain.returning.presets import drafted
from core.domain.returning.rules import Document, read_document
from core.domain.values import dataclass
from core.registry import Arg, Done, command


@dataclass(frozen=True, slots=True)
class PutReturnRules:
    """Write a new version of the return rules, whole; it is a draft until it is activated."""

    document: dict[str, Any]
    reason: str = ""


@command("put return-rules", PutReturnRules, Right.MANAGE, in_chat=False)
def put_rules(ask: PutReturnRules, uow: UnitOfWork) -> Done:
    return _written(uow, read_document(ask.document), ask.reason)


@dataclass(frozen=True, slots=True)
class DraftReturnRules:
    """Draft return rules from ready ones: `return-rules presets` lists them."""

    presets: Annotated[str, Arg.TEXT]


@command(
    "return-rules draft",
    DraftReturnRules,
    Right.MANAGE,
    examples=("return-rules draft vip-longer credit-bonus",),
)
def draft_rules(ask: DraftReturnRules, uow: UnitOfWork) -> Done:
    return _written(uow, drafted(preset_names(_FAMILY, ask.presets)))


def _written(uow: UnitOfWork, document: Document, reason: str = "") -> Done:
    odd = lint(document, categories_of(uow.session, uow.shop.id))
    return write(_FAMILY, uow, document, odd, reason)


@dataclass(frozen=True, slots=True)
class ActivateReturnRules:
    """Put a version of the return rules in force; returns that were asked for keep their terms."""

    number: Annotated[int, Arg.QUANTITY]
    reason: Annotated[str, Arg.TEXT] = ""


@command(
    "return-rules activate",
    ActivateReturnRules,
    Right.MANAGE,
    examples=("return-rules activate 2",),
)
def activate_rules(ask: ActivateReturnRules, uow: UnitOfWork) -> Done:
    check_new(_FAMILY, uow, ask.number)
    return put_in_force(_FAMILY, uow, ask.number, ask.reason)


@dataclass(frozen=True, slots=True)
class RollBackReturnRules:
    """Put the return rules in force again that were so before the present ones."""

    reason: Annotated[str, Arg.TEXT] = ""


@command(
    "return-rules rollback",
    RollBackReturnRules,
    Right.MANAGE,
    examples=("return-rules rollback",),
)
def roll_back_rules(ask: RollBackReturnRules, uow: UnitOfWork) -> Done:
    return roll_back(_FAMILY, uow, ask.reason)


@dataclass(frozen=True, slots=True)
class SwitchReturnRulesOff:
    """Judge returns without rules: the policies decide alone."""

    reason: Annotated[str, Arg.TEXT] = ""


@command("return-rules off", SwitchReturnRulesOff, Right.MANAGE, examples=("return-rules off",))
def switch_rules_off(ask: SwitchReturnRulesOff, uow: UnitOfWork) -> Done:
    return switch_off(_FAMILY, uow, ask.reason)


def _back_to(number: int) -> ActivateReturnRules | SwitchReturnRulesOff:
    return ActivateReturnRules(number) if number else SwitchReturnRulesOff()


_FAMILY = Family(RETURN_RULES, _back_to, "No return rules are in force; the policies decide alone.")
