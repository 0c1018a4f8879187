"""The store as a payment gateway: an order's money is captured, voided and refunded there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from core.domain.money import decimal_text, parse_minor
from core.domain.values import dataclass
from core.integrations.channels.shopify import client as c
from core.integrations.channels.shopify.access import Store
from core.integrations.channels.shopify.nodes import Node, gid, number_of, words_of
from core.integrations.payments import port

NOTE = "wismo "  # our refunds begin with it, and with the key that they were asked under

MONEY = """query Money($id: ID!) { order(id: $id) { id name currencyCode presentmentCurrencyCode
  lineItems(first: 100) { nodes { id refundableQuantity } }
  transactions(first: 100) { id kind status gateway amountSet { shopMoney { amount } }
    parentTransaction { id } multiCapturable authorizationExpiresAt }
  refunds(first: 100) { id note createdAt totalRefundedSet { shopMoney { amount } }
    transactions(first: 10) { nodes { status } } } } }"""
REFUND = """mutation Refund($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund { id createdAt transactions(first: 10) { nodes { status } } }
    userErrors { field message } } }"""
CAPTURE = """mutation Capture($input: OrderCaptureInput!) { orderCapture(input: $input) {
  transaction { id status } userErrors { field message } } }"""
VOID = """mutation Void($parent: ID!) { transactionVoid(parentTransactionId: $parent) {
  transaction { id status } userErrors { field message } } }"""

TAKEN, GONE = ("SALE", "CAPTURE"), ("FAILURE", "ERROR")


@dataclass(frozen=True, slots=True)
class StoreMoney:
    """A Gateway: its payments are named by the order's id, for one order may have several."""

    store: Store

    async def look(self, payment: str) -> port.Held:
        order = await self._order(payment)
        return held_of(payment, order)

    async def capture(
        self,
        payment: str,
        amount: int,
        currency: str,
        key: str,  # noqa: ARG002  Shopify knows none for captures: who asks again looks first
        *,
        last: bool,
    ) -> port.Held:
        order = await self._order(payment)
        _require_one_currency(order)
        parent, left = _open_authorization(order)
        if amount > left:
            raise port.Refused(f"only {decimal_text(left, currency)} {currency} can be captured")
        words = {"id": order["id"], "parentTransactionId": parent["id"], "currency": currency}
        words["amount"] = decimal_text(amount, currency)
        if parent["multiCapturable"]:
            words["finalCapture"] = last
        await self._done("orderCapture", CAPTURE, input=words)
        return await self.look(payment)

    async def release(self, payment: str, key: str) -> port.Held:  # noqa: ARG002
        order = await self._order(payment)
        parent, left = _open_authorization(order)
        if left:
            await self._done("transactionVoid", VOID, parent=parent["id"])
        return await self.look(payment)

    async def refund(self, owed: port.Owed) -> port.PaidBack:
        """The goods are named without being restocked: the stock is ours to write."""
        order = await self._order(owed.payment)
        _require_one_currency(order)
        words = {
            "orderId": order["id"],
            "note": f"{NOTE}{owed.key} {owed.note}".strip()[:250],
            "notify": False,
            "refundLineItems": list(_goods(order, owed.units)),
            "transactions": list(_shares(order, owed)),
        }
        answer = await self._done("refundCreate", REFUND, input=words, key=owed.key)
        made = answer["refund"]
        return port.PaidBack(
            number_of(made["id"]),
            owed.payment,
            owed.amount,
            owed.currency,
            _state(made),
            owed.key,
            at=_moment(made),
        )

    async def refunds_of(self, payment: str) -> list[port.PaidBack]:
        order = await self._order(payment)
        return [_paid_back(payment, order, one) for one in order["refunds"]]

    async def _order(self, payment: str) -> Node:
        order = (await self._ask(MONEY, id=gid("Order", payment)))["order"]
        if order is None:
            raise port.Refused("the shop does not know this order")
        found: Node = order
        return found

    async def _done(self, name: str, document: str, **variables: Any) -> Node:
        answer: Node = (await self._ask(document, **variables))[name]
        if answer["userErrors"]:
            raise port.Refused(f"the shop refused: {words_of(answer['userErrors'])}")
        return answer

    async def _ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """What can go wrong in the shop, in the words of the port."""
        try:
            return await self.store.ask(document, **variables)
        except c.Busy as problem:
            raise port.Busy(problem.seconds) from problem
        except c.NotReached as problem:
            raise port.NotReached(str(problem)) from problem
        except c.TokenRefused as problem:
            raise port.KeyRefused(str(problem)) from problem
        except c.Unsure as problem:
            raise port.Unsure(str(problem)) from problem
        except c.NotUnderstood as problem:
            raise port.Refused(f"the shop does not understand us: {problem}") from problem


