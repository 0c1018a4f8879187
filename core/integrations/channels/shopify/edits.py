"""An edit told to the store: look what is different there, stage exactly that, commit once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.domain.effects import Effect, Outcome, dead, done
from core.domain.money import decimal_text, parse_minor
from core.domain.values import dataclass
from core.integrations.channels.shopify.access import Store
from core.integrations.channels.shopify.nodes import Node, gid, number_of, words_of

STATE = """query Edited($id: ID!) { order(id: $id) { cancelledAt currencyCode note
  shippingAddress { address1 address2 zip city countryCodeV2 }
  lineItems(first: 100) { nodes { id sku quantity currentQuantity unfulfilledQuantity
    totalDiscountSet { shopMoney { amount } } } }
  fulfillments(first: 20) { status
    fulfillmentLineItems(first: 50) { nodes { quantity lineItem { id } } } } } }"""
BEGIN = """mutation Begin($id: ID!) { orderEditBegin(id: $id) {
  calculatedOrder { id subtotalPriceSet { shopMoney { amount } }
    lineItems(first: 100) { nodes { id quantity } } }
  userErrors { field message } } }"""
SET = """mutation SetQuantity($id: ID!, $line: ID!, $quantity: Int!) {
  orderEditSetQuantity(id: $id, lineItemId: $line, quantity: $quantity, restock: true) {
    calculatedOrder { subtotalPriceSet { shopMoney { amount } } }
    userErrors { field message } } }"""
ADD = """mutation AddVariant($id: ID!, $variant: ID!, $quantity: Int!) {
  orderEditAddVariant(id: $id, variantId: $variant, quantity: $quantity, allowDuplicates: true) {
    calculatedOrder { subtotalPriceSet { shopMoney { amount } } }
    userErrors { field message } } }"""
DISCOUNT = """mutation Discount($id: ID!, $line: ID!, $discount: OrderEditAppliedDiscountInput!) {
  orderEditAddLineItemDiscount(id: $id, lineItemId: $line, discount: $discount) {
    calculatedOrder { subtotalPriceSet { shopMoney { amount } } }
    userErrors { field message } } }"""
COMMIT = """mutation Commit($id: ID!, $notify: Boolean, $note: String) {
  orderEditCommit(id: $id, notifyCustomer: $notify, staffNote: $note) {
    order { id } userErrors { field message } } }"""
UPDATE = """mutation Update($input: OrderInput!) { orderUpdate(input: $input) {
  order { id } userErrors { field message } } }"""
VARIANT = """query Variant($query: String!) { productVariants(first: 2, query: $query) {
  nodes { id sku } } }"""
SUCCESS = "SUCCESS"


class Refused(Exception):
    """The store says no to a step; nothing of the edit was committed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line that is different there: its id (none for a new one), and by how much."""

    line: str
    sku: str
    more: int = 0
    discount: int = 0
    quantity: int = 0


async def send_edit(store: Store, effect: Effect) -> Outcome:
    """Make the store's order what ours is. Asked again, it finds nothing different and is done:
    that is how an outcome which was never heard is looked up."""
    payload = effect.payload
    order_id = gid("Order", payload["external_id"])
    order = (await store.ask(STATE, id=order_id))["order"]
    if order is None:
        return dead("the shop does not know this order")
    if order["cancelledAt"] is not None:
        return dead("the order is canceled in the shop")
    try:
        steps = steps_of(order, payload["lines"])
        if steps:
            await _edit(store, order_id, order["currencyCode"], steps, effect.key)
        words = words_different(order, payload)
        if words:
            await _ask(store, "orderUpdate", UPDATE, input={"id": order_id, **words})
    except Refused as refused:
        return dead(f"the shop refused: {refused}")
    return done(lines=len(steps), words=sorted(words))


# --- what is different ----------------------------------------------------------------------------


def steps_of(order: Node, told: Iterable[Mapping[str, Any]]) -> list[Step]:
    """The lines that the store has otherwise; what it has and we were not told of stays."""
    told = list(told)
    theirs = {number_of(x["id"]): x for x in order["lineItems"]["nodes"]}
    named = {x["line"] for x in told if x["line"]}
    free = [number for number in theirs if number not in named]
    steps = []
    for line in told:
        number = line["line"] or next((n for n in free if theirs[n]["sku"] == line["sku"]), "")
        if number in free:
            free.remove(number)
        if number in theirs:
            step = _step(order, number, theirs[number], line)
        else:
            step = Step("", line["sku"], line["quantity"], line["discount"], line["quantity"])
        if step.more or (step.discount and step.quantity):
            steps.append(step)
    return steps


def _step(order: Node, number: str, node: Node, line: Mapping[str, Any]) -> Step:
    given = node["totalDiscountSet"]["shopMoney"]["amount"]
    more_off = line["discount"] - parse_minor(given, order["currencyCode"])
    more = line["quantity"] - wanted_there(order, number, node)
    return Step(number, line["sku"], more, max(0, more_off), line["quantity"])


def wanted_there(order: Node, number: str, node: Node) -> int:
    """Units that the customer has or still gets, as the store tells it (see translate)."""
    sent: int = sum(
        line["quantity"]
        for one in order["fulfillments"]
        if one["status"] == SUCCESS
        for line in one["fulfillmentLineItems"]["nodes"]
        if number_of(line["lineItem"]["id"]) == number
    )
    moving = sent + int(node["unfulfilledQuantity"])
    return min(int(node["quantity"]), max(int(node["currentQuantity"]), moving))


def words_different(order: Node, payload: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "note" in payload and (order["note"] or "") != payload["note"]:
        found["note"] = payload["note"]
    address = payload.get("address")
    if address is not None and _door(order["shippingAddress"] or {}) != _door(_as_input(address)):
        found["shippingAddress"] = _as_input(address)
    return found


def _as_input(address: Mapping[str, Any]) -> dict[str, str]:
    """Our address as the store takes one: the door as a whole, of the rest what we know."""
    first, _, last = str(address.get("name", "")).rpartition(" ")
    door = {
        "address1": address.get("street", ""),
        "address2": address.get("street2", ""),
        "zip": address.get("zip", ""),
        "city": address.get("city", ""),
    }
    known = {
        "firstName": first,
        "lastName": last,
        "company": address.get("company", ""),
        "countryCode": address.get("country", ""),
        "phone": address.get("phone", ""),
    }
    return door | {name: str(value) for name, value in known.items() if value}


def _door(address: Mapping[str, Any]) -> tuple[str, ...]:
    country = address.get("countryCodeV2") or address.get("countryCode") or ""
    names = ("address1", "address2", "zip", "city")
    return (country, *((address.get(name) or "").strip() for name in names))


# --- staged and committed -------------------------------------------------------------------------


@dataclass(slots=True)
class _Session:
    """An edit that is being staged: nothing of it counts before it is committed."""

    store: Store
    id: str
    currency: str
    subtotal: int

    async def stage(self, name: str, document: str, **variables: Any) -> int:
        """One step; returns by how much it moved the goods' subtotal."""
        answer = await _ask(self.store, name, document, id=self.id, **variables)
        before, self.subtotal = self.subtotal, _subtotal(answer["calculatedOrder"], self.currency)
        return self.subtotal - before


