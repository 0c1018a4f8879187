"""A return told to the store: look how it stands there, do what it lacks, look again.

Shopify's refundCreate knows no return; its money is told beside it (refunds.py). What was counted
in is told as not restocked: the stock itself is told by stock.py, once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Any

from core.commands.telling_returns import LinkReturn
from core.db.connection import Session
from core.db.returns import return_with_lines
from core.domain.effects import Effect, Outcome, dead, done
from core.domain.returning.elsewhere import Step, There, next_step, to_dispose, travelling
from core.domain.returns import ReturnReason, Rma
from core.domain.values import dataclass
from core.integrations.channels.shopify.access import Store
from core.integrations.channels.shopify.nodes import Node, gid, number_of, words_of

MARK = "wismo "  # the note of each of our lines there begins with it and the return's number
NOTE_MOST, DECLINE_MOST = 255, 500
STEPS_MOST = 6

_AS_IT_IS = """id status
  returnLineItems(first: 50) { nodes { quantity returnReasonNote } }
  reverseFulfillmentOrders(first: 5) { nodes { id lineItems(first: 50) { nodes {
    id totalQuantity dispositions { type quantity }
    fulfillmentLineItem { lineItem { id } } } } } }"""
RETURN = f"query Return($id: ID!) {{ return(id: $id) {{ {_AS_IT_IS} }} }}"
RETURNS = """query Returns($id: ID!) { order(id: $id) { cancelledAt
  returns(first: 50) { nodes { id status
    returnLineItems(first: 50) { nodes { returnReasonNote } } } } } }"""
ABLE = """query Able($id: ID!) { returnableFulfillments(orderId: $id, first: 20) { nodes {
  returnableFulfillmentLineItems(first: 50) { nodes { quantity
    fulfillmentLineItem { id lineItem { id } } } } } } }"""
CREATE = """mutation CreateReturn($returnInput: ReturnInput!) {
  returnCreate(returnInput: $returnInput) { return { id } userErrors { field message } } }"""
APPROVE = """mutation ApproveReturn($input: ReturnApproveRequestInput!) {
  returnApproveRequest(input: $input) { return { id } userErrors { field message } } }"""
DECLINE = """mutation DeclineReturn($input: ReturnDeclineRequestInput!) {
  returnDeclineRequest(input: $input) { return { id } userErrors { field message } } }"""
CANCEL = """mutation CancelReturn($id: ID!) {
  returnCancel(id: $id) { return { id } userErrors { field message } } }"""
CLOSE = """mutation CloseReturn($id: ID!) {
  returnClose(id: $id) { return { id } userErrors { field message } } }"""
DISPOSE = """mutation Dispose($inputs: [ReverseFulfillmentOrderDisposeInput!]!) {
  reverseFulfillmentOrderDispose(dispositionInputs: $inputs) {
    reverseFulfillmentOrderLineItems { id } userErrors { field message } } }"""

CAME, MISSING = "NOT_RESTOCKED", "MISSING"


class Refused(Exception):
    """The store says no to a step; what was done before it stands."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One return on both sides: ours as it is now, and how the store names its lines."""

    store: Store
    order: str
    rma: Rma
    lines: Mapping[int, str]

    @property
    def notify(self) -> bool:
        """Whether the store writes to the customer: where that message is its own."""
        return not self.store.connection.is_ours("return_status")

    def told_of(self, node: Node | None) -> There:
        if node is None:
            return There()
        ours = {theirs: line_id for line_id, theirs in self.lines.items()}
        counted: dict[str, Counter[int]] = {"received": Counter(), "missing": Counter()}
        for line in _reverse_lines(node):
            line_id = ours.get(number_of(line["fulfillmentLineItem"]["lineItem"]["id"]))
            if line_id is None:
                continue
            for one in line["dispositions"]:
                kind = "missing" if one["type"] == MISSING else "received"
                counted[kind][line_id] += one["quantity"]
        return There(node["status"].lower(), counted["received"], counted["missing"])


async def send_return(store: Store, effect: Effect) -> Outcome:
    """Make the store's return what ours is. Asked again, it finds nothing lacking and is done: that
    is how an answer which was never heard is looked up."""
    order = gid("Order", effect.payload["external_id"])
    done_: list[str] = []
    try:
        for _ in range(STEPS_MOST):
            rma, lines = await store.read(partial(_ours, effect.payload["return"]))
            telling = Telling(store, order, rma, lines)
            node = await _there(telling)
            step = next_step(rma, telling.told_of(node))
            if step is None:
                break
            await _do(telling, step, node)
            done_.append(step.value)
    except Refused as refused:
        return dead(f"the shop refused: {refused}. Make the return in its admin say the same.")
    return done(steps=done_)


def _ours(rma_id: int, session: Session) -> tuple[Rma, dict[int, str]]:
    return return_with_lines(session, rma_id)


async def _there(telling: Telling) -> Node | None:
    """The return by the id that we know, else by our mark; found so, its id is written down."""
    known = telling.rma.external_id
    node: Node | None = None
    if known:
        node = await _asked(telling.store, gid("Return", known))
    if node is not None and node["status"] != "DECLINED":
        return node
    marked = await _marked(telling)
    if marked is None:
        return node
    await telling.store.execute(LinkReturn(telling.rma.id, number_of(marked)))
    return await _asked(telling.store, marked)


async def _asked(store: Store, name: str) -> Node | None:
    found: Node | None = (await store.ask(RETURN, id=name))["return"]
    return found


