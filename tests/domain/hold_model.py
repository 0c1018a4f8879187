"""A house with one order and two boxes: people act in any order, the gate decides, and a leak
is a unit that left after the answer to its hold was *stopped*."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random

from core.domain.fulfillment import OPEN_STAGES, Stage
from core.domain.holds import (
    Answer,
    Box,
    Exit,
    Hold,
    HoldReason,
    Scope,
    answer,
    concerns,
    gate,
    got_it,
)

RUNS = 500
STEPS = 14
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
MUG, TEE, SOCK = 1, 2, 3
FIRST = (Box(50, Stage.READY, frozenset({MUG, TEE})), Box(51, Stage.READY, frozenset({SOCK})))
SCOPES = ((Scope.ORDER, 0), (Scope.LINE, MUG), (Scope.LINE, SOCK), (Scope.BOX, 50))
NEXT = {
    Exit.PRINT: Stage.PRINTED,
    Exit.PICK: Stage.PICKED,
    Exit.PACK: Stage.PACKED,
    Exit.HANDOVER: Stage.SHIPPED,
}
_STEPS = [*OPEN_STAGES, Stage.SHIPPED]


@dataclass(frozen=True)
class House:
    """`stopped` are lines that somebody was told do not leave; `leaked` the ones that did."""

    boxes: tuple[Box, ...] = FIRST
    holds: tuple[Hold, ...] = ()
    labeled: frozenset[int] = frozenset()
    stopped: frozenset[int] = frozenset()
    leaked: frozenset[int] = frozenset()
    left_in_spite: bool = False


def moves(house: House, gated: bool = True) -> Iterator[House]:
    """Everything that anybody could do next."""
    for scope, of in SCOPES:
        if all(h.scope_id != of for h in house.holds):
            hold = Hold(len(house.holds), HoldReason.FRAUD, "", "", AT, scope=scope, scope_id=of)
            yield told(replace(house, holds=(*house.holds, hold)))
    for hold in house.holds:
        yield told(replace(house, holds=tuple(h for h in house.holds if h is not hold)))
    for box in house.boxes:
        yield from _of_box(house, box, gated)


def _of_box(house: House, box: Box, gated: bool) -> Iterator[House]:
    if any(answer(h, box) is Answer.ASKED for h in house.holds):
        holds = tuple(
            got_it(h, box, "", AT) if answer(h, box) is Answer.ASKED else h for h in house.holds
        )
        yield told(replace(house, holds=holds))
    for exit, stage in NEXT.items():
        if box.stage in OPEN_STAGES and _STEPS.index(stage) > _STEPS.index(box.stage):
            yield from _take(house, box, exit, stage, gated)
    if box.stage is Stage.PACKED and box.id not in house.labeled:
        yield from _take(house, box, Exit.LABEL, box.stage, gated)
    if box.stage in OPEN_STAGES and box.is_on_paper:
        yield told(_with(house, box, replace(box, stage=Stage.READY)))  # put back
        yield told(_leaves(house, box, believed=True))


def _take(house: House, box: Box, exit: Exit, stage: Stage, gated: bool) -> Iterator[House]:
    verdict = gate(house.holds if gated else (), exit, box)
    if verdict.stopped_by or (verdict.stay and box.id in house.labeled):
        return
    if verdict.stay:
        piece = Box(box.id + 100, Stage.READY, verdict.stay)
        rest = replace(box, lines=box.lines - verdict.stay)
        house, box = (
            replace(_with(house, box, rest), boxes=(*_with(house, box, rest).boxes, piece)),
            rest,
        )
    if exit is Exit.LABEL:
        yield told(replace(house, labeled=house.labeled | {box.id}))
    elif stage is Stage.SHIPPED:
        yield told(_leaves(house, box, believed=False))
    else:
        yield told(_with(house, box, replace(box, stage=stage)))


def _leaves(house: House, box: Box, believed: bool) -> House:
    """`believed`: a scan says so, whatever we said; only our own people can break a promise."""
    after = _with(house, box, replace(box, stage=Stage.SHIPPED))
    if believed:
        return replace(
            after,
            left_in_spite=any(concerns(h, box) for h in house.holds),
            stopped=house.stopped - box.lines,
        )
    return replace(after, leaked=house.leaked | (house.stopped & box.lines))


def _with(house: House, before: Box, after: Box) -> House:
    return replace(house, boxes=tuple(after if b is before else b for b in house.boxes))


def told(house: House) -> House:
    """What the card says now: these lines do not leave while their hold stands."""
    lines = {
        line
        for box in house.boxes
        for hold in house.holds
        if answer(hold, box) is Answer.STOPPED
        for line in (box.lines & {hold.scope_id} if hold.scope is Scope.LINE else box.lines)
    }
    return replace(house, stopped=frozenset(lines))


def every_state(boxes: int) -> set[House]:
    """All states that can be reached, however people interleave, under two holds at the most."""
    seen, fresh = set[House](), [House(FIRST[:boxes])]
    while fresh:
        house = fresh.pop()
        if house in seen or len(house.holds) > 2:
            continue
        seen.add(house)
        fresh += moves(house)
    return seen


def wander(chance: Random, gated: bool = True) -> House:
    house = House()
    for _ in range(STEPS):
        ways = list(moves(house, gated))
        house = chance.choice(ways)
    return house
