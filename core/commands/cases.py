"""What people do with cases: take, snooze, resolve; and the wishes that customers leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from core.db.cases import visible_case
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.cases import RULES, Case, CaseKind, Finding
from core.domain.refusals import Invalid
from core.domain.values import dataclass
from core.registry import Arg, Done, command


@dataclass(frozen=True, slots=True)
class TakeCase:
    """Make a case yours, so that nobody else works on it too."""

    case: Annotated[int, Arg.CASE]


@command("take", TakeCase, Right.CASE, many=True, examples=("take 7",))
def take(ask: TakeCase, uow: UnitOfWork) -> Done:
    case = visible_case(uow, ask.case)
    after = uow.cases.save(case, case.take(uow.actor.name), f"taken by {uow.actor.name}")
    uow.undo = PutCaseBack(case.number)
    return _done(after, f"Case {case.number} is yours.")


@dataclass(frozen=True, slots=True)
class PutCaseBack:
    """Say that a case is as it was: undo puts back every case that a step changed."""

    case: int


@command("put-case-back", PutCaseBack, Right.MACHINERY, in_chat=False)
def put_case_back(ask: PutCaseBack, uow: UnitOfWork) -> Done:
    case = uow.cases.get(ask.case)
    return _done(case, f"Case {case.number} is as it was.")


@dataclass(frozen=True, slots=True)
class SnoozeCase:
    """Put a case aside until a moment; it comes back by itself."""

    case: Annotated[int, Arg.CASE]
    until: Annotated[datetime, Arg.UNTIL]


@command(
    "snooze",
    SnoozeCase,
    Right.CASE,
    aliases=("later",),
    many=True,
    examples=("snooze 7 until mon",),
)
def snooze(ask: SnoozeCase, uow: UnitOfWork) -> Done:
    case = visible_case(uow, ask.case)
    until = ask.until.isoformat(timespec="minutes")
    after = uow.cases.save(case, case.snooze(ask.until, uow.now), f"until {until}")
    uow.undo = PutCaseBack(case.number)
    return _done(after, f"Case {case.number} sleeps until {until}.")


@dataclass(frozen=True, slots=True)
class ResolveCase:
    """Close a case and say what was done."""

    case: Annotated[int, Arg.CASE]
    note: Annotated[str, Arg.TEXT] = ""

    def audited(self) -> dict[str, int]:
        return {"case": self.case, "note": len(self.note)}


@command(
    "resolve",
    ResolveCase,
    Right.CASE,
    aliases=("done", "close"),
    many=True,
    examples=("resolve 7 called the customer",),
)
def resolve(ask: ResolveCase, uow: UnitOfWork) -> Done:
    case = visible_case(uow, ask.case)
    note = ask.note.strip()
    if len(note) > 2000:
        raise Invalid("A note has 2,000 characters at most.")
    resolution = f"{uow.actor.name}: {note}" if note else f"resolved by {uow.actor.name}"
    after = _resolve(uow, case, resolution)
    if case.kind is CaseKind.STORM:
        for member in uow.cases.open_of_group(case.id):
            _resolve(uow, member, resolution)
    if case.kind is not CaseKind.CUSTOMER_CHAT:  # that customer speaks with the machine again
        uow.undo = PutCaseBack(case.number)
    back = " It comes back if its cause is still there." if RULES[case.kind].closes_itself else ""
    return _done(after, f"Case {case.number} is resolved.{back}")


def _resolve(uow: UnitOfWork, case: Case, resolution: str) -> Case:
    return uow.cases.save(case, case.resolve(uow.now, resolution), resolution)


def _done(case: Case, sentence: str) -> Done:
    return Done(sentence, {"case": case.number, "state": case.state})


# --- wishes --------------------------------------------------------------------------------------


class Wish(StrEnum):
    ADDRESS = "address"
    CANCEL = "cancel"


_WORDS = {
    Wish.ADDRESS: "wants to change the address",
    Wish.CANCEL: "wants to cancel",
}


@dataclass(frozen=True, slots=True)
class OpenWish:
    """A customer's wish about their own order, for a person to decide."""

    order: Annotated[str, Arg.ORDER]
    wish: Annotated[Wish, Arg.CHOICE]
    words: Annotated[str, Arg.TEXT] = ""

    def audited(self) -> dict[str, str]:
        return {"order": self.order, "wish": self.wish.value}


@command("wish", OpenWish, Right.OWN, in_chat=False)
def open_wish(ask: OpenWish, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    words = ask.words.strip()
    if len(words) > 2000:
        raise Invalid("That is too long.", "Say it in 2,000 characters.")
    subject = f"order:{order.id}:{ask.wish.value}"
    known = uow.cases.open_one(CaseKind.CUSTOMER_WISH, subject)
    facts = {"wish": ask.wish.value, "words": words, "order": order.number}
    if known is None:
        title = f"The customer of order {order.number} {_WORDS[ask.wish]}."
        case = uow.cases.open(
            Finding(CaseKind.CUSTOMER_WISH, subject, title, order_id=order.id, facts=facts)
        )
    else:
        said = "\n".join(w for w in (str(known.facts.get("words", "")), words) if w)
        case = _say_more(uow, known, said[-4000:])
    return Done("A colleague looks at your wish.", {"case": case.number, "order": order.number})


def _say_more(uow: UnitOfWork, known: Case, words: str) -> Case:
    """A wish said again is the same case; its card shows all that was said."""
    after = replace(known.wake(), facts={**known.facts, "words": words})
    return uow.cases.save(known, after, "the customer said more")
