"""One process: its doors, its sandbox clock, its socket, and two processes over one database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from bot.bridge import House
from bot.doors import application
from bot.duties import Mail, make_hands, pull_all
from bot.local import local, ownership, request
from bot.main import HouseClock, build, wall_clock
from bot.running import Running, do_once
from bot.settings import Settings
from core.commands.access import AddConnection
from core.commands.setup import PauseMessages, SetUpShop
from core.db import house as notes
from core.db import setup
from core.db import tables as t
from core.db.connection import Database
from core.db.migrate import migrate
from core.domain.access import Role, system
from core.domain.effects import Effect
from core.domain.refusals import Invalid, NotPossible, Refusal
from core.engine import Caller
from core.integrations.secrets import seal_secrets
from tests import postgres
from tests.shop import SHOP, make_shop, staff

KEY = SecretStr("k" * 40)
HERE = Caller(system(SHOP, "test"), "cli")


@pytest.fixture
def sandbox(database):
    """A sandbox database with a shop in it."""
    opened = Database(database)
    migrate(opened)
    opened.close()
    return Settings(database_url=database, sandbox=True, port=0)


@pytest.fixture
def house(sandbox):
    made = build(sandbox)
    made.engine.execute(SetUpShop("Nordlicht", "Europe/Berlin"), HERE)
    yield made
    made.close()


def client(app):
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://house")


# --- kinds of databases and revisions ------------------------------------------------------------


def test_a_database_is_sandbox_or_real_for_ever(sandbox, house):
    real = sandbox.model_copy(update={"sandbox": False})
    with pytest.raises(NotPossible, match="sandbox database"):
        build(real)
    assert house.engine.read(lambda s: notes.get(s, notes.KIND)) == notes.SANDBOX


def test_a_real_database_is_refused_by_the_sandbox(database):
    opened = Database(database)
    migrate(opened)
    opened.close()
    real = Settings(database_url=database, secret_key=KEY)
    build(real).close()
    with pytest.raises(NotPossible, match="real shop"):
        build(real.model_copy(update={"sandbox": True}))


@pytest.mark.postgresql
def test_postgresql_is_migrated_by_hand_only():
    url = postgres.fresh_database()
    with pytest.raises(NotPossible, match="not prepared"):
        build(Settings(database_url=url, sandbox=True))
    postgres.drop_database(url)


def test_a_new_sqlite_file_is_prepared_by_itself(tmp_path):
    build(Settings(database_url=f"sqlite:///{tmp_path / 'new.db'}", sandbox=True)).close()


# --- the sandbox's clock -------------------------------------------------------------------------


async def test_time_passes_in_a_sandbox_for_every_process(sandbox, house):
    other = build(sandbox)
    async with client(application(house)) as http:
        before = house.clock()
        answer = await http.post("/sandbox/clock", json={"advance_seconds": 9 * 3600})
    assert answer.status_code == 200
    assert "scan stuck" in {one["job"] for one in answer.json()["ran"]}
    assert house.clock() - before >= timedelta(hours=9)
    assert isinstance(other.clock, HouseClock)
    await other.read(other.clock.read_from)
    assert abs(other.clock() - house.clock()) < timedelta(minutes=1)
    other.close()


@pytest.mark.parametrize("said", [{}, {"advance_seconds": -1}, {"advance_seconds": "9 hours"}])
async def test_a_clock_is_not_moved_by_nonsense(house, said):
    before = house.clock()
    async with client(application(house)) as http:
        answer = await http.post("/sandbox/clock", json=said)
    assert answer.status_code == 422
    assert house.clock() - before < timedelta(minutes=1)


async def test_a_real_shop_has_no_door_to_its_clock_and_nobody_moves_it(sqlite_database):
    house = build(Settings(database_url=sqlite_database, secret_key=KEY))
    async with client(application(house)) as http:
        answer = await http.post("/sandbox/clock", json={"advance_seconds": 60})
    assert answer.status_code == 404
    with pytest.raises(NotPossible, match="cannot be moved"):
        await do_once(house, "tick", {"at": "2099-01-01T00:00:00+00:00"})
    house.close()


async def test_an_offset_written_into_a_real_database_is_not_obeyed(sqlite_database):
    settings = Settings(database_url=sqlite_database, secret_key=KEY)
    house = build(settings)
    house.engine.chore(lambda uow: notes.put(uow, notes.CLOCK_OFFSET, "999999999999"))
    house.close()
    again = build(settings)
    assert again.clock() - wall_clock() < timedelta(minutes=1)
    again.close()


# --- doors ---------------------------------------------------------------------------------------


async def test_every_room_has_its_door(house):
    async with client(application(house)) as http:
        found = {
            path: (await http.request(verb, path)).status_code
            for verb, path in (
                ("GET", "/healthz"),
                ("GET", "/readyz"),
                ("GET", "/chat"),
                ("GET", "/track/none"),
                ("GET", "/api/v1/cases"),
                ("POST", "/hooks/shopify/1"),
                ("POST", "/hooks/carriers/1"),
                ("POST", "/hooks/slack/1"),
                ("POST", "/hooks/telegram/1"),
            )
        }
    assert found["/healthz"] == found["/readyz"] == found["/chat"] == 200
    assert found["/api/v1/cases"] == 401
    assert all(code in (401, 404) for path, code in found.items() if path.startswith("/hooks"))


# --- the socket ----------------------------------------------------------------------------------


@pytest.fixture
def small(sqlite_database):
    return Settings(database_url=sqlite_database, sandbox=True, roles=("worker",))


async def test_a_second_process_goes_through_the_first(small):
    path = Path(small.database_url.removeprefix("sqlite:///"))
    with ownership(path):
        house = build(small)
        house.engine.execute(SetUpShop("Nordlicht"), HERE)
        async with Running(house).working():
            said = await asyncio.to_thread(_beside, small)
        house.close()
    assert said == ("No message leaves the house until you say `resume messages`.", "not_possible")


def _beside(settings):
    with local(settings) as found:
        done = found.execute(PauseMessages())
        try:
            found.execute(PauseMessages())
        except Refusal as refusal:
            return done.sentence, refusal.code
    return done.sentence, ""


async def test_what_the_socket_does_not_know_is_refused_not_obeyed(small):
    path = Path(small.database_url.removeprefix("sqlite:///"))
    with ownership(path):
        house = build(small)
        async with Running(house).working():
            with pytest.raises(Refusal, match="does not know how to explode"):
                await asyncio.to_thread(request, path, "explode")
            with pytest.raises(Refusal):
                await asyncio.to_thread(request, path, "execute", name="nothing", arguments={})
        house.close()


def test_without_a_server_the_socket_says_that_nobody_answers(tmp_path):
    with pytest.raises(Refusal, match="does not answer"):
        request(tmp_path / "none.db", "work")


def test_which_shop_is_meant_must_be_clear(small):
    with local(small) as found:
        found.execute(SetUpShop("One"))
        found.shop_id = 2
        found.execute(SetUpShop("Two"))
    with pytest.raises(Invalid, match="which shop"), local(small):
        pass
    with local(small, "Two") as found:
        assert found.shop_id == 2


# --- duties --------------------------------------------------------------------------------------


async def test_jobs_run_for_every_shop_and_leave_a_word(house):
    running = Running(house)
    ran = {one["job"]: one for one in await running.tick()}
    assert {one["state"] for one in ran.values()} == {"done"}
    assert "0 cases opened" in ran["scan stuck"]["note"]
    assert "pull missed orders" in ran
    await running.close()


async def test_a_store_that_does_not_answer_fails_the_pull_and_says_so(database):
    shop = make_shop(database)
    house = House(
        shop.engine, Settings(sandbox=True, shopify_api_url="http://127.0.0.1:9"), shop.clock
    )
    hands = make_hands(house)
    with pytest.raises(Refusal, match="nordlicht: "):
        await pull_all(hands)
    await hands.http.aclose()
    shop.close()


def test_mail_goes_by_the_shops_own_server_else_by_that_of_the_settings(database):
    shop = make_shop(database)
    bare = Settings(sandbox=True)
    effect = Effect(1, SHOP, None, "message.email", "k", 1, {})
    assert Mail(House(shop.engine, bare, shop.clock)).sender_for(effect) is None
    told = Settings(sandbox=True, smtp_url="smtp://mail.example", mail_from="Shop <a@x.org>")
    assert Mail(House(shop.engine, told, shop.clock)).sender_for(effect) is not None
    sealed = seal_secrets({"url": "smtp://own.example"}, bare.secrets)
    shop.do(AddConnection("smtp", "post", {}, sealed), staff(Role.OWNER))
    assert Mail(House(shop.engine, bare, shop.clock)).sender_for(effect) is not None
    shop.close()


async def test_the_worker_and_the_clock_end_when_the_process_does(house):
    running = Running(house)
    async with running.working():
        await asyncio.sleep(0)
    assert house.engine.read(setup.shop_ids) == [SHOP]
    assert house.engine.read(lambda s: s.select(t.job_slot.select()))
