"""Telling the story: steps in order, one line of evidence each, and an honest end."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from bot.sandbox.story.stage import Missed, Stage

if TYPE_CHECKING:
    from bot.sandbox.demo import Place

Step = Callable[[Stage], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Told:
    """One step as it went: `words` are its evidence, or what was expected and did not come."""

    number: int
    name: str
    ok: bool
    words: str
    seconds: float


async def tell(place: Place, as_json: bool = False, steps: Sequence[Step] | None = None) -> int:
    """Play all steps, whatever becomes of single ones; 0 when every one held."""
    from bot.sandbox.story.chapters import STORY

    told = []
    async with Stage.set(place) as stage:
        for number, step in enumerate(steps or STORY, 1):
            told.append(await play(stage, number, step))
            if not as_json:
                print(_line(told[-1]), flush=True)
    failed = [one for one in told if not one.ok]
    if as_json:
        found = {"steps": len(told), "failed": len(failed), "story": [asdict(one) for one in told]}
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        print(f"story: {len(told)} steps, {len(failed)} failed", flush=True)
    return 1 if failed else 0


async def play(stage: Stage, number: int, step: Step) -> Told:
    began = time.monotonic()
    try:
        words, ok = await step(stage), True
    except Missed as missed:
        words, ok = str(missed), False
    except Exception as problem:  # noqa: BLE001 - a broken step is told, the story goes on
        words, ok = f"{type(problem).__name__}: {problem}", False
    return Told(number, _name(step), ok, words, round(time.monotonic() - began, 2))


def _name(step: Step) -> str:
    return step.__name__.replace("_", " ")


def _line(one: Told) -> str:
    return f"{'ok  ' if one.ok else 'FAIL'} {one.number:2} {one.name} · {one.words}"