async def _marked(telling: Telling) -> str | None:
    """The id of a return there that says it is ours, whatever became of the answer that made it."""
    order = (await telling.store.ask(RETURNS, id=telling.order))["order"]
    if order is None:
        raise Refused("it does not know this order")
    for node in order["returns"]["nodes"]:
        notes = {line["returnReasonNote"] for line in node["returnLineItems"]["nodes"]}
        if telling.rma.number in map(number_in, notes) and node["status"] != "DECLINED":
            return str(node["id"])
    return None


def number_in(note: str | None) -> str:
    """Which return of ours a line there belongs to; empty for one that others made."""
    said = note or ""
    return said[len(MARK) :].partition(" ")[0] if said.startswith(MARK) else ""


# --- the steps ------------------------------------------------------------------------------------


async def _do(telling: Telling, step: Step, node: Node | None) -> None:
    acts: dict[Step, Callable[[Telling, Node | None], Awaitable[None]]] = {
        Step.CREATE: _create,
        Step.APPROVE: _approve,
        Step.DECLINE: _decline,
        Step.DISPOSE: _dispose,
        Step.CANCEL: partial(_end, "returnCancel", CANCEL),
        Step.CLOSE: partial(_end, "returnClose", CLOSE),
    }
    await acts[step](telling, node)


async def _create(telling: Telling, _node: Node | None) -> None:
    able = (await telling.store.ask(ABLE, id=telling.order))["returnableFulfillments"]["nodes"]
    wanted = {
        "orderId": telling.order,
        "returnLineItems": list(_sent_back(telling, able)),
        "requestedAt": telling.rma.requested_at.isoformat(),
    }
    made = await _ask(telling.store, "returnCreate", CREATE, returnInput=wanted)
    await telling.store.execute(LinkReturn(telling.rma.id, number_of(made["return"]["id"])))


def _sent_back(telling: Telling, able: list[Node]) -> Iterator[dict[str, Any]]:
    """Our units on what the store has sent, parcel after parcel."""
    rma = telling.rma
    left = {telling.lines.get(x.line_id, ""): travelling(x) for x in rma.lines if travelling(x)}
    reasons = {telling.lines.get(x.line_id, ""): x.reason or rma.reason for x in rma.lines}
    for parcel in able:
        for item in parcel["returnableFulfillmentLineItems"]["nodes"]:
            line = number_of(item["fulfillmentLineItem"]["lineItem"]["id"])
            units = min(left.get(line, 0), item["quantity"])
            if units > 0:
                left[line] -= units
                yield {
                    "fulfillmentLineItemId": item["fulfillmentLineItem"]["id"],
                    "quantity": units,
                    "returnReason": (reasons[line] or ReturnReason.UNKNOWN.value).upper(),
                    "returnReasonNote": f"{MARK}{rma.number} {rma.note}".strip()[:NOTE_MOST],
                }
    if any(left.values()):
        raise Refused(f"{sum(left.values())} units of {rma.number} cannot come back there")


async def _approve(telling: Telling, node: Node | None) -> None:
    wanted = {"id": _id(node), "notifyCustomer": telling.notify}
    await _ask(telling.store, "returnApproveRequest", APPROVE, input=wanted)


async def _decline(telling: Telling, node: Node | None) -> None:
    note = telling.rma.decision or "The return was ended."
    wanted = {
        "id": _id(node),
        "declineReason": decline_reason(telling.rma),
        "declineNote": note[:DECLINE_MOST],
        "notifyCustomer": telling.notify,
    }
    await _ask(telling.store, "returnDeclineRequest", DECLINE, input=wanted)


def decline_reason(rma: Rma) -> str:
    """Shopify's own word for why: it has three."""
    codes = {str(each.get("code", "")) for each in rma.why}
    if "final_sale" in codes:
        return "FINAL_SALE"
    return "RETURN_PERIOD_ENDED" if "window_over" in codes else "OTHER"


async def _dispose(telling: Telling, node: Node | None) -> None:
    there = telling.told_of(node)
    wanted = {telling.lines.get(x.line_id, ""): to_dispose(x, there) for x in telling.rma.lines}
    inputs = list(_disposed(_reverse_lines(node or {}), wanted))
    if not inputs:
        raise Refused(f"it has no goods of {telling.rma.number} left to count in")
    await _ask(telling.store, "reverseFulfillmentOrderDispose", DISPOSE, inputs=inputs)


def _disposed(
    lines: Iterator[Node], wanted: Mapping[str, tuple[int, int]]
) -> Iterator[dict[str, Any]]:
    left = {name: {CAME: came, MISSING: gone} for name, (came, gone) in wanted.items()}
    for line in lines:
        free = line["totalQuantity"] - sum(one["quantity"] for one in line["dispositions"])
        mine = left.get(number_of(line["fulfillmentLineItem"]["lineItem"]["id"]), {})
        for kind, units in mine.items():
            part = min(units, free)
            if part > 0:
                mine[kind] -= part
                free -= part
                yield {
                    "reverseFulfillmentOrderLineItemId": line["id"],
                    "quantity": part,
                    "dispositionType": kind,
                }


async def _end(name: str, document: str, telling: Telling, node: Node | None) -> None:
    await _ask(telling.store, name, document, id=_id(node))


def _reverse_lines(node: Node) -> Iterator[Node]:
    """What the store expects back; goods that it cannot name any more are not ours to count."""
    for each in node.get("reverseFulfillmentOrders", {"nodes": ()})["nodes"]:
        yield from (line for line in each["lineItems"]["nodes"] if line["fulfillmentLineItem"])


def _id(node: Node | None) -> str:
    return str((node or {})["id"])


async def _ask(store: Store, name: str, document: str, **variables: Any) -> Node:
    answer: Node = (await store.ask(document, **variables))[name]
    if answer["userErrors"]:
        raise Refused(words_of(answer["userErrors"]))
    return answer