def key_of_note(note: str | None) -> str:
    """Under which key we asked for a refund; empty for one that others made."""
    said = note or ""
    return said[len(NOTE) :].partition(" ")[0] if said.startswith(f"{NOTE}refund:") else ""


def held_of(payment: str, order: Node) -> port.Held:
    """All of an order's money: what was sold at once counts as set aside and taken."""
    currency = order["currencyCode"]
    entries = [x for x in order["transactions"] if x["status"] == "SUCCESS"]
    held = [x for x in entries if x["kind"] == "AUTHORIZATION"]
    left = sum(_left(order, x) for x in held)
    taken = sum(_amount(order, x) for x in entries if x["kind"] in TAKEN)
    sold = sum(_amount(order, x) for x in entries if x["kind"] == "SALE")
    ends = [_when(x["authorizationExpiresAt"]) for x in held if x["authorizationExpiresAt"]]
    return port.Held(
        payment,
        currency,
        sum(_amount(order, x) for x in held) + sold,
        taken,
        left > 0,
        min(ends, default=None),
        str(order["name"]),
    )


def _open_authorization(order: Node) -> tuple[Node, int]:
    """The authorization of which most is left, and how much that is."""
    held = [
        x
        for x in order["transactions"]
        if x["kind"] == "AUTHORIZATION" and x["status"] == "SUCCESS"
    ]
    if not held:
        raise port.Refused("the shop has no authorization for this order")
    best = max(held, key=lambda one: _left(order, one))
    return best, _left(order, best)


def _left(order: Node, held: Node) -> int:
    """What can still be captured: one capture ends an authorization that allows no more."""
    used = [x for x in _children(order, held) if x["kind"] in ("CAPTURE", "VOID")]
    if any(x["kind"] == "VOID" for x in used) or (used and not held["multiCapturable"]):
        return 0
    return _amount(order, held) - sum(_amount(order, x) for x in used)


def _children(order: Node, parent: Node) -> list[Node]:
    return [
        x
        for x in order["transactions"]
        if (x["parentTransaction"] or {}).get("id") == parent["id"] and x["status"] not in GONE
    ]


def _amount(order: Node, entry: Node) -> int:
    return parse_minor(entry["amountSet"]["shopMoney"]["amount"], order["currencyCode"])


def _goods(order: Node, units: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Only units that the shop would still refund; what an edit took away it does not count."""
    for line in order["lineItems"]["nodes"]:
        quantity = min(units.get(number_of(line["id"]), 0), line["refundableQuantity"])
        if quantity > 0:
            yield {"lineItemId": line["id"], "quantity": quantity, "restockType": "NO_RESTOCK"}


def _shares(order: Node, owed: port.Owed) -> Iterator[dict[str, Any]]:
    """The money, taken from the order's payments in the order in which they were made."""
    left = owed.amount
    for paid in order["transactions"]:
        if paid["kind"] not in TAKEN or paid["status"] != "SUCCESS":
            continue
        back = sum(_amount(order, x) for x in _children(order, paid) if x["kind"] == "REFUND")
        share = min(left, _amount(order, paid) - back)
        if share > 0:
            left -= share
            yield {
                "orderId": order["id"],
                "parentId": paid["id"],
                "gateway": paid["gateway"],
                "kind": "REFUND",
                "amount": decimal_text(share, owed.currency),
            }
    if left:
        words = f"{decimal_text(owed.amount - left, owed.currency)} {owed.currency}"
        raise port.Refused(f"only {words} of this order can be refunded in the shop")


def _require_one_currency(order: Node) -> None:
    """Shopify moves money in the customer's currency; at which rate is not ours to say."""
    if order["presentmentCurrencyCode"] != order["currencyCode"]:
        paid = order["presentmentCurrencyCode"]
        raise port.Refused(f"the customer paid in {paid}: do it in the shop's admin")


def _paid_back(payment: str, order: Node, refund: Node) -> port.PaidBack:
    currency = order["currencyCode"]
    return port.PaidBack(
        number_of(refund["id"]),
        payment,
        parse_minor(refund["totalRefundedSet"]["shopMoney"]["amount"], currency),
        currency,
        _state(refund),
        key_of_note(refund["note"]),
        at=_moment(refund),
    )


def _state(refund: Node) -> Literal["succeeded", "pending", "failed"]:
    states = {one["status"] for one in refund["transactions"]["nodes"]}
    if states & set(GONE):
        return "failed"
    return "pending" if states & {"PENDING", "AWAITING_RESPONSE", "UNKNOWN"} else "succeeded"


def _moment(refund: Node) -> datetime | None:
    return _when(refund["createdAt"]) if refund["createdAt"] else None


def _when(text: str) -> datetime:
    return datetime.fromisoformat(text)
