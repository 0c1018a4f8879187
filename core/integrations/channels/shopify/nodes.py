"""Orders as GraphQL tells them, turned into the webhook's shape: one translation serves both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from core.integrations.channels.shopify import payload as p

Node = Mapping[str, Any]

MONEY = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"
ADDRESS = (
    "{ firstName lastName name company address1 address2 zip city province countryCodeV2 phone "
    "latitude longitude }"
)
LINES = """{ pageInfo { hasNextPage endCursor } nodes {
  id sku title variantTitle quantity currentQuantity unfulfilledQuantity requiresShipping
  originalUnitPriceSet { shopMoney { amount } } taxLines { priceSet { shopMoney { amount } } }
  discountAllocations { allocatedAmountSet { shopMoney { amount } } } variant { id } } }"""
WHOLE = f"""fragment Whole on Order {{
  id legacyResourceId name createdAt updatedAt processedAt cancelledAt cancelReason currencyCode
  presentmentCurrencyCode email phone customerLocale note tags test taxesIncluded sourceName
  statusPageUrl paymentGatewayNames discountCodes displayFinancialStatus
  displayFulfillmentStatus customAttributes {{ key value }} retailLocation {{ id }}
  customer {{ firstName lastName email phone }}
  shippingAddress {ADDRESS} billingAddress {ADDRESS}
  totalPriceSet {MONEY} currentTotalPriceSet {MONEY} subtotalPriceSet {MONEY}
  totalTaxSet {MONEY} totalDiscountsSet {MONEY} totalOutstandingSet {MONEY}
  totalReceivedSet {MONEY}
  shippingLines(first: 5) {{ nodes {{ title isRemoved discountedPriceSet {MONEY} }} }}
  fulfillmentOrders(first: 3) {{ nodes {{ deliveryMethod {{ methodType }}
    assignedLocation {{ location {{ id }} }} }} }}
  lineItems(first: 30) {LINES}
  fulfillments(first: 20) {{ legacyResourceId status createdAt updatedAt location {{ id }}
    trackingInfo(first: 1) {{ number company url }}
    fulfillmentLineItems(first: 30) {{ nodes {{ quantity lineItem {{ id }} }} }} }}
  refunds(first: 20) {{ legacyResourceId createdAt note totalRefundedSet {MONEY}
    refundLineItems(first: 30) {{ nodes {{ quantity restockType lineItem {{ id }} }} }} }}
}}"""


def number_of(gid: str) -> str:
    """gid://shopify/Order/42 is 42 in webhooks."""
    return gid.rsplit("/", 1)[-1].partition("?")[0]


def gid(kind: str, number: str | int) -> str:
    return f"gid://shopify/{kind}/{number}"


def words_of(errors: list[Node]) -> str:
    """What the shop has against a request, in its own words."""
    return "; ".join(str(error["message"]) for error in errors[:3]) or "without saying why"


def order_of_node(node: Node) -> p.Order:
    """The order as a webhook would have told it; a missing field is a ValidationError."""
    try:
        told = _told(node)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise msgspec.ValidationError(f"the shop's answer lacks {problem}") from problem
    return msgspec.convert(told, p.Order, strict=False)


def refunds_of_node(node: Node) -> list[p.Refund]:
    return msgspec.convert([_refund(node, x) for x in node["refunds"]], list[p.Refund])


def fulfillments_of_node(node: Node) -> list[p.Fulfillment]:
    return msgspec.convert([_sent(node, x) for x in node["fulfillments"]], list[p.Fulfillment])


def _told(node: Node) -> dict[str, Any]:
    return {
        "id": node["legacyResourceId"],
        "name": node["name"],
        "currency": node["currencyCode"],
        "presentment_currency": node["presentmentCurrencyCode"],
        "created_at": node["createdAt"],
        "updated_at": node["updatedAt"],
        "processed_at": node["processedAt"],
        "cancelled_at": node["cancelledAt"],
        "cancel_reason": (node["cancelReason"] or "").lower() or None,
        "financial_status": (node["displayFinancialStatus"] or "").lower() or None,
        "taxes_included": node["taxesIncluded"],
        "email": node["email"],
        "phone": node["phone"],
        "customer_locale": node["customerLocale"],
        "customer": _snake(node["customer"]),
        "shipping_address": _snake(node["shippingAddress"]),
        "billing_address": _snake(node["billingAddress"]),
        "note": node["note"],
        "note_attributes": [
            {"name": a["key"], "value": a["value"]} for a in node["customAttributes"]
        ],
        "tags": ", ".join(node["tags"]),
        "test": node["test"],
        "source_name": node["sourceName"],
        "location_id": _place(node["retailLocation"]),
        "order_status_url": node["statusPageUrl"],
        "discount_codes": [{"code": code} for code in node["discountCodes"]],
        "payment_gateway_names": node["paymentGatewayNames"],
        "line_items": [_line(line) for line in node["lineItems"]["nodes"]],
        "shipping_lines": [_shipping(line) for line in node["shippingLines"]["nodes"]],
        "refunds": [_refund(node, one) for one in node["refunds"]],
        "fulfillments": [_sent(node, one) for one in node["fulfillments"]],
        **_delivery(node),
        **_amounts(node),
    }


