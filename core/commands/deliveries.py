"""What a connected machine sent beside orders: kept without effect, doubted, or answered by us."""

from __future__ import annotations

from dataclasses import replace

from core.db import tables as t
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.cases import CaseKind, Finding
from core.domain.values import dataclass
from core.registry import Done, command


@dataclass(frozen=True, slots=True)
class IgnoreDelivery:
    """Keep a message that means nothing to us yet: a topic we do not follow, say."""

    connection_id: int
    topic: str


@command("ignore delivery", IgnoreDelivery, Right.MACHINERY, in_chat=False)
def ignore(ask: IgnoreDelivery, _uow: UnitOfWork) -> Done:
    return Done(f"{ask.topic or 'A message'} is kept; there is nothing to do.")


@dataclass(frozen=True, slots=True)
class DoubtDelivery:
    """Open a case for a message whose number came before with other content."""

    connection_id: int
    topic: str
    delivery_id: str


@command("doubt delivery", DoubtDelivery, Right.MACHINERY, in_chat=False)
def doubt(ask: DoubtDelivery, uow: UnitOfWork) -> Done:
    connection = uow.shop.connection(ask.connection_id)
    name = connection.name if connection else str(ask.connection_id)
    finding = Finding(
        CaseKind.DRIFT,
        f"delivery:{ask.connection_id}:{ask.delivery_id}",
        f"{name} sent {ask.topic} {ask.delivery_id} twice with different content. "
        "The first one counts; compare the order with the shop.",
        facts={"topic": ask.topic, "delivery": ask.delivery_id},
    )
    uow.cases.open(finding)
    return Done("Kept as it first came; a person looks at it.")


@dataclass(frozen=True, slots=True)
class LinkParcel:
    """Write down under which id the shop knows a parcel, so that its echo is recognized."""

    parcel_id: int
    external_id: str


@command("link parcel", LinkParcel, Right.MACHINERY, in_chat=False)
def link_parcel(ask: LinkParcel, uow: UnitOfWork) -> Done:
    uow.orders.by_id(uow.work.parcel(ask.parcel_id).order_id)
    parcel = uow.work.parcel(ask.parcel_id)  # as it is now that its order is locked
    known = uow.work.parcel_by_external(ask.external_id)
    if known is None and parcel.external_id is None:
        uow.work.save_parcel(replace(parcel, external_id=ask.external_id))
    return Done("The parcel is known to the shop.")


@dataclass(frozen=True, slots=True)
class OpenApiConnection:
    """Make the connection behind the caller's API key: its own room for external ids."""


@command("open api connection", OpenApiConnection, Right.CAPTURE, in_chat=False)
def open_api_connection(_ask: OpenApiConnection, uow: UnitOfWork) -> Done:
    uow.people.put(t.connection, {"name": f"api:{uow.actor.name}"}, {"kind": "api"})
    return Done(f"Orders of {uow.actor.name} have their own connection.")
