"""Death at named points: before and after the commit, before and after a mail is handed in."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.sandbox.mailbox import Mailbox
from core import failpoints
from core.db import house
from core.db import tables as t
from core.db.connection import Database
from core.domain.refusals import Invalid
from core.integrations.calling import new_http
from tests.faults.lives import Client, Server
from tests.faults.test_kill import furnish, until_quiet

# point -> how many copies of the confirmation the mailbox may hold afterwards
COPIES = {
    "writer.before_commit": (1, 1),
    "writer.after_commit": (1, 1),
    "worker.before_act": (1, 1),
    "worker.after_act": (1, 2),  # nobody knows whether it was handed in
    "worker.after_settle": (1, 1),
}


@pytest.mark.anyio
@pytest.mark.parametrize("point", failpoints.POINTS)
async def test_an_order_survives_a_death_at(point: str, tmp_path: Path, rng: random.Random) -> None:
    url = f"sqlite:///{tmp_path / 'wismo.db'}"
    furnish(url, "wsk_x", "x", house.SANDBOX)
    mailbox = Mailbox(lambda: datetime.now(UTC))
    async with mailbox.smtp() as (_, smtp_port), new_http(5) as http:
        mortal = {"WISMO_SANDBOX": "1", "WISMO_FAILPOINTS": f"{point}={_count(point)}"}
        async with Server(url, smtp_port, more=mortal).living() as first:
            client = Client(f"http://127.0.0.1:{first.port}", "", rng, http)
            sending = asyncio.create_task(client.order("100001"))
            await _until_dead(first.pid)
        async with Server(url, smtp_port, more={"WISMO_SANDBOX": "1"}).living() as second:
            client.base = f"http://127.0.0.1:{second.port}"
            await sending
            await until_quiet(url)
    database = Database(url)
    with database.read() as session:
        numbers = [row.number for row in session.select(t.orders.select())]
    database.close()
    assert numbers == ["100001"]
    mails = mailbox.to("c100001@example.org")
    least, most = COPIES[point]
    assert least <= len(mails) <= most
    assert len({mail.headers[name] for mail in mails for name in mail.headers
                if name.lower() == "message-id"}) == 1  # fmt: skip


def _count(point: str) -> int:
    """Commits also happen while the server starts: die at one that comes with the order."""
    return 12 if point.startswith("writer") else 1


async def _until_dead(pid: int) -> None:
    for _ in range(600):
        if not _is_alive(pid):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the failpoint was never reached")


def _is_alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_an_unknown_failpoint_is_refused() -> None:
    with pytest.raises(Invalid, match="no failpoint"):
        failpoints.arm("writer.sometimes")


def test_only_a_sandbox_arms_them() -> None:
    from pydantic import ValidationError

    from bot.settings import Settings

    with pytest.raises(ValidationError, match="sandbox only"):
        Settings(secret_key="x" * 40, failpoints="writer.after_commit")  # type: ignore[arg-type]
