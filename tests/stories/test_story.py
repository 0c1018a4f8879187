"""The sandbox's story holds: everything over HTTP, against the app as production runs it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from bot.sandbox import demo
from bot.sandbox.story import asking, capturing, closing, working
from bot.sandbox.story.chapters import STORY
from bot.sandbox.story.stage import Missed, Stage
from bot.sandbox.story.teller import tell
from tests import truths

pytestmark = pytest.mark.anyio

BRIEF = (
    capturing.a_webhook_becomes_an_order,
    capturing.the_same_webhook_twice_is_one_order,
    capturing.a_wrong_signature_is_refused_and_leaves_nothing,
    working.a_number_typed_in_slack_shows_the_order,
    working.a_hold_stops_the_floor_until_it_is_released,
    working.the_floor_picks_packs_and_ships_from_slack,
    working.the_shop_hears_of_it_and_its_echo_changes_nothing,
    working.scans_out_of_order_end_in_one_delivered_mail,
    asking.where_is_my_order_in_english,
    closing.slack_never_saw_a_mistake,
)


@pytest.mark.sqlite
async def test_the_whole_story_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    async with demo.sandbox(tmp_path) as place:
        await place.panel.app.start()
        code = await tell(place)
    told = capsys.readouterr().out
    assert code == 0, told
    assert told.endswith(f"story: {len(STORY)} steps, 0 failed\n")
    truths.hold(f"sqlite:///{tmp_path / 'wismo.db'}")


async def test_its_first_chapters_hold_on_postgresql(
    postgresql_database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    async with demo.sandbox(tmp_path, database_url=postgresql_database) as place:
        await place.panel.app.start()
        code = await tell(place, steps=BRIEF)
    assert code == 0, capsys.readouterr().out
    truths.hold(postgresql_database)


async def test_a_step_that_fails_says_what_was_expected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """The story goes on after it, and its end and exit code are honest, for machines too."""

    async def something_that_does_not_hold(_: Stage) -> str:
        raise Missed("the moon was expected, cheese was found")

    async def something_that_breaks(_: Stage) -> str:
        raise KeyError("moon")

    async def something_that_holds(_: Stage) -> str:
        return "2 + 2 = 4"

    steps = (something_that_does_not_hold, something_that_breaks, something_that_holds)
    async with demo.sandbox(tmp_path) as place:
        code = await tell(place, as_json=True, steps=steps)
    told = json.loads(capsys.readouterr().out)
    assert (code, told["steps"], told["failed"]) == (1, 3, 2)
    assert told["story"][0]["words"] == "the moon was expected, cheese was found"
    assert told["story"][2]["ok"]


def test_no_two_steps_have_the_same_name():
    names = Counter(step.__name__ for step in STORY)
    assert max(names.values()) == 1
