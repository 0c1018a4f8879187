"""Undo: a step of one's own is taken back while nobody outside has been told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import msgspec

from core.commands.kept import why_kept
from core.db import undo as steps
from core.db.undo import Step
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right, demand
from core.domain.refusals import Conflict, NotPossible
from core.domain.undo import CaseBefore, in_words, window_of
from core.domain.values import dataclass
from core.registry import Arg, Done, command, command_named


@dataclass(frozen=True, slots=True)
class UndoLast:
    """Take back the last thing you did, while that is still possible.

    `command` names another step of yours than the last: the button on its card does.
    """

    command: Annotated[int, Arg.NONE] = 0


@command("undo", UndoLast, Right.VIEW, examples=("undo",))
def undo(ask: UndoLast, uow: UnitOfWork) -> Done:
    window = window_of(uow.shop.policy)
    steps.begin(uow.session)
    found = _step(ask, uow, window)
    done = command_named(found.command)
    demand(uow.actor, done.right)  # who may not do it any more may not undo it either
    inverse = msgspec.json.decode(found.undo)
    verb = done.verb
    if inverse is None:
        raise NotPossible(
            f"Your last step ({verb}) cannot be taken back.",
            why_kept(done) or f"Write `help {verb}` to see what can be done instead.",
        )
    if found.order_id is not None and uow.orders.by_id(found.order_id).version != found.version:
        raise Conflict("The order has changed since.", "Look at it and decide anew.")
    uow.take_back(found.command_id)
    for was in inverse.get("cases", ()):
        uow.cases.put_back(msgspec.convert(was, CaseBefore))
    spec = command_named(inverse["name"])
    answer: Done = spec.handler(spec.read(inverse["arguments"]), uow)
    uow.undo = None
    return Done(f"Taken back ({verb}): {answer.sentence}", answer.facts)


def _step(ask: UndoLast, uow: UnitOfWork, window: timedelta) -> Step:
    since = uow.now - window
    who = (uow.session, uow.shop.id, uow.actor.id, since)
    command_id = ask.command or steps.last_step(*who)
    found = steps.step(*who, command_id) if command_id else None
    if found is None or found.command == "undo_last":
        how = f"Undo works for {in_words(window)} after a reversible step."
        raise NotPossible(
            "There is nothing of yours to undo.", how if window else "Undo is switched off here."
        )
    if steps.is_taken_back(uow.session, found.command_id):
        raise NotPossible("That was taken back already.", "Look at it as it is now.")
    return found
