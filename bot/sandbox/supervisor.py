"""The app as a child process: started, killed without warning, and started again."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx2

import bot
from core.integrations.calling import new_http

ROOT = Path(bot.__file__).parents[1]
READY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 10.0
LOOK_SECONDS = 0.05


class AppLost(RuntimeError):
    """The app cannot be started; the text ends with the last lines it wrote."""


class Supervisor:
    """Keeps one app alive. `restarts` counts the deaths that it answered with a new life."""

    def __init__(
        self, arguments: list[str], environment: Mapping[str, str], base: str, folder: Path
    ) -> None:
        self.base = base
        self.restarts = 0
        self.ready_seconds = 0.0
        self.log = folder / "app.log"
        self._arguments, self._folder = arguments, folder
        self.environment = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **environment}
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._is_ready = asyncio.Event()

    @property
    def state(self) -> str:
        if self._is_ready.is_set():
            return "running"
        return "starting" if self._process else "stopped"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the app; returns once it says that it can take orders."""
        await self._spawn()
        await self._until_ready()
        self._watch = asyncio.create_task(self._keep_alive())

    async def ready(self) -> None:
        await asyncio.wait_for(self._is_ready.wait(), READY_SECONDS_MAX)

    async def kill(self) -> float:
        """kill -9, at once; returns the seconds until the next life answered."""
        if self._process is None or self._watch is None:
            raise AppLost("The app does not run.")
        began = time.monotonic()
        self._is_ready.clear()
        self._process.kill()
        await self.ready()
        return time.monotonic() - began

    async def stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _spawn(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._arguments,
                cwd=self._folder,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def _keep_alive(self) -> None:
        while self._process is not None:
            await self._process.wait()
            self._is_ready.clear()
            self.restarts += 1
            await self._spawn()
            await self._until_ready()

    async def _until_ready(self) -> None:
        began = time.monotonic()
        async with new_http(2) as client:
            while not await self._answers(client):
                if self._process is None or self._process.returncode is not None:
                    raise AppLost(f"The app ended before it was ready.\n{self.last_words()}")
                if time.monotonic() - began > READY_SECONDS_MAX:
                    raise AppLost(f"The app was not ready in time.\n{self.last_words()}")
                await asyncio.sleep(LOOK_SECONDS)
        self.ready_seconds = time.monotonic() - began
        self._is_ready.set()

    async def _answers(self, client: httpx2.AsyncClient) -> bool:
        try:
            return (await client.get(f"{self.base}/readyz")).status_code == 200
        except httpx2.HTTPError:
            return False

    def last_words(self, lines: int = 15) -> str:
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])
