"""Return rules as versions: put, draft, activate, roll back, switch off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from core.db import return_rules as rows
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.refusals import Invalid, NotPossible
from core.domain.returning.explain import lint
from core.domain.returning.presets import drafted
from core.domain.returning.rules import Document, read_document
from core.registry import Arg, Done, command

_OFF = "No return rules are in force; the policies decide alone."


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
    names = ask.presets.replace(",", " ").split()
    if not names:
        raise Invalid("Draft which return rules?", "Look at `return-rules presets`.")
    return _written(uow, drafted(names), "")


def _written(uow: UnitOfWork, document: Document, reason: str) -> Done:
    number = rows.write_rules(uow, document, _in_force(uow) or None, reason.strip())
    odd = lint(document, rows.categories_of(uow.session, uow.shop.id))
    hints = f" {len(odd)} things look odd: {odd[0]}" if len(odd) > 1 else f" {''.join(odd)}"
    return Done(
        f"Version {number} of the return rules is drafted.{hints if odd else ''}",
        {"number": number, "odd": odd},
    )


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
    rows.version_of(uow.session, uow.shop.id, ask.number)
    before = _in_force(uow)
    if before == ask.number:
        raise NotPossible(f"Version {ask.number} is in force already.", code="already")
    rows.activate(uow, ask.number, ask.reason.strip())
    uow.undo = _back_to(before)
    return Done(
        f"Version {ask.number} of the return rules is in force.",
        {"number": ask.number, "before": before},
    )


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
    history = rows.activations(uow.session, uow.shop.id, 2)
    if not history:
        raise NotPossible(
            "No return rules were ever in force.", "Draft some: `return-rules presets`."
        )
    before = history[1] if len(history) > 1 else 0
    rows.activate(uow, before, ask.reason.strip() or "rolled back")
    uow.undo = _back_to(history[0])
    what = f"Version {before} of the return rules is in force again." if before else _OFF
    return Done(what, {"number": before, "before": history[0]})


@dataclass(frozen=True, slots=True)
class SwitchReturnRulesOff:
    """Judge returns without rules: the policies decide alone."""

    reason: Annotated[str, Arg.TEXT] = ""


@command("return-rules off", SwitchReturnRulesOff, Right.MANAGE, examples=("return-rules off",))
def switch_rules_off(ask: SwitchReturnRulesOff, uow: UnitOfWork) -> Done:
    before = _in_force(uow)
    if not before:
        raise NotPossible("No return rules are in force.", code="already")
    rows.activate(uow, 0, ask.reason.strip())
    uow.undo = _back_to(before)
    return Done(_OFF, {"number": 0, "before": before})


def _in_force(uow: UnitOfWork) -> int:
    return uow.shop.return_rules.number if uow.shop.return_rules else 0


def _back_to(number: int) -> ActivateReturnRules | SwitchReturnRulesOff:
    return ActivateReturnRules(number) if number else SwitchReturnRulesOff()
