"""The engine: authorize, recognize repeats, one command in one transaction, audit, answer."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import field, replace
from datetime import datetime
from typing import Any, TypeVar, cast

import msgspec

import core.commands
import core.queries  # noqa: F401  (both enter their handlers in the registry)
from core import registry
from core.commands.planning import PLANNED_IN_WRITER
from core.db import audit, inbox, setup
from core.db import tables as t
from core.db.connection import Database, Question, Session
from core.db.errors import is_integrity, is_transient
from core.db.hopeful import writer_for
from core.db.ids import Ids
from core.db.inbox import Delivery
from core.db.reading import Reader
from core.db.rows import to_json
from core.db.turns import wait_for_turn
from core.db.unit_of_work import UnitOfWork
from core.db.writer import Batch, call
from core.domain.access import Actor, Role, demand, system
from core.domain.cases import CaseKind, Finding
from core.domain.order import Order
from core.domain.refusals import Conflict, Invalid, Refusal, Unavailable
from core.domain.values import dataclass

log = logging.getLogger("wismo.engine")
# A delivery that ends so is kept: it is tried again, and at last a person looks at it.
KEPT_CODES = ("not_yet", "unreadable", "invalid", "conflict")

INTEGRITY_TRIES = 4  # the same key written by somebody else, or an id by another process

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, through which door, and what makes the request recognizable.

    `key` is an idempotency key of the caller's own; `delivery` replaces it for messages of
    connected machines. `version` is the order's version that the person saw.
    """

    actor: Actor
    surface: str = "system"
    key: str | None = None
    version: int | None = None
    delivery: Delivery | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a command came to: small, without personal data, and the answer to a repeated key.

    outcome: done, refused (a no with code, sentence and next), deferred (kept and tried again)
    or failed (our bug; `command_id` is the reference).
    """

    command_id: int
    command: str
    outcome: str
    sentence: str = ""
    code: str = ""
    next: str = ""
    subjects: tuple[tuple[str, int], ...] = ()
    happened: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    repeated: bool = False
    can_undo: bool = False
    undo_seconds: int = 0

    @property
    def ok(self) -> bool:
        return self.outcome == "done"

    def __str__(self) -> str:
        return f"{self.sentence} {self.next}".strip()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A delivery whose body made no sense: kept, tried again, at last a dead letter."""

    problem: str


_receipt = msgspec.json.Decoder(Receipt).decode