def _delivery(node: Node) -> dict[str, Any]:
    """How it reaches its customer, which no webhook says: the store that hands it out, or LOCAL."""
    works = (node.get("fulfillmentOrders") or {}).get("nodes") or []
    told = [(w.get("deliveryMethod") or {}).get("methodType") for w in works]
    if "PICK_UP" not in told:
        return {"delivered_by": "LOCAL" if told and set(told) == {"LOCAL"} else None}
    place = works[told.index("PICK_UP")]["assignedLocation"]["location"]
    return {"delivered_by": "PICK_UP", "picked_up_at": _place(place)}


def _amounts(node: Node) -> dict[str, Any]:
    names = {
        "total_price": "totalPriceSet",
        "current_total_price": "currentTotalPriceSet",
        "subtotal_price": "subtotalPriceSet",
        "total_tax": "totalTaxSet",
        "total_discounts": "totalDiscountsSet",
        "total_outstanding": "totalOutstandingSet",
        "total_received": "totalReceivedSet",
    }
    amounts: dict[str, Any] = {
        ours: node[theirs]["shopMoney"]["amount"] if node[theirs] else "0"
        for ours, theirs in names.items()
    }
    full = node["totalPriceSet"]
    return {
        **amounts,
        "total_price_set": {
            "shop_money": _money(full["shopMoney"]),
            "presentment_money": _money(full["presentmentMoney"]),
        },
    }


def _money(money: Node) -> dict[str, str]:
    return {"amount": money["amount"], "currency_code": money["currencyCode"]}


def _line(line: Node) -> dict[str, Any]:
    return {
        "id": int(number_of(line["id"])),
        "sku": line["sku"],
        "title": line["title"],
        "variant_title": line["variantTitle"],
        "variant_id": int(number_of(line["variant"]["id"])) if line["variant"] else None,
        "quantity": line["quantity"],
        "current_quantity": line["currentQuantity"],
        "fulfillable_quantity": line["unfulfilledQuantity"],
        "requires_shipping": line["requiresShipping"],
        "price": line["originalUnitPriceSet"]["shopMoney"]["amount"],
        "tax_lines": [{"price": x["priceSet"]["shopMoney"]["amount"]} for x in line["taxLines"]],
        "discount_allocations": [
            {"amount": x["allocatedAmountSet"]["shopMoney"]["amount"]}
            for x in line["discountAllocations"]
        ],
    }


def _shipping(line: Node) -> dict[str, Any]:
    return {
        "price": line["discountedPriceSet"]["shopMoney"]["amount"],
        "title": line["title"],
        "is_removed": line["isRemoved"],
    }


def _refund(node: Node, one: Node) -> dict[str, Any]:
    """One transaction in the store's currency: the shop has added the money up already."""
    total = one["totalRefundedSet"]["shopMoney"]
    money = {"amount": total["amount"], "currency": total["currencyCode"], "kind": "refund"}
    return {
        "id": int(one["legacyResourceId"]),
        "order_id": int(node["legacyResourceId"]),
        "created_at": one["createdAt"],
        "note": one["note"],
        "transactions": [money],
        "refund_line_items": [
            {
                "line_item_id": int(number_of(line["lineItem"]["id"])),
                "quantity": line["quantity"],
                "restock_type": (line["restockType"] or "").lower(),
            }
            for line in one["refundLineItems"]["nodes"]
        ],
    }


def _sent(node: Node, one: Node) -> dict[str, Any]:
    tracking = next(iter(one["trackingInfo"]), {"number": None, "company": None, "url": None})
    return {
        "id": int(one["legacyResourceId"]),
        "order_id": int(node["legacyResourceId"]),
        "created_at": one["createdAt"],
        "updated_at": one["updatedAt"],
        "status": one["status"].lower(),
        "location_id": _place(one["location"]),
        "tracking_number": tracking["number"],
        "tracking_company": tracking["company"],
        "tracking_url": tracking["url"],
        "line_items": [
            {"id": int(number_of(line["lineItem"]["id"])), "quantity": line["quantity"]}
            for line in one["fulfillmentLineItems"]["nodes"]
        ],
    }


def _place(place: Node | None) -> int | None:
    return int(number_of(place["id"])) if place else None


_NAMES = {
    "firstName": "first_name",
    "lastName": "last_name",
    "countryCodeV2": "country_code",
}


def _snake(node: Node | None) -> dict[str, Any] | None:
    if node is None:
        return None
    return {_NAMES.get(name, name): value for name, value in node.items()}
