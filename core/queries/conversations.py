"""A conversation with a customer as staff read it: who said what, oldest first."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from core.db.cases import visible_case
from core.db.conversations import conversation_of_case, messages_of
from core.db.reading import Reader
from core.db.rows import moment
from core.domain.access import Right
from core.domain.refusals import NotPossible
from core.domain.values import dataclass
from core.registry import Arg, question

LINES_SHOWN = 40
_LINK = re.compile(r"track:order-\d+")


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """`author` is customer, bot, or the name of a colleague."""

    author: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Transcript:
    case: int
    surface: str
    language: str
    with_person: bool
    lines: tuple[SpokenLine, ...]


@dataclass(frozen=True, slots=True)
class ShowConversation:
    """Show what was said in the conversation behind a case."""

    case: Annotated[int, Arg.CASE]


@question("transcript", ShowConversation, Right.TALK, in_chat=False)
def show_conversation(ask: ShowConversation, reader: Reader) -> Transcript:
    case = visible_case(reader, ask.case)
    talk = conversation_of_case(reader.session, reader.shop.id, case.id)
    if talk is None:
        raise NotPossible(f"Case {ask.case} is not a conversation.")
    rows = messages_of(reader.session, talk.id)[-LINES_SHOWN:]
    lines = tuple(
        SpokenLine(author, _LINK.sub("(tracking link)", words), moment(at))
        for _, author, words, _, at in rows
    )
    return Transcript(case.number, talk.surface, talk.language, talk.mode == "person", lines)
