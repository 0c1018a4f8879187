"""What both families of versioned rules do alike: drafted, put in force, rolled back, switched off.

Undo puts in force again what was before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic

from core.db.unit_of_work import UnitOfWork
from core.db.versions import D, Versions
from core.domain.refusals import Invalid, NotPossible
from core.domain.values import dataclass
from core.registry import Done


@dataclass(frozen=True, slots=True)
class Family(Generic[D]):
    """`back_to` is the command that puts a version in force again (0: none), `off` what is said
    when none is."""

    rules: Versions[D]
    back_to: Callable[[int], Any]
    off: str


def preset_names(family: Family[D], text: str) -> list[str]:
    names = text.replace(",", " ").split()
    if not names:
        rules = family.rules
        raise Invalid(f"Draft which {rules.name}?", f"Look at `{rules.verb} presets`.")
    return names


def write(
    family: Family[D], uow: UnitOfWork, document: D, odd: Sequence[str], reason: str = ""
) -> Done:
    """A new draft; `odd` is what its linter wonders about."""
    rules = family.rules
    number = rules.write(uow, document, rules.in_force(uow.shop) or None, reason.strip())
    hints = f" {len(odd)} things look odd: {odd[0]}" if len(odd) > 1 else f" {''.join(odd)}"
    return Done(
        f"Version {number} of the {rules.name} is drafted.{hints if odd else ''}",
        {"number": number, "odd": odd},
    )


def check_new(family: Family[D], uow: UnitOfWork, number: int) -> None:
    """Raises NotFound for a version that is not there, NotPossible for the one in force."""
    family.rules.one(uow.session, uow.shop.id, number)
    if family.rules.in_force(uow.shop) == number:
        raise NotPossible(f"Version {number} is in force already.", code="already")


def put_in_force(family: Family[D], uow: UnitOfWork, number: int, reason: str) -> Done:
    told = f"Version {number} of the {family.rules.name} is in force."
    return _turn(family, uow, number, reason, told, family.rules.in_force(uow.shop))


def roll_back(family: Family[D], uow: UnitOfWork, reason: str) -> Done:
    rules = family.rules
    history = rules.activations(uow.session, uow.shop.id, 2)
    if not history:
        raise NotPossible(
            f"No {rules.name} were ever in force.", f"Draft some: `{rules.verb} presets`."
        )
    number = history[1].number if len(history) > 1 else 0
    again = f"Version {number} of the {rules.name} is in force again."
    told = again if number else family.off
    return _turn(family, uow, number, reason.strip() or "rolled back", told, history[0].number)


def switch_off(family: Family[D], uow: UnitOfWork, reason: str) -> Done:
    before = family.rules.in_force(uow.shop)
    if not before:
        raise NotPossible(f"No {family.rules.name} are in force.", code="already")
    return _turn(family, uow, 0, reason, family.off, before)


def _turn(
    family: Family[D], uow: UnitOfWork, number: int, reason: str, told: str, before: int
) -> Done:
    family.rules.activate(uow, number, reason.strip())
    uow.undo = family.back_to(before)
    return Done(told, {"number": number, "before": before})
