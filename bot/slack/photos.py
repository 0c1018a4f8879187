"""Photos that staff drop into the thread of an order or its case: kept with that order."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx2

from bot.photos import BODY_MOST, opened
from bot.presentation.model import Card, Section
from bot.slack.acts import Acts
from bot.slack.incoming import Incoming
from bot.slack.render import Json
from core.commands.photos import KeepPhoto
from core.domain.access import Right, demand
from core.domain.photos import Unfit, too_big
from core.domain.refusals import Refusal
from core.engine import Caller

FILES_MOST = 5
LOAD_SECONDS = 20
SLACK_FILES = "files.slack.com"


def photos_in(event: Json) -> list[Json]:
    """The files of a message that their sender calls pictures; what they are shows later."""
    files = event.get("files") or ()
    return [each for each in files if str(each.get("mimetype", "")).startswith("image/")]


async def keep_photos(acts: Acts, incoming: Incoming, files: Sequence[Json], order: str) -> Card:
    """What became of each, in one answer."""
    told = [await _keep(acts, incoming, file, order) for file in files[:FILES_MOST]]
    if len(files) > FILES_MOST:
        told.append(f"{FILES_MOST} at a time are taken; send the rest once more.")
    lines = tuple(dict.fromkeys(told))
    return Card(lines[0], (Section(lines[1:]),) if lines[1:] else ())


async def _keep(acts: Acts, incoming: Incoming, file: Json, order: str) -> str:
    try:
        person = await acts.person(incoming)
        demand(person.actor, Right.NOTE)  # opening a picture costs more than saying no
        raw = await _load(acts, str(file.get("url_private_download", "")))
        picture = await opened(acts.house, raw)
    except Refusal as refusal:
        return f"{refusal} {refusal.next}".strip()
    # Slack tells again what it thinks was missed; the same file is kept once.
    caller = Caller(person.actor, "slack", key=f"slack-file:{file.get('id')}")
    receipt = await acts.house.execute(KeepPhoto(order, picture), caller)
    return str(receipt)


async def _load(acts: Acts, url: str) -> bytes:
    """The bytes, from Slack only: our token goes nowhere else. Raises Unfit."""
    ours = urlsplit(acts.house.settings.slack_api_url)
    asked = urlsplit(url)
    is_slack = (asked.scheme, asked.netloc) in (
        (ours.scheme, ours.netloc),
        ("https", SLACK_FILES),
    )
    if not is_slack:
        raise _lost()
    headers = {"Authorization": f"Bearer {acts.account.client.token}"}
    try:
        async with (
            httpx2.AsyncClient(
                timeout=LOAD_SECONDS, trust_env=False, follow_redirects=False
            ) as client,
            client.stream("GET", url, headers=headers) as answer,
        ):
            if answer.status_code != httpx2.codes.OK:
                raise _lost()
            return await _bounded(answer)
    except httpx2.HTTPError as problem:
        raise _lost() from problem


async def _bounded(answer: httpx2.Response) -> bytes:
    raw = bytearray()
    async for part in answer.aiter_bytes():
        raw += part
        if len(raw) >= BODY_MOST:
            raise too_big()
    return bytes(raw)


def _lost() -> Unfit:
    return Unfit(
        "Slack did not hand the photo out.",
        "Install the app again, so that it may read files, and send it once more.",
        code="photo_lost",
    )
