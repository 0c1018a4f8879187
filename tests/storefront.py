"""The stand-in store behind a real loopback port, for what speaks to it over the wire."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

from bot.sandbox.shop.app import shop_app
from bot.sandbox.shop.store import Shop as Store
from bot.sandbox.shop.wire import served


class Storefront:
    """`address` is its Admin API; `do` runs an act among its own tasks."""

    def __init__(self, store: Store, address: str, loop: asyncio.AbstractEventLoop) -> None:
        self.store, self.address, self._loop = store, address, loop

    def do(self, act: Callable[..., Any], *words: Any, **named: Any) -> Any:
        """The act, and then every webhook that it caused, sent."""

        async def carry_out() -> Any:
            result = act(self.store, *words, **named)
            await self.store.webhooks.deliver()
            return result

        return asyncio.run_coroutine_threadsafe(carry_out(), self._loop).result()

    @property
    def mutations(self) -> list[str]:
        """What was written to it, call by call."""
        calls = [one for one in self.store.transcript.calls if one.direction == "in"]
        return [x.endpoint for x in calls if str(x.request.get("query", "")).startswith("mutation")]


@contextlib.contextmanager
def storefront(**more: Any) -> Iterator[Storefront]:
    """A store that never asks for patience: its throttle's clock runs ahead."""
    store = Store(lambda: datetime.now(UTC), **more)
    ready: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    app = shop_app(store, seconds=itertools.count(step=20).__next__)
    thread = threading.Thread(target=lambda: asyncio.run(_serve(app, ready)))
    thread.start()
    try:
        address, loop, stop = ready.result()
        yield Storefront(store, address, loop)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


async def _serve(app: Any, ready: Future[Any]) -> None:
    stop = asyncio.Event()
    async with served(app) as address:
        ready.set_result((address, asyncio.get_running_loop(), stop))
        await stop.wait()
