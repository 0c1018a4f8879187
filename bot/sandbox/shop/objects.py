"""The shop's things as GraphQL objects: gid ids, money bags, paged lists worked out on demand."""

from __future__ import annotations

from datetime import timedelta

from bot.sandbox.shop.catalog import BRAND
from bot.sandbox.shop.goods import (
    Object,
    bag,
    gid,
    location_object,
    moment,
    product_object,
    variant_object,
)
from bot.sandbox.shop.model import (
    Address,
    Customer,
    Fulfillment,
    FulfillmentOrder,
    Line,
    Order,
    Refund,
    RefundLine,
    Transaction,
    WorkLine,
)
from bot.sandbox.shop.store import Shop


def order_object(shop: Shop, order: Order) -> Object:
    return {
        **_order_heading(shop, order),
        **_order_money(order),
        "customer": customer_object(order.customer),
        "shippingAddress": address_object(order.shipping_address),
        "billingAddress": address_object(order.billing_address),
        "retailLocation": _place(shop, order.location_id),
        "discountApplications": _discounts(order),
        "shippingLine": next(iter(_shipping(order)), None),
        "shippingLines": _shipping(order),
        "lineItems": lambda: [line_object(shop, order, line) for line in order.lines],
        "fulfillmentOrders": lambda: [work_object(shop, order, one) for one in order.work],
        "fulfillments": lambda first=None: [
            fulfillment_object(shop, order, one) for one in order.fulfillments[:first]
        ],
        "refunds": lambda first=None: [
            refund_object(shop, order, one) for one in order.refunds[:first]
        ],
        "transactions": lambda first=None: [
            transaction_object(order, one) for one in order.transactions[:first]
        ],
        "returns": lambda **_: shop.show_returns(order),
    }


def _order_heading(shop: Shop, order: Order) -> Object:
    status = order.fulfillment_status
    fulfillment = {None: "UNFULFILLED", "partial": "PARTIALLY_FULFILLED", "fulfilled": "FULFILLED"}
    return {
        "id": gid("Order", order.id),
        "legacyResourceId": str(order.id),
        "name": order.name,
        "number": order.number,
        "confirmationNumber": f"WSM{order.number:06d}",
        "createdAt": moment(order.created_at),
        "updatedAt": moment(order.updated_at),
        "processedAt": moment(order.created_at),
        "cancelledAt": moment(order.cancelled_at),
        "closedAt": moment(order.closed_at),
        "cancelReason": order.cancel_reason.upper() if order.cancel_reason else None,
        "closed": order.closed_at is not None,
        "confirmed": True,
        "currencyCode": order.currency,
        "presentmentCurrencyCode": order.currency,
        "email": order.customer.email if order.customer else None,
        "phone": order.customer.phone if order.customer else None,
        "customerLocale": order.customer.locale if order.customer else None,
        "note": order.note,
        "tags": sorted(order.tags),
        "test": False,
        "taxesIncluded": True,
        "sourceName": order.source_name,
        "sourceIdentifier": None,
        "registeredSourceUrl": None,
        "statusPageUrl": f"https://{shop.domain}/orders/{order.id}",
        "paymentGatewayNames": ["bogus"] if order.paid else [],
        "discountCode": order.discount_code,
        "discountCodes": [order.discount_code] if order.discount_code else [],
        "displayFinancialStatus": order.financial_status.upper(),
        "displayFulfillmentStatus": fulfillment[status],
        "fullyPaid": order.paid > 0 and not order.outstanding,
        "unpaid": order.paid == 0,
        "edited": any(line.current != line.ordered for line in order.lines),
        "totalWeight": str(sum(line.grams * line.ordered for line in order.lines)),
        "customAttributes": [],
    }


def _order_money(order: Order) -> Object:
    amounts = {
        "subtotalPriceSet": order.subtotal,
        "currentSubtotalPriceSet": order.current_subtotal,
        "totalPriceSet": order.total,
        "currentTotalPriceSet": order.current_total,
        "totalTaxSet": order.tax,
        "currentTotalTaxSet": order.current_tax,
        "totalDiscountsSet": order.discounts,
        "currentTotalDiscountsSet": sum(x.share_of_discount(x.current) for x in order.lines),
        "totalShippingPriceSet": order.shipping_price,
        "totalReceivedSet": order.paid,
        "totalRefundedSet": order.refunded,
        "totalOutstandingSet": order.outstanding,
        "netPaymentSet": order.paid - order.refunded,
    }
    bags = {name: bag(amount, order.currency) for name, amount in amounts.items()}
    return {**bags, "taxLines": [_tax(order.tax, order.tax_percent, order.currency)]}