class Engine:
    """The one way to change or ask anything. Thread-safe; blocks until it is durable."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], keys: Sequence[str] = ()
    ) -> None:
        """`keys` are the house's signing keys, oldest first; codes are derived from them."""
        self.keys = tuple(keys)
        self.database = database
        self.clock = clock
        self.ids = Ids(clock)
        self._writer = writer_for(database)
        self._listeners: list[Callable[[], None]] = []

    def execute(self, command: Any, caller: Caller) -> Receipt:
        """Do one command. Expected refusals are receipts; Unavailable is raised."""
        return self.submit(command, caller).result()

    def submit(self, command: Any, caller: Caller) -> Future[Receipt]:
        """Like execute, without waiting; thinking ahead happens in the calling thread."""
        command = registry.without_cards(command)
        try:
            prepared = self._prepare(command, caller)
        except Unavailable:
            raise
        except Refusal as refusal:
            if caller.actor.shop_id not in self.read(setup.shop_ids):
                raise  # there is nothing yet that an audit could belong to
            prepared = refusal  # said and audited like any other, unless it was done before
        future = self._writer.submit(_CommandJob(self, command, caller, prepared))
        future.add_done_callback(self._tell)
        return future

    def query(self, question: Any, caller: Caller) -> Any:
        """Answer a question from a snapshot. Raises Refusal."""
        spec = registry.spec_of(question)
        demand(caller.actor, spec.right)
        with self.database.read() as session:
            return spec.handler(question, Reader(session, caller.actor, self.clock()))

    def read(self, look: Callable[[Session], T]) -> T:
        """The house's own look into the database, below all access rules."""
        with self.database.read() as session:
            return look(session)

    def chore(self, work: Callable[[UnitOfWork], T], shop_id: int = 0) -> T:
        """Machine-room work in one transaction: leases, settling, planning. Not audited."""

        def run(batch: Batch) -> T:
            uow = self.unit(batch, Caller(system(shop_id), "chore"), self.ids())
            answer = work(uow)
            uow.finish()
            return answer

        answer: T = self._writer.submit(call(run)).result()
        return answer

    def unit(self, batch: Batch, caller: Caller, command_id: int) -> UnitOfWork:
        return UnitOfWork(
            batch,
            self.ids,
            actor=caller.actor,
            surface=caller.surface,
            now=self.clock(),
            command_id=command_id,
            keys=self.keys,
        )

    def on_done(self, listener: Callable[[], None]) -> None:
        """Call `listener` (quickly, from any thread) after commands that were done."""
        self._listeners.append(listener)

    def _tell(self, future: Future[Receipt]) -> None:
        if not future.cancelled() and future.exception() is None and future.result().ok:
            for listener in self._listeners:
                listener()

    def close(self) -> None:
        self._writer.close()
        self.database.close()
        setup.forget_all(self.database.name)

    def thinks_ahead(self, command: Any, caller: Caller) -> bool:
        """Whether `submit` looks into the database before the command may queue."""
        if isinstance(command, Unreadable):
            return False
        spec = registry.spec_of(command)
        if spec.prepare is None or not caller.actor.may(spec.right):
            return False
        known = setup.remembered(self.database, caller.actor.shop_id)
        small = known is not None and len(known.locations) <= PLANNED_IN_WRITER
        return spec.looks_first or not small

    def _prepare(self, command: Any, caller: Caller) -> Any:
        if not self.thinks_ahead(command, caller):
            return None
        prepare = cast("Callable[..., Any]", registry.spec_of(command).prepare)
        with self.database.read() as session:
            return prepare(command, Reader(session, caller.actor, self.clock()))


