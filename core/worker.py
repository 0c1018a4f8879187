"""The worker: plans messages from facts, claims effects, acts outside any transaction, settles."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from typing import Any

from core import failpoints
from core.db import events, inbox, outbox, setup
from core.db.connection import Session
from core.db.events import Fact
from core.db.inbox import Delivery
from core.db.outbox import Claim
from core.db.unit_of_work import UnitOfWork
from core.domain.access import system
from core.domain.cases import CaseKind, Finding
from core.domain.effects import Effect, Outcome, later, unknown
from core.domain.refusals import Unavailable
from core.domain.values import dataclass
from core.engine import Caller, Engine

log = logging.getLogger("wismo.worker")

Executor = Callable[[Effect], Awaitable[Outcome]]
Planner = Callable[[UnitOfWork, Fact], None]
Translator = Callable[[Session, Delivery], Any]
Chore = Callable[[UnitOfWork], int]

ROUND_SECONDS = 1.0
CLAIMS_MAX = 20
FACTS_MAX = 100
ACT_SECONDS_MAX = 45.0  # under the lease, so that a slow call never outlives its claim


@dataclass(frozen=True, slots=True)
class Duties:
    """What a worker knows to do; bot/main puts it together.

    `executors` by kind of effect (a kind without one waits); `plan` turns one fact into intents;
    `translate` reads a kept delivery again; `chores` run every round for each shop.
    """

    executors: Mapping[str, Executor]
    plan: Planner
    translate: Translator
    chores: tuple[Chore, ...] = field(default=())


class Worker:
    def __init__(self, engine: Engine, duties: Duties) -> None:
        self._engine = engine
        self._duties = duties
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; a new command wakes it at once, the clock at least every second."""
        if self._engine.database.is_sqlite:
            await asyncio.to_thread(self._abandon_leases)
        loop = asyncio.get_running_loop()
        self._engine.on_done(lambda: _wake(loop, self._wake))
        while not stop.is_set():
            try:
                busy = await self.step()
            except Unavailable:
                log.warning("the database is not available; waiting")
                busy = 0
            if not busy:
                await self._rest(stop)

    def _abandon_leases(self) -> None:
        """One process owns a SQLite database: leases found at its start belong to the dead."""
        self._engine.chore(lambda uow: outbox.abandon_leases(uow.session))

    async def _rest(self, stop: asyncio.Event) -> None:
        self._wake.clear()
        waiting = [asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(stop.wait())]
        await asyncio.wait(waiting, timeout=ROUND_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()

    async def until_idle(self, rounds_max: int = 1000) -> int:
        """Work until nothing is due any more; returns how many things were done."""
        done = 0
        for _ in range(rounds_max):
            count = await self.step()
            done += count
            if not count:
                return done
        return done

    async def step(self) -> int:
        """One round of everything; returns how many things were done."""
        planned = await asyncio.to_thread(self._plan)
        chores = await asyncio.to_thread(self._run_chores)
        retried = await asyncio.to_thread(self._retry_inbox)
        return planned + chores + retried + await self._carry_out()

    # --- facts become intents --------------------------------------------------------------------

    def _plan(self) -> int:
        def work(uow: UnitOfWork) -> int:
            facts = events.unplanned(uow.session, FACTS_MAX)
            for fact in facts:
                self._plan_one(uow, fact)
            events.place(uow.session, facts)
            return len(facts)

        return self._engine.chore(work)

    def _plan_one(self, uow: UnitOfWork, fact: Fact) -> None:
        """A fact that cannot be planned becomes a case; it never holds up the others."""
        own = self._engine.unit(uow.batch, Caller(system(fact.shop_id), "planner"), fact.id)
        uow.batch.savepoint()
        try:
            self._duties.plan(own, fact)
            own.tell()
        except Exception as problem:
            log.exception("no messages could be planned for %s %s", fact.kind, fact.id)
            uow.batch.take_back()
            own = self._engine.unit(uow.batch, Caller(system(fact.shop_id), "planner"), fact.id)
            own.cases.open(_unplannable(fact, problem))
            own.finish()
            return
        uow.batch.release()
        own.hand_over()

    # --- chores and kept deliveries --------------------------------------------------------------

    def _run_chores(self) -> int:
        shops = self._engine.read(setup.shop_ids)
        return sum(
            self._engine.chore(chore, shop_id) for shop_id in shops for chore in self._duties.chores
        )

    def _retry_inbox(self) -> int:
        now = self._engine.clock()
        ids = self._engine.read(lambda session: inbox.due(session, now))
        for inbox_id in ids:
            self.replay(inbox_id)
        return len(ids)

    def replay(self, inbox_id: int) -> None:
        """Try a kept delivery again, now."""
        found = self._engine.read(lambda session: inbox.load(session, inbox_id))
        if found is None:
            return
        shop_id, delivery = found
        command = self._engine.read(lambda session: self._duties.translate(session, delivery))
        caller = Caller(system(shop_id, "channel"), "inbox", delivery=delivery)
        self._engine.execute(command, caller)

    # --- effects ---------------------------------------------------------------------------------

    async def _carry_out(self) -> int:
        claims = await asyncio.to_thread(self._claim)
        await asyncio.gather(*(self._act(claim) for claim in claims))
        return len(claims)

    def _claim(self) -> list[Claim]:
        now = self._engine.clock()
        return self._engine.chore(lambda uow: outbox.claim(uow.session, now, CLAIMS_MAX))

    async def _act(self, claim: Claim) -> None:
        failpoints.hit("worker.before_act")
        outcome = await self._outcome(claim.effect)
        failpoints.hit("worker.after_act")
        await asyncio.to_thread(self._settle, claim, outcome)
        failpoints.hit("worker.after_settle")

    async def _outcome(self, effect: Effect) -> Outcome:
        executor = self._duties.executors.get(effect.kind)
        if executor is None:
            return later(f"nobody here carries out {effect.kind}", 60)
        try:
            return await asyncio.wait_for(executor(effect), ACT_SECONDS_MAX)
        except TimeoutError:
            return unknown("no answer in time")
        except Exception as problem:
            log.exception("effect %s %s failed", effect.kind, effect.key)
            return unknown(f"{type(problem).__name__}: {problem}")  # it broke on either side of it

    def _settle(self, claim: Claim, outcome: Outcome) -> None:
        now = self._engine.clock()
        shop_id = claim.effect.shop_id
        self._engine.chore(lambda uow: outbox.settle(uow.session, claim, outcome, now), shop_id)


def _wake(loop: asyncio.AbstractEventLoop, bell: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(bell.set)


def _unplannable(fact: Fact, problem: Exception) -> Finding:
    return Finding(
        CaseKind.DELIVERY_DEAD,
        f"event:{fact.id}",
        f"No message could be made for {fact.kind}.",
        order_id=fact.order_id,
        facts={"problem": str(problem)[:300]},
    )
