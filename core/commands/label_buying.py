"""Labels of returns, bought at a carrier: asked for, bought once, and given back when not used."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from core.db.bought_labels import (
    BoughtLabel,
    add_label,
    keep_content,
    label_by_id,
    living_label,
    save_label,
)
from core.db.events import Fact
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.carriers import carrier_name, clean_number
from core.domain.labels import LabelState, offers_label
from core.domain.money import amount_text
from core.domain.refusals import NotPossible
from core.domain.returning.places import by_post
from core.domain.returning.rules import read_terms
from core.domain.returns import Rma
from core.domain.shop import Connection, Mode
from core.domain.values import dataclass
from core.registry import Arg, Done, command

KIND = "easypost"
PDF_MOST = 2_000_000  # bytes of one label
_YES = ("true", "yes", "on", "1")


@dataclass(frozen=True, slots=True)
class BuyReturnLabel:
    """Buy the label with which a return comes back; its customer gets it, and its scans are
    followed."""

    number: Annotated[str, Arg.RETURN]


@command("buy-label", BuyReturnLabel, Right.RETURN_DECIDE, examples=("buy-label R1001-1",))
def buy(ask: BuyReturnLabel, uow: UnitOfWork) -> Done:
    rma = uow.returns.get(ask.number)
    connection = uow.shop.first_connection(KIND)
    if connection is None:
        raise NotPossible(
            "No account that makes labels is connected.",
            f"Write the number of yours: `return-label {rma.number} <carrier> <number>`.",
        )
    _require_able(uow, rma)
    _ask_for(uow, rma, connection)
    return Done(f"A label for return {rma.number} is being made.", _facts(rma))


def _require_able(uow: UnitOfWork, rma: Rma) -> None:
    if uow.shop.mode is Mode.WATCH:
        raise NotPossible("In watch mode nothing is bought.", "`wismo shop mode staff` ends it.")
    if not rma.waits_for_goods:
        raise NotPossible(
            f"Return {rma.number} is {rma.status.value}; nothing of it is expected.",
            "Only returns that are on their way, or will be, have a label.",
        )
    if living_label(uow.session, rma.id) is not None or rma.tracking_number:
        raise NotPossible(
            f"Return {rma.number} has a label already.",
            f"`void-label {rma.number}` gives a bought one back.",
            code="already",
        )
    if _goal(uow, rma) is None:
        raise NotPossible(
            "No location that takes returns has a street and a postal code.",
            "Give one its address: `wismo location set BER --street … --zip …`.",
        )


def _goal(uow: UnitOfWork, rma: Rma) -> Any:
    order = uow.orders.own(rma.order_id)
    reasons = [line.reason for line in rma.lines]
    found = by_post(uow.shop.locations.values(), order.ship_to, reasons)
    return found if found and found.place.street and found.place.zip else None


def _ask_for(uow: UnitOfWork, rma: Rma, connection: Connection) -> None:
    order = uow.orders.own(rma.order_id)
    label = BoughtLabel(
        id=uow.new_id(),
        shop_id=uow.shop.id,
        order_id=order.id,
        rma_id=rma.id,
        connection_id=connection.id,
        state=LabelState.ASKED,
        currency=uow.shop.currency,
        asked_by=uow.actor.name,
        asked_at=uow.now,
    )
    add_label(uow, label)
    uow.emit(order.id, e.ReturnLabelAsked(rma.id, rma.number))
    _effect(uow, label, "label", order.number)


def _effect(uow: UnitOfWork, label: BoughtLabel, what: str, order: str) -> None:
    uow.outbox.add(
        f"{KIND}.{what}",
        f"{KIND}.{what}:{label.id}",
        {"label": label.id, "order": order},
        lane=f"{KIND}:{label.id}",
        connection_id=label.connection_id,
        order_id=label.order_id,
    )


# --- giving back ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VoidReturnLabel:
    """Give the bought label of a return back to its carrier; nobody can send with it any more."""

    number: Annotated[str, Arg.RETURN]


@command("void-label", VoidReturnLabel, Right.RETURN_DECIDE, examples=("void-label R1001-1",))
def void(ask: VoidReturnLabel, uow: UnitOfWork) -> Done:
    rma = uow.returns.get(ask.number)
    label = living_label(uow.session, rma.id)
    if label is None or label.state is not LabelState.BOUGHT:
        raise NotPossible(
            f"Return {rma.number} has no label that could be given back.",
            f"Look at it: `{rma.number}`.",
        )
    if rma.sent_at is not None:
        raise NotPossible(f"The parcel of return {rma.number} is on its way with it.")
    _give_back(uow, rma, label)
    return Done(f"The label of return {rma.number} is given back.", _facts(rma))


def _give_back(uow: UnitOfWork, rma: Rma, label: BoughtLabel) -> None:
    save_label(uow, label, replace(label, state=LabelState.VOIDING))
    rma = uow.returns.by_id(rma.id)
    if rma.tracking_number == label.tracking_number:
        uow.returns.save(rma, replace(rma, carrier="", tracking_number=""))
    order = uow.orders.own(rma.order_id)
    uow.emit(order.id, e.ReturnLabelVoided(rma.id, rma.number, label.carrier))
    _effect(uow, label, "void", order.number)


# --- by itself ------------------------------------------------------------------------------------


def plan_label(uow: UnitOfWork, fact: Fact) -> None:
    """The worker's planner: an approved return gets its label where the account says so, and a
    label that nobody will use is given back."""
    if fact.kind not in ("ReturnApproved", "ReturnCanceled", "ReturnExpired", "ReturnReceived"):
        return
    connection = uow.shop.first_connection(KIND)
    if connection is None:
        return
    rma = uow.returns.by_id(fact.data["return_id"])
    label = living_label(uow.session, rma.id)
    if fact.kind == "ReturnApproved":
        if label is None and _is_automatic(uow, connection, rma):
            _ask_for(uow, rma, connection)
    elif (
        label
        and label.state is LabelState.BOUGHT
        and rma.sent_at is None
        and not rma.waits_for_goods
    ):
        _give_back(uow, rma, label)


def _is_automatic(uow: UnitOfWork, connection: Connection, rma: Rma) -> bool:
    told = str(connection.config.get("automatic") or "no").strip().casefold()
    able = rma.waits_for_goods and not rma.tracking_number and uow.shop.mode is not Mode.WATCH
    offered = offers_label(read_terms(line.terms) for line in rma.lines)
    return told in _YES and able and offered and _goal(uow, rma) is not None


# --- what the carrier has answered ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SettleLabel:
    """How far a label has come at its carrier: drafted there, bought, refused, given back or not.

    `cost` in minor units.
    """

    label: int
    step: str
    shipment: str = ""
    carrier: str = ""
    service: str = ""
    tracking_number: str = ""
    cost: int = 0
    reason: str = ""

    def audited(self) -> dict[str, Any]:
        return {"label": self.label, "step": self.step, "cost": self.cost}


@command("settle label", SettleLabel, Right.MACHINERY, in_chat=False)
def settle(ask: SettleLabel, uow: UnitOfWork) -> Done:
    label = label_by_id(uow.session, ask.label)
    if label is None:
        raise NotPossible("There is no such label.")
    uow.orders.own(label.order_id)
    label = label_by_id(uow.session, ask.label) or label  # as it is now that its order is locked
    _STEPS[ask.step](uow, label, ask)
    return Done(f"The label is {ask.step}.", {"label": label.id})


def _drafted(uow: UnitOfWork, label: BoughtLabel, ask: SettleLabel) -> None:
    if label.state is LabelState.ASKED and not label.shipment:
        save_label(uow, label, replace(label, shipment=ask.shipment))


def _bought(uow: UnitOfWork, label: BoughtLabel, ask: SettleLabel) -> None:
    """The number travels with the return from now on; where nothing is expected any more, or
    another number has come meanwhile, the label goes back at once."""
    if label.state is not LabelState.ASKED:
        return
    number, carrier = clean_number(ask.tracking_number), carrier_name(ask.carrier)
    bought = replace(
        label,
        state=LabelState.BOUGHT,
        carrier=carrier,
        service=ask.service,
        tracking_number=number,
        cost=ask.cost,
        bought_at=uow.now,
    )
    save_label(uow, label, bought)
    rma = uow.returns.by_id(label.rma_id)
    if not rma.waits_for_goods or rma.tracking_number:
        _give_back(uow, rma, bought)
        return
    uow.returns.save(rma, replace(rma, carrier=carrier, tracking_number=number))
    uow.emit(rma.order_id, e.ReturnLabeled(rma.id, rma.number, carrier, number))


def _refused(uow: UnitOfWork, label: BoughtLabel, ask: SettleLabel) -> None:
    if label.state is LabelState.ASKED:
        after = replace(label, state=LabelState.FAILED, reason=ask.reason[:300], ended_at=uow.now)
        save_label(uow, label, after)


def _voided(uow: UnitOfWork, label: BoughtLabel, ask: SettleLabel) -> None:
    if label.state is LabelState.VOIDING:
        state = LabelState.SPENT if ask.step == "spent" else LabelState.VOID
        after = replace(label, state=state, reason=ask.reason[:300], ended_at=uow.now)
        save_label(uow, label, after)


_STEPS = {
    "drafted": _drafted,
    "bought": _bought,
    "refused": _refused,
    "void": _voided,
    "spent": _voided,
}


def keep_label(uow: UnitOfWork, label_id: int, pdf: bytes) -> None:
    """The paper itself, once; from now on its customer can be given it."""
    label = label_by_id(uow.session, label_id)
    if label is None or not keep_content(uow, label_id, pdf):
        return
    rma = uow.returns.by_id(label.rma_id)
    if label.state is LabelState.BOUGHT and rma.waits_for_goods:
        cost = amount_text(label.cost, label.currency)
        uow.emit(rma.order_id, e.ReturnLabelReady(rma.id, rma.number, label.carrier, cost))


def _facts(rma: Rma) -> dict[str, Any]:
    return {"return": rma.number, "status": rma.status.value}
