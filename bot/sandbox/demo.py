"""`wismo demo`: a whole sandbox in one command, to look at or to play its story."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2

from bot.sandbox.buttons import Panel
from bot.sandbox.clock import TownClock
from bot.sandbox.furnish import (
    TELEGRAM_SECRET,
    Furnished,
    furnish,
    keep_clock,
    open_engine,
)
from bot.sandbox.history import write_history
from bot.sandbox.host import host_app
from bot.sandbox.shop.wire import served
from bot.sandbox.supervisor import AppLost, Supervisor
from bot.sandbox.town import Town, build_town, mail_port
from core.integrations import calling

KEY = "sandbox-only-key-sandbox-only-key-0000"
MAIL_FROM = "Nordlicht & Söhne <hello@nordlicht.example>"
POST_SECONDS = 1.0
SERVE = "from bot.cli.run import serve; serve()"


def main(
    script: bool = False,
    json: bool = False,
    port: int = 8000,
    data: Path | None = None,
    open_browser: bool = False,
) -> int:
    """Run until Ctrl-C, or until the story is told; returns the exit code."""
    with contextlib.ExitStack() as stack:
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wismo-")))
        try:
            if script:
                return asyncio.run(_tell_story(folder.absolute(), json))
            return asyncio.run(_stay_open(folder.absolute(), port, open_browser))
        except AppLost as lost:
            print(lost, file=sys.stderr)
            return 1
        except OSError as problem:
            print(f"The demo cannot start: {problem}. Is port {port} taken?", file=sys.stderr)
            return 2


async def _tell_story(folder: Path, json: bool) -> int:
    from bot.sandbox.story.teller import tell

    async with sandbox(folder) as place:
        await place.panel.app.start()
        return await tell(place, as_json=json)


async def _stay_open(folder: Path, port: int, open_browser: bool) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with sandbox(folder, port) as place:
        print(WELCOME.format(page=place.page), flush=True)
        if open_browser:
            import webbrowser

            webbrowser.open(place.page)
        await place.panel.app.start()
        await stop.wait()
    return 0


WELCOME = """
  wismo is open:  {page}/

  Try this first
    1  Press “Place Order”: a signed webhook becomes an order, and a mail arrives.
    2  In the staff channel type its number, then:  hold 1201 address  ·  why 1201
       You are Ann, the lead, who may do all of this; choose others to see what they may not.
    3  Send it:  release 1201  ·  picked 1201  ·  shipped 1201 00340434161094777001 DHL
       Then press “Carrier Scan”.
    4  Be the customer: “where is my order?”, in English or German.
    5  Press “Advance 9 h” and see what got stuck. Press “Kill the Server” whenever you like.

  Ctrl-C ends it. `wismo demo --script` plays the whole story by itself.
"""


# --- the sandbox as a whole ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """A running sandbox: where its page is, its panel, and the database to look into."""

    page: str
    panel: Panel
    database_url: str
    connections: Mapping[str, int]
    folder: Path
    environment: Mapping[str, str]

    @property
    def town(self) -> Town:
        return self.panel.town


@contextlib.asynccontextmanager
async def sandbox(folder: Path, port: int = 0, database_url: str = "") -> AsyncIterator[Place]:
    """Everything but the app's own start: furnished, connected and reachable on loopback."""
    file = _fresh(folder)
    url = database_url or f"sqlite:///{file}"
    town = build_town(TownClock())
    async with mail_port(town) as mail_url:
        furnished = await asyncio.to_thread(_furnish, url, town, mail_url)
        app_port = _free_port(port + 1 if port else 0)
        base = f"http://127.0.0.1:{app_port}"
        app = Supervisor(["-c", SERVE], {}, base, folder)
        panel = Panel(town, app, furnished.api_key, furnished.checkout_key)
        async with new_http() as http, served(host_app(panel, http), port) as page:
            environment = _environment(url, base, app_port, page, mail_url)
            panel.app.environment |= environment
            _connect(town, furnished, page, base)
            post = asyncio.create_task(_carry_post(town))
            try:
                panel.place = Place(page, panel, url, furnished.connections, folder, environment)
                yield panel.place
            finally:
                post.cancel()
                await asyncio.gather(post, return_exceptions=True)
                await panel.visitor.close()
                await panel.app.stop()


def new_http() -> httpx2.AsyncClient:
    """No proxy stands between the stand-ins and the app."""
    return calling.new_http(5)


def _fresh(folder: Path) -> Path:
    """Every demo begins on the same morning: what an earlier one left is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("wismo.db*"):
        old.unlink()
    return folder / "wismo.db"


def _furnish(url: str, town: Town, mail_url: str) -> Furnished:
    morning = town.clock()
    town.clock.stand_at(morning - timedelta(days=30))
    engine = open_engine(url, town)
    try:
        furnished = furnish(engine, town, (KEY,), mail_url)
        town.clock.stand_at(morning)
        write_history(engine, town, furnished)
        town.clock.run()
        keep_clock(engine, town)
    finally:
        engine.close()
    return furnished


def _environment(url: str, base: str, port: int, page: str, mail_url: str) -> dict[str, str]:
    """What production reads from its environment, pointed at the stand-ins."""
    return {
        "WISMO_SANDBOX": "true",
        "WISMO_LOG_LEVEL": "WARNING",
        "WISMO_DATABASE_URL": url,
        "WISMO_SECRET_KEY": KEY,
        "WISMO_BASE_URL": base,
        "WISMO_HOST": "127.0.0.1",
        "WISMO_PORT": str(port),
        "WISMO_SMTP_URL": mail_url,
        "WISMO_MAIL_FROM": MAIL_FROM,
        "WISMO_SLACK_API_URL": f"{page}/slack/api/",
        "WISMO_TELEGRAM_API_URL": f"{page}/telegram",
        "WISMO_SHOPIFY_API_URL": f"{page}/shop",
        "WISMO_CARRIER_API_URL": f"{page}/carrier",
        "WISMO_STRIPE_API_URL": f"{page}/stripe",
        "WISMO_EASYPOST_API_URL": f"{page}/easypost",
    }


def _connect(town: Town, furnished: Furnished, page: str, base: str) -> None:
    """Tell everybody outside where the app listens."""
    ids = furnished.connections
    town.shop.connect(base, str(ids["shopify"]))
    town.carrier.connect(base, str(ids["carrier"]))
    town.stripe.post.connect(base, str(ids["stripe"]))
    town.workspace.base_url = f"{page}/slack"
    town.workspace.request_url = f"{base}/hooks/slack/{ids['slack']}"
    town.telegram.webhook.url = f"{base}/hooks/telegram/{ids['telegram']}"
    town.telegram.webhook.secret = TELEGRAM_SECRET


async def _carry_post(town: Town) -> None:
    """What could not be delivered is tried again, as its senders would."""
    while True:
        await asyncio.sleep(POST_SECONDS)
        await town.shop.webhooks.deliver()
        await town.carrier.deliver()
        await town.stripe.post.deliver()
        await town.telegram.deliver()


def _free_port(wanted: int) -> int:
    """This port, or any other when it is taken."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)) as listener:
            return int(listener.getsockname()[1])
    raise OSError("no port is free on this machine")
