"""Customer conversations and the messages that wismo keeps of itself on other surfaces."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Row, Session, Statement
from core.db.rows import from_json, micros, micros_or_none, moment, moment_or_none, to_json
from core.domain.refusals import Conflict
from core.domain.values import dataclass

if TYPE_CHECKING:
    from core.db.unit_of_work import UnitOfWork

_v, _m, _s = t.conversation.c, t.conversation_message.c, t.surface_message.c
_FIELDS = [c for c in t.conversation.columns if c.name != "shop_id"]
_BY_ADDRESS = Statement(
    sa.select(*_FIELDS).where(
        _v.shop_id == sa.bindparam("shop"),
        _v.surface == sa.bindparam("surface"),
        _v.address == sa.bindparam("address"),
    )
)
_BY_ID = Statement(
    sa.select(*_FIELDS).where(_v.shop_id == sa.bindparam("shop"), _v.id == sa.bindparam("id"))
)
_BY_CASE = Statement(
    sa.select(*_FIELDS).where(
        _v.shop_id == sa.bindparam("shop"), _v.case_id == sa.bindparam("case")
    )
)
_LOCK = Statement(
    sa.select(*_FIELDS)
    .where(_v.shop_id == sa.bindparam("shop"), _v.id == sa.bindparam("id"))
    .with_for_update()
)
_MUTABLE = (
    "customer_id",
    "verified_until",
    "language",
    "mode",
    "talk",
    "proof",
    "case_id",
    "version",
    "last_at",
)
_UPDATE = Statement(
    t.conversation.update().where(
        _v.id == sa.bindparam("row_id"), _v.version == sa.bindparam("seen_version")
    ),
    sets=_MUTABLE,
)
_MESSAGES = Statement(
    sa.select(_m.id, _m.author, _m.words, _m.buttons, _m.at)
    .where(_m.conversation_id == sa.bindparam("conversation"), _m.id > sa.bindparam("after"))
    .order_by(_m.id)
    .limit(200)
)
_NEWEST = Statement(
    sa.select(_m.id, _m.author, _m.words, _m.buttons, _m.at)
    .where(_m.conversation_id == sa.bindparam("conversation"))
    .order_by(_m.id.desc())
    .limit(200)
)
_HEARD = Statement(
    sa.select(_m.id).where(
        _m.conversation_id == sa.bindparam("conversation"),
        _m.external_id == sa.bindparam("external"),
    )
)
_SURFACE = Statement(
    sa.select(_s.id, _s.subject, _s.surface, _s.channel, _s.ts, _s.hash, _s.version).where(
        _s.shop_id == sa.bindparam("shop"),
        _s.subject == sa.bindparam("subject"),
        _s.surface == sa.bindparam("surface"),
    )
)
_SURFACE_AT = Statement(
    sa.select(_s.id, _s.subject, _s.surface, _s.channel, _s.ts, _s.hash, _s.version).where(
        _s.shop_id == sa.bindparam("shop"),
        _s.surface == sa.bindparam("surface"),
        _s.channel == sa.bindparam("channel"),
        _s.ts == sa.bindparam("ts"),
    )
)
_UPDATE_SURFACE = Statement(
    t.surface_message.update().where(_s.id == sa.bindparam("row_id")),
    sets=("ts", "hash", "version", "at"),
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """One customer's talk on one surface. `talk` is the brain's state, `proof` what codes and
    links have shown; the person is only known while `verified_until` lies ahead."""

    id: int
    surface: str
    address: str
    connection_id: int | None
    customer_id: int | None
    verified_until: datetime | None
    language: str
    mode: str
    talk: dict[str, Any]
    proof: dict[str, Any]
    case_id: int | None
    version: int
    created_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class SurfaceMessage:
    """A message of ours on another surface that is kept up to date in place."""

    id: int
    subject: str
    surface: str
    channel: str
    ts: str | None
    hash: str
    version: int


def _conversation(row: Row) -> Conversation:
    r: dict[str, Any] = dict(zip((c.name for c in _FIELDS), row, strict=True))
    return Conversation(
        **{
            **r,
            "talk": from_json(r["talk"]),
            "proof": from_json(r["proof"]),
            "verified_until": moment_or_none(r["verified_until"]),
            "created_at": moment(r["created_at"]),
            "last_at": moment(r["last_at"]),
        }
    )


def conversation_at(
    session: Session, shop_id: int, surface: str, address: str
) -> Conversation | None:
    row = session.row(_BY_ADDRESS, shop=shop_id, surface=surface, address=address)
    return None if row is None else _conversation(row)


def conversation_by_id(session: Session, shop_id: int, conversation_id: int) -> Conversation | None:
    row = session.row(_BY_ID, shop=shop_id, id=conversation_id)
    return None if row is None else _conversation(row)


def conversation_of_case(session: Session, shop_id: int, case_id: int) -> Conversation | None:
    row = session.row(_BY_CASE, shop=shop_id, case=case_id)
    return None if row is None else _conversation(row)


def messages_of(session: Session, conversation_id: int, after: int = 0) -> list[Row]:
    """(id, author, words, buttons as JSON, at in microseconds), oldest first.

    At most 200: the next ones after a line, or the newest of the whole conversation.
    """
    if not after:
        return session.rows(_NEWEST, conversation=conversation_id)[::-1]
    return session.rows(_MESSAGES, conversation=conversation_id, after=after)


def surface_messages(
    session: Session, shop_id: int, subject: str, surface: str
) -> list[SurfaceMessage]:
    rows = session.rows(_SURFACE, shop=shop_id, subject=subject, surface=surface)
    return [SurfaceMessage(*row) for row in rows]


def surface_message_at(
    session: Session, shop_id: int, surface: str, channel: str, ts: str
) -> SurfaceMessage | None:
    row = session.row(_SURFACE_AT, shop=shop_id, surface=surface, channel=channel, ts=ts)
    return None if row is None else SurfaceMessage(*row)


class Conversations:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._session = uow.session

    def at(
        self, surface: str, address: str, connection_id: int | None = None, language: str = ""
    ) -> Conversation:
        """The conversation at this address, begun when there is none."""
        found = conversation_at(self._session, self._uow.shop.id, surface, address)
        if found is not None:
            return found
        now = self._uow.now
        new = Conversation(
            id=self._uow.new_id(),
            surface=surface,
            address=address,
            connection_id=connection_id,
            customer_id=None,
            verified_until=None,
            language=language,
            mode="bot",
            talk={},
            proof={},
            case_id=None,
            version=0,
            created_at=now,
            last_at=now,
        )
        self._uow.insert_now(
            t.conversation,
            {
                "id": new.id,
                "shop_id": self._uow.shop.id,
                "surface": surface,
                "address": address,
                "connection_id": connection_id,
                "language": language,
                "created_at": micros(now),
                "last_at": micros(now),
            },
        )
        return new

    def locked(self, conversation: Conversation) -> Conversation:
        """The conversation as it is now, and nobody else's until this command ends."""
        row = self._session.row(_LOCK, shop=self._uow.shop.id, id=conversation.id)
        return conversation if row is None else _conversation(row)

    def by_id(self, conversation_id: int) -> Conversation | None:
        row = self._session.row(_BY_ID, shop=self._uow.shop.id, id=conversation_id)
        return None if row is None else _conversation(row)

    def of_case(self, case_id: int) -> Conversation | None:
        return conversation_of_case(self._session, self._uow.shop.id, case_id)

    def save(self, before: Conversation, **changes: Any) -> Conversation:
        """The conversation with changes; two writers at once are a conflict for the second."""
        after = replace(before, version=before.version + 1, last_at=self._uow.now, **changes)
        changed = self._session.run(
            _UPDATE,
            row_id=after.id,
            seen_version=before.version,
            customer_id=after.customer_id,
            verified_until=micros_or_none(after.verified_until),
            language=after.language,
            mode=after.mode,
            talk=to_json(after.talk),
            proof=to_json(after.proof),
            case_id=after.case_id,
            version=after.version,
            last_at=micros(after.last_at),
        )
        if changed != 1:
            raise Conflict("This conversation moved on meanwhile.", "Send that again.")
        return after

    def heard_as(self, conversation: Conversation, external_id: str) -> int | None:
        """The line under which a message of another machine was kept before."""
        row = self._session.row(_HEARD, conversation=conversation.id, external=external_id)
        return None if row is None else row[0]

    def write(
        self,
        conversation: Conversation,
        author: str,
        words: str,
        *,
        buttons: list[Any] | None = None,
        external_id: str | None = None,
    ) -> int:
        """Keep one line of the talk; `author` is customer, bot, or the name of a colleague."""
        message_id = self._uow.new_id()
        self._uow.insert_now(
            t.conversation_message,
            {
                "id": message_id,
                "shop_id": self._uow.shop.id,
                "conversation_id": conversation.id,
                "author": author,
                "words": words,
                "buttons": to_json(buttons or []),
                "external_id": external_id,
                "at": micros(self._uow.now),
            },
        )
        return message_id

    # --- messages on other surfaces --------------------------------------------------------------

    def surface(self, subject: str, surface: str) -> list[SurfaceMessage]:
        return surface_messages(self._session, self._uow.shop.id, subject, surface)

    def put_surface(
        self,
        subject: str,
        surface: str,
        channel: str,
        *,
        ts: str | None,
        hash: str,
        version: int,
        connection_id: int | None = None,
    ) -> None:
        """Remember where a message of ours stands and what it showed last."""
        for known in self.surface(subject, surface):
            if known.channel == channel:
                self._session.run(
                    _UPDATE_SURFACE,
                    row_id=known.id,
                    ts=ts,
                    hash=hash,
                    version=version,
                    at=micros(self._uow.now),
                )
                return
        self._uow.insert_now(
            t.surface_message,
            {
                "id": self._uow.new_id(),
                "shop_id": self._uow.shop.id,
                "subject": subject,
                "surface": surface,
                "connection_id": connection_id,
                "channel": channel,
                "ts": ts,
                "hash": hash,
                "version": version,
                "at": micros(self._uow.now),
            },
        )
