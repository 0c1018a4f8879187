"""The databases of the suite: each test gets its own, and PostgreSQL comes in every way we say."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import cast

import psycopg
import pytest
import sqlalchemy as sa

from tests import lending, postgres
from tests.shop import make_shop

ROOT = Path(__file__).parents[2]


def ask(url: str, query: str) -> object:
    if url.startswith("sqlite:///"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return connection.execute(query).fetchone()[0]
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def make_table(url: str) -> None:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE mug (id int)")


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_starts_with_a_database_of_its_own(database: str, turn: str) -> None:
    assert ask(database, "SELECT count(*) FROM shop") == 0
    made = make_shop(database)
    made.close()
    assert ask(database, "SELECT count(*) FROM shop") == 1


@pytest.mark.postgresql
def test_a_database_is_lent_again_only_if_it_is_as_new() -> None:
    with lending.lend("postgresql", ask=False) as lent:
        name = name_of(lent)
        make_shop(lent).close()
        late = psycopg.connect(lent.replace("+psycopg", ""))
    with lending.lend("postgresql") as again:
        assert name_of(again) == name
        assert ask(again, "SELECT count(*) FROM stock_move") == 0
        with pytest.raises(psycopg.OperationalError):
            late.execute("SELECT 1")
    with lending.lend("postgresql", ask=False) as lent:
        change(lent, "DROP TRIGGER audit_append_only ON audit")
    with lending.lend("postgresql") as another:
        assert name_of(another) != name


@pytest.mark.postgresql
def test_a_connection_is_handed_on_only_if_it_is_as_new() -> None:
    with lending.lend("postgresql", ask=False) as lent:
        first = whom_it_gets(lent, "SET statement_timeout = 1; SELECT pg_advisory_lock(7)")
    with lending.lend("postgresql", ask=False) as lent:
        assert whom_it_gets(lent, "SELECT 1") == first
        assert ask(lent, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
        assert whom_it_gets(lent, "BEGIN; CREATE TABLE mug (id int)") == first
        second = whom_it_gets(lent, "SELECT 1")
        assert second != first, "it was left in a transaction"
    with lending.lend("postgresql", ask=False) as lent:
        kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = "
        ask(lent, f"{kill}{second}")
        assert whom_it_gets(lent, "SELECT 1") not in {first, second}


def whom_it_gets(url: str, statements: str) -> object:
    """The server's process behind an engine's connection, which is left as the statements do."""
    engine = sa.create_engine(url, connect_args={"options": "-c statement_timeout=60s"})
    connection = engine.raw_connection()
    driver = cast("psycopg.Connection", connection.dbapi_connection)
    assert driver.execute("SHOW statement_timeout").fetchone() == ("1min",)
    driver.commit()
    driver.autocommit = True
    driver.execute(statements.encode(), prepare=False)
    served = driver.info.backend_pid
    connection.detach()
    driver.close()
    return served


def name_of(url: str) -> object:
    return ask(url, "SELECT current_database()")


def change(url: str, statement: str) -> None:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(statement.encode())


@pytest.mark.postgresql
def test_a_prepared_database_is_copied_and_the_copies_are_apart() -> None:
    one, two = postgres.fresh_database(make_table), postgres.fresh_database(make_table)
    with psycopg.connect(one.replace("+psycopg", "")) as connection:
        connection.execute("INSERT INTO mug VALUES (1)")
    assert [ask(url, "SELECT count(*) FROM mug") for url in (one, two)] == [1, 0]
    postgres.drop_database(one)
    postgres.drop_database(two)


@pytest.mark.postgresql
def test_a_dropped_database_is_gone_even_while_somebody_is_connected() -> None:
    url = postgres.fresh_database()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        postgres.drop_database(url)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url.replace("+psycopg", ""))


@pytest.mark.postgresql
def test_the_embedded_server_serves_when_the_machine_has_none() -> None:
    newest = postgres.embedded_folders()[0]
    with postgres.session(environ={}, binaries=newest) as home:
        assert ask(postgres.fresh_database(), "SELECT 1") == 1
    assert not Path(home).exists()


def test_a_server_that_is_given_is_used_and_left_as_it_was(postgresql_database: str) -> None:
    given = postgresql_database.replace("+psycopg", "")
    with postgres.session(environ={postgres.GIVEN: given}):
        made = postgres.fresh_database(make_table)
        assert made.partition("?")[2] == given.partition("?")[2]
        assert ask(made, "SELECT count(*) FROM mug") == 0
        ours = made.partition("?")[0].rpartition("/")[2].rpartition("_")[0]
    left = f"SELECT count(*) FROM pg_database WHERE datname LIKE '{ours}%'"
    assert ask(postgresql_database, left) == 0


def test_without_a_session_there_is_no_database_and_the_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(postgres.SESSION)
    with pytest.raises(postgres.NoPostgres, match="No session is open"):
        postgres.fresh_database()


def test_binaries_that_do_not_work_are_an_error_and_never_a_skip(tmp_path: Path) -> None:
    binaries = tmp_path / "installation" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "initdb").write_text("#!/bin/sh\necho broken >&2; exit 1\n")
    (binaries / "initdb").chmod(0o755)
    with (
        postgres.session(environ={}, binaries=binaries),
        pytest.raises(postgres.NoPostgres, match="broken"),
    ):
        postgres.fresh_database()


@pytest.mark.postgresql
def test_a_killed_session_takes_its_server_with_it() -> None:
    program = (
        "import sys\n"
        "from tests import postgres\n"
        "with postgres.session(environ={}) as home:\n"
        "    postgres.fresh_database()\n"
        "    print(home, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as run:
        assert run.stdout is not None
        home = Path(run.stdout.readline().strip())
        assert (home / "data" / "postmaster.pid").is_file()
        run.kill()
        assert run.stdout.read() == "", "the guard keeps the pipe open until it has cleaned up"
    assert not home.exists()
