"""Every command of the registry, with whatever arguments its shape allows, in any order: none of
them fails, and what must be true stays true."""

from __future__ import annotations

import os
import random
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from core.commands.fulfillment import ShipWork
from core.commands.imports import ImportedRow, ImportProducts
from core.commands.kits import SetKit
from core.commands.tracking import DeliverParcel
from core.domain.access import Right
from core.domain.refusals import Refusal
from core.domain.storable import require_storable
from core.registry import COMMANDS
from tests import truths
from tests.shop import CHANNEL, SKUS
from tests.stateful.guess import Guess
from tests.stateful.world import OWNER, SLOW, World, sqlite_world

# A night may give more of both.
WALKS = int(os.environ.get("WISMO_WALKS", "3"))
STEPS = int(os.environ.get("WISMO_STATEFUL_STEPS", "60"))
# Said by nobody: undo alone calls these, with what a step has written down for it.
OF_UNDO = {
    "restore_placing", "restore_gift", "put_holds_back", "lift_holds", "join_again", "separate",
    "revert_edit", "take_hand_off_back", "put_case_back", "take_back",
}  # fmt: skip
NAMES = [
    name
    for name, spec in sorted(COMMANDS.items())
    # What a connected machine says has its own machine in this folder.
    if name not in OF_UNDO and "connection_id" not in get_type_hints(spec.shape)
    if spec.handler.__module__.startswith("core.")  # other tests have commands of their own
]
OUTSIDE = (Right.MACHINERY, Right.CAPTURE, Right.OWN)


@pytest.mark.sqlite
def test_no_command_fails_and_none_breaks_what_must_be_true(
    tmp_path: Path, rng: random.Random
) -> None:
    seen: Counter[str] = Counter()
    for _ in range(WALKS):
        with sqlite_world(tmp_path) as url:
            world = World(url)
            try:
                _walk(world, rng, seen)
            finally:
                world.close()
    assert seen["done"] > STEPS * WALKS // 10, seen  # else it was all noise


def _walk(world: World, rng: random.Random, seen: Counter[str]) -> None:
    told: list[str] = []
    guess = Guess(rng, world.shop)
    _begin(world)
    for number in range(1002, 1002 + STEPS):
        if number % 8 == 2:
            lines = [(rng.choice((*SKUS[:3], "box")), rng.randint(1, 8)) for _ in range(3)]
            world.hear(world.shop.order(number, *lines, pickup_at=rng.choice(("", "", "ham"))))
        asked = _anything(guess, rng)
        if asked is None:
            continue
        told.append(repr(asked))
        seen[_said(world, asked)] += 1
        found = world.shop.engine.read(partial(truths.of_rows, but=SLOW))
        assert not found, "\n".join([*found, *told])


def _begin(world: World) -> None:
    """A kit, and an order that has arrived already: so much more is possible then."""
    assert world.do(ImportProducts((ImportedRow(2, "box", {}),))).ok
    assert world.do(SetKit("box", "mug-red:1 mug-blue:2")).ok
    assert world.hear(world.shop.order(1001, ("mug-red", 2), ("box", 1))).ok
    assert world.do(ShipWork("1001", "T10000", "DHL")).ok
    assert world.do(DeliverParcel("1001")).ok


def _anything(guess: Guess, rng: random.Random) -> Any:
    spec = COMMANDS[rng.choice(NAMES)]
    try:
        asked = guess.command(spec.shape)
        require_storable(asked)  # as every surface does
    except Refusal:
        return None
    guess.shop.clock.advance(minutes=rng.choice((0, 0, 1, 45, 1500)))
    return asked


def _said(world: World, asked: Any) -> str:
    """How it ended; `World.do` lets no failure pass."""
    right = next(spec.right for spec in COMMANDS.values() if spec.shape is type(asked))
    try:
        return world.do(asked, CHANNEL if right in OUTSIDE else OWNER).outcome
    except Refusal:  # found while it was prepared
        return "refused"
