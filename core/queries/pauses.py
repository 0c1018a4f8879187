"""Pauses of shipping: what one would mean before anything is done, and what is paused now."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from core.commands.behind import Outcome, outcomes
from core.commands.pausing import pause_meant
from core.db import pauses as db
from core.db.reading import Reader
from core.domain.access import Right
from core.domain.pauses import read_target
from core.domain.values import dataclass
from core.registry import Arg, question

NAMED = 5


@dataclass(frozen=True, slots=True)
class BehindView:
    """One order behind a pause; money in minor units, `day` only where its promise moves."""

    order: str
    origin: str
    to: str
    carrier: str
    promise: date | None
    day: date | None
    cost: int


@dataclass(frozen=True, slots=True)
class PausePreview:
    """What a pause would mean; nothing has changed. `cost` is what all ways cost more."""

    what: str
    words: str
    until: datetime | None
    reason: str
    currency: str
    orders: int
    promised: int
    dates: int
    elsewhere: int
    other_carrier: int
    cost: int
    first: tuple[BehindView, ...]


@dataclass(frozen=True, slots=True)
class PreviewPause:
    """Show what pausing a carrier, a lane or a location would mean; nothing changes yet."""

    what: Annotated[str, Arg.TEXT]
    until: Annotated[datetime | None, Arg.UNTIL] = None
    reason: Annotated[str, Arg.NONE] = ""

    def __post_init__(self) -> None:
        read_target(self.what)


@question(
    "pause",
    PreviewPause,
    Right.PAUSE,
    examples=("pause dhl until mon", "pause dhl to GB until 28 nov", "pause ber until tomorrow"),
)
def preview_pause(ask: PreviewPause, reader: Reader) -> PausePreview:
    pause = pause_meant(reader.shop, ask.what, ask.until, reader.now)
    found = list(outcomes(reader, pause))
    told = sorted(found, key=lambda each: (not each.to, each.day is None, each.number))
    return PausePreview(
        what=ask.what,
        words=pause.words,
        until=ask.until,
        reason=ask.reason,
        currency=reader.shop.currency,
        orders=len(found),
        promised=sum(each.promise is not None for each in found),
        dates=sum(each.day is not None for each in found),
        elsewhere=sum(bool(each.to) for each in found),
        other_carrier=sum(bool(each.carrier) for each in found),
        cost=sum(each.cost for each in found),
        first=tuple(_view(each) for each in told[:NAMED]),
    )


def _view(found: Outcome) -> BehindView:
    return BehindView(
        found.number,
        found.origin,
        found.to,
        found.carrier,
        found.promise,
        found.day,
        found.cost,
    )


@dataclass(frozen=True, slots=True)
class PauseView:
    """A pause in force (`until` None: until somebody resumes it) and what it has come to."""

    words: str
    until: datetime | None
    reason: str
    by: str
    since: datetime | None
    orders: int
    dates: int
    moved: int


@dataclass(frozen=True, slots=True)
class PauseList:
    pauses: tuple[PauseView, ...]


@dataclass(frozen=True, slots=True)
class ListPauses:
    """Show which carriers, lanes and locations are paused, and until when."""


@question("pauses", ListPauses, Right.VIEW, examples=("pauses",))
def list_pauses(_: ListPauses, reader: Reader) -> PauseList:
    running = [pause for pause in reader.shop.pauses if pause.until > reader.now]
    views = []
    for pause in running:
        figures = db.figures(reader.session, pause)
        until = None if pause.is_endless else pause.until
        came_to = (figures.orders, figures.dates, figures.moved)
        said = (pause.words, until, pause.reason, pause.by, pause.since)
        views.append(PauseView(*said, *came_to))
    return PauseList(tuple(views))
