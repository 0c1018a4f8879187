"""The bridge from async surfaces to the sync engine: one hop to a worker thread, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from bot.settings import Settings
from core.db.connection import Session
from core.engine import Caller, Engine, Receipt

T = TypeVar("T")
DIGITS_MAX = 15  # every number of ours is shorter, and both databases hold these
NOBODY = -1


def number_in(text: str) -> int:
    """A number out of an address, or one that nothing has: strangers write what they like."""
    fits = text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX
    return int(text) if fits else NOBODY


@dataclass
class House:
    """What every surface is given: the engine, the settings and our clock."""

    engine: Engine
    settings: Settings
    clock: Callable[[], datetime]
    pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(32, thread_name_prefix="wismo-bridge")
    )

    async def execute(self, command: Any, caller: Caller) -> Receipt:
        """Do one command; resolves when it is durable."""
        return await self.hop(lambda: self.engine.execute(command, caller))

    async def query(self, question: Any, caller: Caller) -> Any:
        return await self.hop(lambda: self.engine.query(question, caller))

    async def read(self, look: Callable[[Session], T]) -> T:
        return await self.hop(lambda: self.engine.read(look))

    async def hop(self, call: Callable[[], T]) -> T:
        """Run something that blocks in a worker thread."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, call)

    async def landed(self, future: Future[Receipt]) -> Receipt:
        """The answer to what was submitted; who stops waiting for it stops nothing else."""
        loop = asyncio.get_running_loop()
        arrived: asyncio.Future[None] = loop.create_future()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(_ring, arrived))
        await arrived
        return future.result()

    def close(self) -> None:
        self.pool.shutdown(wait=True)
        self.engine.close()


def _ring(arrived: asyncio.Future[None]) -> None:
    if not arrived.done():
        arrived.set_result(None)