def _tax(amount: int, percent: int, currency: str) -> Object:
    return {
        "title": "VAT",
        "rate": percent / 100,
        "ratePercentage": float(percent),
        "priceSet": bag(amount, currency),
    }


def _discounts(order: Order) -> list[Object]:
    if not order.discounts:
        return []
    words = {
        "allocationMethod": "ACROSS",
        "targetSelection": "ALL",
        "targetType": "LINE_ITEM",
    }
    return [{"index": 0, "code": order.discount_code, **words}]


def _shipping(order: Order) -> list[Object]:
    if order.source_name == "pos":
        return []
    return [
        {
            "id": gid("ShippingLine", order.id + 7),
            "title": order.shipping_title,
            "code": order.shipping_title,
            "source": "shopify",
            "carrierIdentifier": None,
            "isRemoved": False,
            "originalPriceSet": bag(order.shipping_price, order.currency),
            "discountedPriceSet": bag(order.shipping_price, order.currency),
            "taxLines": [_tax(order.shipping_tax, order.tax_percent, order.currency)],
        }
    ]


def customer_object(customer: Customer | None) -> Object | None:
    if customer is None:
        return None
    return {
        "id": gid("Customer", customer.id),
        "legacyResourceId": str(customer.id),
        "firstName": customer.first_name,
        "lastName": customer.last_name,
        "displayName": f"{customer.first_name} {customer.last_name}",
        "email": customer.email,
        "phone": customer.phone,
        "locale": customer.locale,
        "note": None,
        "tags": [],
    }


def address_object(address: Address | None) -> Object | None:
    if address is None:
        return None
    return {
        "firstName": address.first_name,
        "lastName": address.last_name,
        "name": address.name,
        "company": address.company,
        "address1": address.address1,
        "address2": address.address2,
        "zip": address.zip,
        "city": address.city,
        "province": address.province,
        "provinceCode": None,
        "country": address.country,
        "countryCodeV2": address.country_code,
        "phone": address.phone,
        "latitude": None,
        "longitude": None,
    }


def line_object(shop: Shop, order: Order, line: Line) -> Object:
    each = line.subtotal(line.ordered) // line.ordered
    amounts = {
        "originalUnitPriceSet": line.price,
        "discountedUnitPriceSet": each,
        "originalTotalSet": line.price * line.ordered,
        "discountedTotalSet": line.subtotal(line.ordered),
        "totalDiscountSet": line.discount,
    }
    return {
        **{name: bag(amount, order.currency) for name, amount in amounts.items()},
        "id": gid("LineItem", line.id),
        "sku": line.sku,
        "title": line.product,
        "name": f"{line.product} - {line.title}",
        "variantTitle": line.title,
        "vendor": BRAND,
        "quantity": line.ordered,
        "currentQuantity": line.current,
        "unfulfilledQuantity": line.open,
        "refundableQuantity": line.ordered - line.refunded,
        "nonFulfillableQuantity": 0,
        "requiresShipping": not line.sku.startswith("gift-card"),
        "isGiftCard": line.sku.startswith("gift-card"),
        "taxable": True,
        "taxLines": [_tax(line.tax(line.ordered), line.tax_percent, order.currency)],
        "discountAllocations": _allocations(order, line),
        "customAttributes": [],
        "variant": variant_object(shop, line.variant) if line.variant else None,
        "product": product_object(line.variant) if line.variant else None,
    }


def _allocations(order: Order, line: Line) -> list[Object]:
    if not line.discount:
        return []
    amount = bag(line.discount, order.currency)
    return [{"allocatedAmountSet": amount, "discountApplication": _discounts(order)[0]}]


def work_object(shop: Shop, order: Order, work: FulfillmentOrder) -> Object:
    place = next(one for one in shop.locations if one.id == work.location_id)
    can = [{"action": "CREATE_FULFILLMENT"}] if work.status in ("OPEN", "IN_PROGRESS") else []
    return {
        "id": gid("FulfillmentOrder", work.id),
        "status": work.status,
        "requestStatus": "UNSUBMITTED",
        "createdAt": moment(order.created_at),
        "updatedAt": moment(order.updated_at),
        "orderId": gid("Order", order.id),
        "orderName": order.name,
        "order": lambda: order_object(shop, order),
        "assignedLocation": {
            "name": place.name,
            "countryCode": place.country,
            "location": location_object(place),
        },
        "deliveryMethod": _method(shop, order, work),
        "supportedActions": can,
        "lineItems": lambda: [_work_line(shop, order, item) for item in work.lines],
    }


