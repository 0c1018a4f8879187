"""Sessions that wait between transactions: shared by threads, left by servers, closed at last."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from core.commands.orders import NoteOrder
from core.db.connection import Database, Statement
from core.domain.refusals import Unavailable
from tests.shop import make_shop, staff

ONE = Statement(sa.select(sa.literal(1)))
HANG_UP = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname = current_database()"""


class _Emptied(list[Any]):
    """There is one when it is looked at; another thread takes it before it is taken."""

    def __len__(self) -> int:
        return 1

    def pop(self, *_: Any) -> Any:
        raise IndexError


def test_another_thread_may_take_the_last_idle_session(database: str) -> None:
    found = Database(database)
    found._idle = _Emptied()  # type: ignore[assignment]
    with found.read() as session:
        assert session.row(ONE) == (1,)
    with found.write() as session:
        assert session.row(ONE) == (1,)
    for session in [*found._idle]:
        session.connection.close()
    found.engine.dispose()


def test_many_threads_share_few_sessions(database: str) -> None:
    found = Database(database)

    def ask(n: int) -> bool:
        with found.read() as session:
            return session.row(ONE) == (1,)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(400)))
    found.close()


def test_a_server_that_came_back_is_asked_again_at_once(postgresql_database: str) -> None:
    """All idle connections are lost: neither a question nor a command may notice."""
    shop = make_shop(postgresql_database)
    for n in range(6):
        shop.place(1001 + n, ("mug-red", 1))
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: shop.do(NoteOrder(str(1001 + n), "hello")), range(6)))
    other = sa.create_engine(postgresql_database)
    with other.connect() as line:
        line.execute(sa.text(HANG_UP))
    other.dispose()
    for n in range(6):
        assert shop.do(NoteOrder(str(1001 + n), "again"), staff()).ok
    shop.close()


def test_after_closing_a_command_is_unavailable(database: str) -> None:
    shop = make_shop(database)
    shop.close()
    with pytest.raises(Unavailable):
        shop.do(NoteOrder("1001", "late"))
