"""The last chapter: the day in figures, and whether both books agree."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from bot.sandbox.story.reading import short
from bot.sandbox.story.stage import Stage, expect


async def today_shows_the_day(stage: Stage) -> str:
    said = await stage.types("ann", "today")
    for word in ("placed", "shipped", "held", "cases", "returns", "refunds"):
        expect(word in said.lower(), f"today does not say {word}: {said}")
    return f"Ann reads: {short(said, 170)}"


async def slack_never_saw_a_mistake(stage: Stage) -> str:
    mistakes = (await stage.slack("ann"))["mistakes"]
    expect(not mistakes, f"Slack would have refused: {mistakes[:3]}")
    calls = (await stage.slack("ann"))["calls"]
    return f"{calls} calls in both directions, none that Slack would refuse"


async def the_doctor_finds_nothing_broken(stage: Stage) -> str:
    code, told = await _wismo(stage, "doctor", "--json")
    broken = [one["sentence"] for one in told["findings"] if one["state"] == "fail"]
    expect(told["ok"] and code in (0, 1), f"the doctor says: {broken}")
    warnings = [one["check"] for one in told["findings"] if one["state"] == "warn"]
    words = f", to know: {', '.join(warnings)}" if warnings else ""
    return f"{len(told['findings'])} checks, 0 broken{words}"


async def the_books_agree_with_the_shop(stage: Stage) -> str:
    await stage.press("advance", hours=0.3)
    await stage.idle()
    _, told = await _wismo(stage, "reconcile", "--json")
    found = [one for listed in told.values() for one in listed]
    orders = len((await stage.http.get(f"{stage.place.page}/shop/control/state")).json()["orders"])
    expect(not found, f"{len(found)} differences: {found[:5]}")
    return f"{orders} orders and every stock level compared: 0 differences"


async def _wismo(stage: Stage, *words: str) -> tuple[int, Any]:
    """The command line, beside the running server."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from bot.cli import main; main()",
        *words,
        cwd=stage.place.folder,
        env=dict(stage.place.panel.app.environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    try:
        return process.returncode or 0, json.loads(out)
    except ValueError:
        said = (err or out).decode("utf-8", "replace")[-400:]
        expect(False, f"wismo {' '.join(words)} says: {said}")
        raise


CHAPTER = (
    today_shows_the_day,
    slack_never_saw_a_mistake,
    the_doctor_finds_nothing_broken,
    the_books_agree_with_the_shop,
)