def _method(shop: Shop, order: Order, work: FulfillmentOrder) -> Object:
    """A shipping line that is a store's name is a pickup there."""
    kind = "PICK_UP" if order.shipping_title in {one.name for one in shop.locations} else "SHIPPING"
    return {"id": gid("DeliveryMethod", work.id), "methodType": kind}


def _work_line(shop: Shop, order: Order, item: WorkLine) -> Object:
    line = order.line(item.line_id)
    return {
        "id": gid("FulfillmentOrderLineItem", item.id),
        "totalQuantity": item.total,
        "remainingQuantity": item.remaining,
        "sku": line.sku,
        "productTitle": line.product,
        "lineItem": lambda: line_object(shop, order, line),
    }


def fulfillment_object(shop: Shop, order: Order, one: Fulfillment) -> Object:
    info = {
        "company": one.tracking_company,
        "number": one.tracking_number,
        "url": one.tracking_url,
    }
    return {
        "id": gid("Fulfillment", one.id),
        "legacyResourceId": str(one.id),
        "name": one.name,
        "status": one.status.upper(),
        "displayStatus": (one.shipment_status or "fulfilled").upper(),
        "createdAt": moment(one.created_at),
        "updatedAt": moment(one.updated_at),
        "totalQuantity": sum(one.quantities.values()),
        "trackingInfo": lambda first=None: [info][:first] if one.tracking_number else [],
        "location": _place(shop, one.location_id),
        "order": lambda: order_object(shop, order),
        "fulfillmentLineItems": lambda: [
            {
                "id": gid("FulfillmentLineItem", one.id + line_id),
                "quantity": quantity,
                "lineItem": line_object(shop, order, order.line(line_id)),
            }
            for line_id, quantity in one.quantities.items()
        ],
    }


def refund_object(shop: Shop, order: Order, refund: Refund) -> Object:
    money = [entry for entry in order.transactions if entry.refund_id == refund.id]
    return {
        "id": gid("Refund", refund.id),
        "legacyResourceId": str(refund.id),
        "createdAt": moment(refund.created_at),
        "updatedAt": moment(refund.created_at),
        "note": refund.note,
        "totalRefundedSet": bag(refund.amount, order.currency),
        "order": lambda: order_object(shop, order),
        "refundLineItems": lambda: [_refund_line(shop, order, one) for one in refund.lines],
        "transactions": lambda: [transaction_object(order, entry) for entry in money],
    }


def _refund_line(shop: Shop, order: Order, one: RefundLine) -> Object:
    line = order.line(one.line_id)
    return {
        "id": gid("RefundLineItem", one.id),
        "quantity": one.quantity,
        "restockType": one.restock_type.upper(),
        "restocked": one.restock_type != "no_restock",
        "subtotalSet": bag(one.subtotal, order.currency),
        "totalTaxSet": bag(one.tax, order.currency),
        "priceSet": bag(line.price, order.currency),
        "lineItem": lambda: line_object(shop, order, line),
        "location": _place(shop, one.location_id),
    }


def transaction_object(order: Order, entry: Transaction) -> Object:
    parent = next((one for one in order.transactions if one.id == entry.parent_id), None)
    return {
        "id": gid("OrderTransaction", entry.id),
        "kind": entry.kind.upper(),
        "status": "SUCCESS",
        "gateway": "bogus",
        "amountSet": bag(entry.amount, order.currency),
        "createdAt": moment(entry.created_at),
        "processedAt": moment(entry.created_at),
        "test": False,
        "multiCapturable": order.multi_capture and entry.kind == "authorization",
        "authorizationExpiresAt": _expiry(entry),
        "parentTransaction": transaction_object(order, parent) if parent else None,
    }


def _expiry(entry: Transaction) -> str | None:
    is_held = entry.kind == "authorization"
    return moment(entry.created_at + timedelta(days=7)) if is_held else None


def _place(shop: Shop, location_id: int | None) -> Object | None:
    found = (one for one in shop.locations if one.id == location_id)
    return next((location_object(one) for one in found), None)