class _CommandJob:
    """One command on its way through the writer."""

    def __init__(self, engine: Engine, command: Any, caller: Caller, prepared: Any) -> None:
        self.engine = engine
        self.command = command
        self.caller = caller
        self.prepared = prepared
        self.command_id = 0
        readable = not isinstance(command, Unreadable)
        self.name = registry.spec_of(command).name if readable else "read_delivery"
        self.questions = () if engine.database.is_sqlite else self._questions()

    def _questions(self) -> Sequence[Question]:
        """What a server is asked ahead: only for what says whether it was done before."""
        delivery = self.caller.delivery
        if isinstance(self.command, Unreadable) or delivery is None or delivery.inbox_id:
            return ()
        ask = registry.spec_of(self.command).questions
        if ask is None:
            return ()
        return (inbox.question(delivery), *ask(self.command, self.caller.actor.shop_id))

    def run(self, batch: Batch) -> Receipt:
        self.command_id = self.engine.ids()  # anew at each try: another process may have had it
        if not batch.was_asked:
            batch.session.look_ahead(self.questions)
        known = self._known(batch)
        if known is not None:
            return known
        self._take_turn(batch)
        receipt = self._savepoint(batch)
        self._keep(batch, receipt)
        return receipt

    def _take_turn(self, batch: Batch) -> None:
        """A command whose noes are counted waits for the one before it, whose no has to be seen."""
        if isinstance(self.command, Unreadable):
            return
        turn = registry.spec_of(self.command).turn
        if turn is not None and not batch.session.is_sqlite:
            wait_for_turn(batch.session, f"{self.caller.actor.shop_id}/{turn(self.command)}")
            batch.cling()

    # --- repeats ---------------------------------------------------------------------------------

    def _known(self, batch: Batch) -> Receipt | None:
        caller = self.caller
        if caller.delivery is not None:
            if caller.delivery.inbox_id is not None:
                faster = inbox.tried_meanwhile(batch.session, caller.delivery)
                batch.cling()  # to the lock that keeps others from trying it at the same time
                return None if faster is None else _again(faster)
            found = inbox.find(batch, caller.delivery)
            return None if found is None else _again(found[2])
        if caller.key is None:
            return None
        kept = inbox.find_key(batch, caller.actor.shop_id, self._scope(), caller.key)
        if kept is None:
            return None
        if kept[0] != self._fingerprint():
            refusal = Conflict(
                "This key was used for something else.", "Send a new key.", code="key_reused"
            )
            return self._refused(refusal)
        return _again(kept[1])

    def _scope(self) -> str:
        return f"{self.caller.actor.id}/{self.name}"

    def _fingerprint(self) -> str:
        return hashlib.sha256(to_json(self.command).encode()).hexdigest()

    # --- the effect ------------------------------------------------------------------------------

    def _savepoint(self, batch: Batch) -> Receipt:
        """Run the handler; whatever it raises, its changes are gone and the batch stands."""
        for left in reversed(range(INTEGRITY_TRIES)):
            batch.savepoint()
            try:
                receipt, uow = self._attempt(batch)
            except Exception as problem:
                if is_transient(problem):
                    raise
                batch.take_back()
                if is_integrity(problem) and left:
                    continue  # somebody wrote the same key a moment earlier: now it is visible
                return self._ended_badly(batch, problem)
            batch.release()
            uow.hand_over()
            return receipt
        raise AssertionError("unreachable")

    def _attempt(self, batch: Batch) -> tuple[Receipt, UnitOfWork]:
        if isinstance(self.command, Unreadable):
            raise Invalid(self.command.problem, code="unreadable")
        spec = registry.spec_of(self.command)
        demand(self.caller.actor, spec.right)
        uow = self.engine.unit(batch, self.caller, self.command_id)
        if isinstance(self.prepared, Refusal):
            raise self.prepared
        ahead = () if spec.prepare is None else (self.prepared,)
        done = spec.handler(self.command, uow, *ahead)
        window = uow.hold_back()
        changed = self._write(uow)
        if batch.careful:
            uow.write_rows()
        receipt = Receipt(
            command_id=self.command_id,
            command=self.name,
            outcome="done",
            sentence=done.sentence,
            subjects=tuple((order.number, order.version) for order in changed),
            happened=tuple(told.event.kind for told in uow.events),
            facts=done.facts,
            can_undo=uow.undo is not None,
            undo_seconds=int(window.total_seconds()),
        )
        return receipt, uow

    def _write(self, uow: UnitOfWork) -> list[Order]:
        """Orders, their audit rows and the events: what the command changed, in one go."""
        for order_id in sorted(uow.told):
            uow.orders.own(order_id)
        changed = uow.orders.write() if uow.told or "orders" in uow.__dict__ else []
        self._require_seen([order for order, _ in changed])
        way_back = _way_back(uow)
        for order, previous in changed:
            row = self._audit("done", "", way_back, (order.id, order.version, previous))
            uow.orders.store(order, row["hash"])
            uow.log(t.audit, row)
        if not changed:
            uow.log(t.audit, self._audit("done", "", way_back))
        uow.tell()
        return [order for order, _ in changed]

    def _require_seen(self, changed: list[Order]) -> None:
        """The order that was asked about comes first; others that it moved were not looked at."""
        expected = self.caller.version
        if expected is None or not changed or changed[0].version - 1 in (expected, 0):
            return
        raise Conflict(
            f"Order {changed[0].number} has changed since you looked.",
            "Look at it again, then press once more.",
            code="stale",
        )

    # --- the other ends --------------------------------------------------------------------------

    def _ended_badly(self, batch: Batch, problem: Exception) -> Receipt:
        # A person reads the no at once and acts on it; only what a machine sent is kept.
        is_kept = self.caller.delivery is not None and not self.caller.actor.is_staff
        if isinstance(problem, Refusal) and not (is_kept and problem.code in KEPT_CODES):
            batch.add(t.audit, [self._audit("refused", problem.code)])
            if self.caller.delivery is not None and self._is_lost(problem.code):
                self._dead_letter(batch, self.caller.delivery, problem, "applied")
            return self._refused(problem)
        if not isinstance(problem, Refusal):
            log.error(
                "command %s failed (reference %s)", self.name, self.command_id, exc_info=problem
            )
        delivery = self.caller.delivery
        if delivery is None:
            batch.add(t.audit, [self._audit("failed", "bug")])
            return self._failed()
        if inbox.is_last_try(delivery):
            self._dead_letter(batch, delivery, problem, "understood")
        return Receipt(
            self.command_id, self.name, "deferred", sentence=f"Kept: {problem}", code="deferred"
        )

    def _is_lost(self, code: str) -> bool:
        """What a channel or carrier said was refused, and not because it is so already."""
        return self.caller.actor.role is Role.SYSTEM and code != "already"

    def _dead_letter(self, batch: Batch, delivery: Delivery, problem: Exception, what: str) -> None:
        shop_id = self.caller.actor.shop_id
        uow = self.engine.unit(batch, Caller(system(shop_id), "inbox"), self.command_id)
        finding = Finding(
            CaseKind.DEAD_LETTER,
            f"inbox:{delivery.connection_id}:{delivery.delivery_id}",
            f"A {delivery.topic} message could not be {what}.",
            facts={"inbox_id": delivery.inbox_id or self.command_id, "problem": str(problem)[:300]},
        )
        uow.cases.open(finding)
        uow.finish()

    def _refused(self, refusal: Refusal) -> Receipt:
        return Receipt(
            self.command_id,
            self.name,
            "refused",
            sentence=refusal.sentence,
            code=refusal.code,
            next=refusal.next,
            facts=dict(refusal.facts),
        )

    def _failed(self) -> Receipt:
        return Receipt(
            self.command_id,
            self.name,
            "failed",
            sentence="Something went wrong inside wismo; nothing was changed.",
            code="bug",
            next=f"Tell the person who runs it: reference {self.command_id}.",
        )

    def _keep(self, batch: Batch, receipt: Receipt) -> None:
        """Store the answer under the delivery or key. A refusal leaves a key free."""
        caller = self.caller
        now = self.engine.clock()
        if caller.delivery is not None:
            states = {
                "done": "done",
                "refused": "dead" if self._is_lost(receipt.code) else "refused",
            }
            inbox.keep(
                batch,
                caller.delivery,
                row_id=self.command_id,
                shop_id=caller.actor.shop_id,
                now=now,
                state=states.get(receipt.outcome, "retry"),
                answer=to_json(receipt),
                error="" if receipt.ok else str(receipt),
            )
        elif caller.key is not None and receipt.ok:
            shop_id, scope, key = caller.actor.shop_id, self._scope(), caller.key
            answer = to_json(receipt)
            inbox.keep_key(batch, shop_id, scope, key, self._fingerprint(), answer, now)

    def _audit(
        self,
        outcome: str,
        code: str,
        undo: Any = None,
        order: tuple[int, int, str] | None = None,
    ) -> dict[str, Any]:
        actor = self.caller.actor
        delivery = self.caller.delivery
        return audit.row(
            row_id=self.engine.ids(),
            shop_id=actor.shop_id,
            command_id=self.command_id,
            command=self.name,
            arguments=_audited(self.command),
            actor=actor.id,
            role=actor.role.value,
            surface=self.caller.surface,
            delivery=delivery.delivery_id if delivery else (self.caller.key or ""),
            outcome=outcome,
            code=code,
            at=self.engine.clock(),
            undo=undo,
            order=order,
        )


def _again(answer: str) -> Receipt:
    return replace(_receipt(answer), repeated=True)


def _audited(command: Any) -> str:
    """What the audit keeps of the arguments: commands with personal data say it themselves."""
    own = getattr(command, "audited", None)
    return to_json(own() if own is not None else command)


def _way_back(uow: UnitOfWork) -> Any:
    """The inverse command, and the cases that were changed on the way, as they were."""
    if uow.undo is None:
        return None
    arguments = msgspec.to_builtins(uow.undo)
    told = {"name": registry.spec_of(uow.undo).name, "arguments": arguments}
    cases = [msgspec.to_builtins(was) for was in uow.cases_were.values()]
    return told | {"cases": cases} if cases else told
