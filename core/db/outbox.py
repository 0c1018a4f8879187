"""The outbox: what must leave the house, each with a stable key, a lane, a lease and a fence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement, one_of
from core.db.rows import from_json, micros, to_json
from core.domain.effects import Effect, Outcome
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

LEASE_SECONDS = 60
ATTEMPTS_MAX = 8
PAUSES_MAX = 100  # who names the time to come back is busy, not broken
_CLAIM_LOCK = 7_301_965  # any number that is ours alone

_b = t.outbox.c
_older = t.outbox.alias("older")
_OPEN = ("waiting", "leased")
# Only the oldest open row of a lane may run; rows of paused customer words are passed over.
_DUE = Statement(
    sa.select(
        _b.id,
        _b.shop_id,
        _b.connection_id,
        _b.kind,
        _b.key,
        _b.attempts,
        _b.payload,
        sa.case((_b.state == "leased", 1), else_=_b.unknown),
        _b.fence,
    )
    .join(t.shop, t.shop.c.id == _b.shop_id)
    .where(
        _b.due_at <= sa.bindparam("now"),
        sa.or_(
            _b.state == "waiting",
            sa.and_(_b.state == "leased", _b.leased_until < sa.bindparam("now2")),
        ),
        sa.or_(t.shop.c.paused_at.is_(None), _b.kind.not_like("message.%")),
        sa.or_(
            _b.lane == "",
            ~sa.exists().where(
                _older.c.lane == _b.lane,
                one_of(_older.c.state, _OPEN),
                _older.c.id < _b.id,
            ),
        ),
    )
    .order_by(_b.due_at, _b.id)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True, of=t.outbox)
)
_LEASE = Statement(
    t.outbox.update()
    .where(_b.id == sa.bindparam("row_id"), _b.fence == sa.bindparam("seen"))
    .values(
        state="leased",
        leased_until=sa.bindparam("lease_end"),
        fence=_b.fence + 1,
        attempts=_b.attempts + 1,
        unknown=sa.bindparam("was_unknown"),
    )
)
_ABANDON = Statement(t.outbox.update().where(_b.state == "leased").values(leased_until=0))
_LEAVING = Statement(
    sa.select(sa.func.count()).where(
        _b.shop_id == sa.bindparam("shop"),
        _b.state == "leased",
        _b.kind.like("message.%"),
        _b.leased_until >= sa.bindparam("now"),
    )
)
_SETTLE = Statement(
    t.outbox.update().where(
        _b.id == sa.bindparam("row_id"),
        _b.state == "leased",
        _b.fence == sa.bindparam("held_fence"),
    ),
    sets=("state", "reason", "due_at", "leased_until", "ended_at", "result", "unknown"),
)
_WAITING_FOR = Statement(
    sa.select(_b.id, _b.payload, _b.due_at)
    .where(
        _b.shop_id == sa.bindparam("shop"),
        _b.order_id == sa.bindparam("order"),
        _b.kind == sa.bindparam("kind_"),
        _b.state == "waiting",
    )
    .order_by(_b.id)
)
_MOVE_DUE = Statement(
    t.outbox.update().where(_b.id == sa.bindparam("row_id"), _b.state == "waiting"),
    sets=("due_at",),
)
_KEY_THERE = Statement(
    sa.select(_b.id).where(_b.shop_id == sa.bindparam("shop"), _b.key == sa.bindparam("key"))
)
_STATE = Statement(
    sa.select(_b.state).where(_b.shop_id == sa.bindparam("shop"), _b.key == sa.bindparam("key"))
)
_SUPPRESS = Statement(
    t.outbox.update()
    .where(
        _b.shop_id == sa.bindparam("shop"),
        _b.key == sa.bindparam("key_"),
        _b.state == "waiting",
    )
    .values(state="suppressed", reason=sa.bindparam("why"), ended_at=sa.bindparam("end"))
)
_AGAIN = Statement(
    t.outbox.update()
    .where(
        _b.shop_id == sa.bindparam("shop"),
        _b.id == sa.bindparam("row_id"),
        one_of(_b.state, ("dead", "suppressed", "waiting")),
    )
    .values(state="waiting", reason="", due_at=sa.bindparam("due"), attempts=0, ended_at=None)
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A leased effect and the fence under which its outcome will be accepted."""

    effect: Effect
    fence: int