def _subtotal(order: Node, currency: str) -> int:
    return parse_minor(order["subtotalPriceSet"]["shopMoney"]["amount"], currency)


async def _edit(store: Store, order_id: str, currency: str, steps: list[Step], key: str) -> None:
    begun = await _ask(store, "orderEditBegin", BEGIN, id=order_id)
    order = begun["calculatedOrder"]
    session = _Session(store, order["id"], currency, _subtotal(order, currency))
    lines = {number_of(x["id"]): x for x in order["lineItems"]["nodes"]}
    for step in steps:
        if step.line:
            await _stage(session, lines[step.line], step)
        else:
            await _add(session, step)
    notify = not store.connection.is_ours("order_changed")
    await _ask(store, "orderEditCommit", COMMIT, id=session.id, notify=notify, note=f"wismo {key}")


async def _stage(session: _Session, line: Node, step: Step) -> None:
    quantity = line["quantity"] + step.more
    if step.more:
        await session.stage("orderEditSetQuantity", SET, line=line["id"], quantity=quantity)
    if step.discount and quantity:
        await _discount(session, line["id"], step.discount, quantity)


async def _add(session: _Session, step: Step) -> None:
    """A new line; the store sells it at its own price."""
    found = await session.store.ask(VARIANT, query=f"sku:'{step.sku}'")
    nodes = [node for node in found["productVariants"]["nodes"] if node["sku"] == step.sku]
    if not nodes:
        raise Refused(f"it does not sell {step.sku}")
    await session.stage("orderEditAddVariant", ADD, variant=nodes[0]["id"], quantity=step.more)


async def _discount(session: _Session, line_id: str, amount: int, quantity: int) -> None:
    """A discount is given for each unit. What the store makes of it is looked at before anything
    is committed: a discount that came out otherwise is not told by halves."""
    if amount % quantity:
        raise Refused(f"a discount of {amount} cannot be given on {quantity} units alike")
    value = {
        "amount": decimal_text(amount // quantity, session.currency),
        "currencyCode": session.currency,
    }
    discount = {"fixedValue": value}
    name = "orderEditAddLineItemDiscount"
    moved = await session.stage(name, DISCOUNT, line=line_id, discount=discount)
    if moved != -amount:
        raise Refused(f"a discount of {amount} would have become one of {-moved} there")


async def _ask(store: Store, name: str, document: str, **variables: Any) -> Node:
    answer: Node = (await store.ask(document, **variables))[name]
    if answer["userErrors"]:
        raise Refused(words_of(answer["userErrors"]))
    return answer
