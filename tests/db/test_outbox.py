"""Effects that cannot be carried out yet: broken ones are given up, busy ones are waited for."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import sqlalchemy as sa

from core.commands.setup import PauseMessages
from core.db import outbox
from core.db import tables as t
from core.db.unit_of_work import UnitOfWork
from core.domain.effects import Effect, Outcome, dead, done, later, unknown
from core.engine import Receipt
from core.worker import Duties, Worker
from tests.shop import SHOP, Shop, make_shop


def try_often(shop: Shop, outcome: Outcome, times: int) -> str:
    """Carry out one effect that always ends like this; gives its state after so many tries."""
    shop.engine.chore(lambda uow: uow.outbox.add("slack.card", "one", {}), SHOP)
    for _ in range(times):
        claims = shop.engine.chore(lambda uow: outbox.claim(uow.session, uow.now, 10), SHOP)
        for held in claims:
            settle(shop, held, outcome)
        shop.clock.advance(hours=2)
    return str(shop.rows(t.outbox)[0]["state"])


def settle(shop: Shop, held: outbox.Claim, outcome: Outcome) -> None:
    shop.engine.chore(lambda uow: outbox.settle(uow.session, held, outcome, uow.now), SHOP)


def test_what_fails_again_and_again_is_given_up(database: str):
    shop = make_shop(database)
    assert try_often(shop, later("no answer"), outbox.ATTEMPTS_MAX) == "dead"
    shop.close()


def test_who_names_the_time_to_come_back_is_asked_again_for_long(database: str):
    """A storm of cards meets a channel that takes one a second: none of them may be lost."""
    shop = make_shop(database)
    asked_to_wait = later("Slack asks for a pause.", 1)
    assert try_often(shop, asked_to_wait, 3 * outbox.ATTEMPTS_MAX) == "waiting"
    shop.close()


def test_even_patience_ends(database: str):
    shop = make_shop(database)
    asked_to_wait = later("Slack asks for a pause.", 1)
    assert try_often(shop, asked_to_wait, outbox.PAUSES_MAX) == "dead"
    shop.close()


def test_what_was_given_up_after_a_doubt_is_still_in_doubt_when_a_person_tries_again(database: str):
    shop = make_shop(database)
    shop.engine.chore(lambda uow: uow.outbox.add("slack.card", "one", {}), SHOP)
    for outcome in (unknown("no answer"), dead("no such channel")):
        settle(shop, claimed(shop), outcome)
        shop.clock.advance(hours=2)
    effect_id = shop.rows(t.outbox)[0]["id"]
    shop.engine.chore(lambda uow: uow.outbox.again(effect_id), SHOP)
    again = claimed(shop)
    assert (again.effect.attempt, again.effect.unknown_before) == (1, True)
    settle(shop, again, done())
    assert shop.rows(t.outbox)[0]["unknown"] == 0
    shop.close()


async def test_a_mistake_of_ours_while_acting_leaves_the_outcome_unknown(database: str):
    shop = make_shop(database)
    shop.engine.chore(lambda uow: uow.outbox.add("slack.card", "one", {}), SHOP)
    seen: list[bool] = []

    async def stumble(effect: Effect) -> Outcome:
        seen.append(effect.unknown_before)
        if len(seen) == 1:
            raise RuntimeError("after the call")
        return done()

    duties = Duties({"slack.card": stumble}, lambda _uow, _fact: None, lambda _session, _kept: None)
    worker = Worker(shop.engine, duties)
    await worker.until_idle()
    shop.clock.advance(minutes=5)
    await worker.until_idle()
    assert (seen, shop.rows(t.outbox)[0]["state"]) == ([False, True], "done")
    shop.close()


def claimed(shop: Shop) -> outbox.Claim:
    (held,) = shop.engine.chore(lambda uow: outbox.claim(uow.session, uow.now, 10), SHOP)
    return held


def test_a_pause_waits_for_claims_that_are_not_yet_visible(postgresql_database: str):
    """Otherwise it would answer that nothing leaves, while a worker next door goes to the door."""
    shop = make_shop(postgresql_database)
    shop.engine.chore(lambda uow: uow.outbox.add("message.email", "one", {}), SHOP)
    with ThreadPoolExecutor() as pool:

        def claim_while_somebody_pauses(uow: UnitOfWork) -> Future[Receipt]:
            assert len(outbox.claim(uow.session, uow.now, 10)) == 1
            pausing = pool.submit(shop.do, PauseMessages())
            while not pausing.done() and not is_waited_for(shop):
                pass
            return pausing

        pausing = shop.engine.chore(claim_while_somebody_pauses, SHOP)
        assert "1 message was on the way out" in pausing.result().sentence
    shop.close()


def is_waited_for(shop: Shop) -> bool:
    locks = sa.table("pg_locks", sa.column("locktype"), sa.column("granted"))
    waiting = sa.select(locks).where(locks.c.locktype == "advisory", ~locks.c.granted)
    return bool(shop.engine.read(lambda session: session.select(waiting)))