class Outbox:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._session: Session = uow.session
        self.held: list[int] = []  # of this command: what an undo has to stop

    def add(
        self,
        kind: str,
        key: str,
        payload: dict[str, Any],
        *,
        lane: str = "",
        connection_id: int | None = None,
        order_id: int | None = None,
        event_id: int | None = None,
        due_at: datetime | None = None,
        suppressed: str = "",
        fresh: bool = False,
        waits: bool = False,
        cause: int | None = None,
    ) -> int | None:
        """One intent, written with the state that caused it; an equal key is one intent only.

        `suppressed` records the intent with the reason why it will not be carried out. `fresh`
        promises that the key was never used (it holds a new id), which saves looking. With
        `waits` it leaves only when the command that says it cannot be undone any more; `cause` is
        that command where another plans for it.
        """
        if not fresh and self._is_known(key):
            return None
        now = micros(self._uow.now)
        effect_id = self._uow.new_id()
        row = {
            "id": effect_id,
            "shop_id": self._uow.actor.shop_id,
            "connection_id": connection_id,
            "kind": kind,
            "key": key,
            "lane": lane,
            "order_id": order_id,
            "event_id": event_id,
            "cause": cause,
            "payload": to_json(payload),
            "state": "suppressed" if suppressed else "waiting",
            "reason": suppressed,
            "created_at": now,
            "due_at": micros(due_at) if due_at else now,
            "ended_at": now if suppressed else None,
        }
        if fresh:
            self._uow.log(t.outbox, row)
        else:
            self._uow.insert_now(t.outbox, row)
        if waits:
            self.held.append(effect_id)
        return effect_id

    def _is_known(self, key: str) -> bool:
        return self._session.row(_KEY_THERE, shop=self._uow.actor.shop_id, key=key) is not None

    def state_of(self, key: str) -> str | None:
        """How far an intent has come; None when there is none of this key."""
        self._uow.write_rows()
        row = self._session.row(_STATE, shop=self._uow.actor.shop_id, key=key)
        return None if row is None else row[0]

    def suppress(self, key: str, reason: str) -> bool:
        """Take back an intent that has not started."""
        changed = self._session.run(
            _SUPPRESS, shop=self._uow.actor.shop_id, key_=key, why=reason, end=micros(self._uow.now)
        )
        return changed == 1

    def joins(
        self, kind: str, order_id: int, same: Mapping[str, Any], not_before: datetime | None
    ) -> bool:
        """Whether an intent of this kind still waits whose payload has all of `same`: what it
        tells is read when it leaves, so that it speaks for a later one, too. It leaves no
        earlier than that one would have."""
        session, shop_id = self._uow.session, self._uow.actor.shop_id
        waiting = session.rows(_WAITING_FOR, shop=shop_id, order=order_id, kind_=kind)
        for row_id, payload, due in waiting:
            if same.items() <= from_json(payload).items():
                later = max(due, micros(not_before) if not_before else 0)
                return session.run(_MOVE_DUE, row_id=row_id, due_at=later) == 1
        return False

    def leaving(self) -> int:
        """How many messages a worker has in its hands; until this transaction ends, no more.

        Ask it in the transaction that pauses: a worker looks at the pause once more just before
        it hands a message over, so only these few can still arrive.
        """
        if not self._session.is_sqlite:
            self._session.plain(f"SELECT pg_advisory_xact_lock({_CLAIM_LOCK})")
        at = micros(self._uow.now)
        row = self._session.row(_LEAVING, shop=self._uow.actor.shop_id, now=at)
        return int(row[0]) if row else 0

    def again(self, effect_id: int) -> bool:
        """Put a dead or suppressed effect back in the queue, on a person's word."""
        changed = self._session.run(
            _AGAIN, shop=self._uow.actor.shop_id, row_id=effect_id, due=micros(self._uow.now)
        )
        return changed == 1


# --- the worker's side: not part of any command --------------------------------------------------


def claim(session: Session, now: datetime, most: int) -> list[Claim]:
    """Lease what is due. A dead worker's lease runs out by itself, and then nobody knows how far
    it came: such an attempt counts as unknown."""
    if not session.is_sqlite:
        session.plain(f"SELECT pg_advisory_xact_lock_shared({_CLAIM_LOCK})")
    at = micros(now)
    claims = []
    for row in session.rows(_DUE, now=at, now2=at, most=most):
        effect_id, shop_id, connection_id, kind, key, attempts, payload, unknown, fence = row
        end = at + LEASE_SECONDS * 1_000_000
        lease = {"row_id": effect_id, "seen": fence, "lease_end": end, "was_unknown": unknown}
        if session.run(_LEASE, **lease) == 1:
            effect = Effect(
                effect_id,
                shop_id,
                connection_id,
                kind,
                key,
                attempts + 1,
                from_json(payload),
                unknown_before=bool(unknown),
            )
            claims.append(Claim(effect, fence + 1))
    return claims


def abandon_leases(session: Session) -> int:
    """Let every lease run out now: only for a worker that knows itself to be the only one."""
    return session.run(_ABANDON)


def settle(session: Session, held: Claim, outcome: Outcome, now: datetime) -> str:
    """Record how an attempt ended; returns the new state, or `stale` for a zombie's late word."""
    state, due_at = _next_state(held.effect, outcome, now)
    ended = micros(now) if state in ("done", "dead", "suppressed") else None
    changed = session.run(
        _SETTLE,
        row_id=held.effect.id,
        held_fence=held.fence,
        state=state,
        reason=outcome.reason[:500],
        due_at=micros(due_at),
        leased_until=None,
        ended_at=ended,
        result=to_json(outcome.result),
        unknown=int(outcome.state == "unknown" or (held.effect.unknown_before and state != "done")),
    )
    return state if changed == 1 else "stale"


def _next_state(effect: Effect, outcome: Outcome, now: datetime) -> tuple[str, datetime]:
    if outcome.state == "done":
        suppressed = outcome.result.get("suppressed")
        return ("suppressed" if suppressed else "done"), now
    wait = outcome.retry_after
    most = ATTEMPTS_MAX if wait is None else PAUSES_MAX
    if outcome.state == "dead" or effect.attempt >= most:
        return "dead", now
    if wait is None:
        wait = min(3600.0, 2.0 * 3.0 ** (effect.attempt - 1))
    return "waiting", now + timedelta(seconds=wait)
