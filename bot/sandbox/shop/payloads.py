"""Webhook bodies in the REST shape that Shopify really sends: integer ids, money as text."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.sandbox.shop.model import (
    Address,
    Customer,
    Fulfillment,
    Line,
    Order,
    Refund,
    Transaction,
    decimal_text,
)

SHOP_ZONE = ZoneInfo("Europe/Berlin")
Payload = dict[str, Any]


def order_payload(order: Order, domain: str) -> Payload:
    return {
        **_heading(order, domain),
        **_amounts(order),
        "billing_address": _address(order.billing_address),
        "customer": _customer(order.customer),
        "discount_applications": _discount_applications(order),
        "discount_codes": _discount_codes(order),
        "fulfillments": [fulfillment_payload(order, one) for one in order.fulfillments],
        "line_items": [_line(order, line) for line in order.lines],
        "payment_terms": None,
        "refunds": [refund_payload(order, one) for one in order.refunds],
        "shipping_address": _address(order.shipping_address),
        "shipping_lines": _shipping_lines(order),
    }


# What Shopify sends besides, and no order of this shop has.
_NEVER_SET: Payload = dict.fromkeys(
    (
        "browser_ip",
        "cart_token",
        "checkout_id",
        "checkout_token",
        "client_details",
        "device_id",
        "landing_site",
        "merchant_business_entity_id",
        "po_number",
        "reference",
        "referring_site",
        "source_identifier",
        "source_url",
        "user_id",
    )
)


def _heading(order: Order, domain: str) -> Payload:
    email = order.customer.email if order.customer else None
    return {
        **_NEVER_SET,
        "id": order.id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order.id}",
        "app_id": 580111 if order.source_name == "web" else 129785,
        "buyer_accepts_marketing": False,
        "cancel_reason": order.cancel_reason,
        "cancelled_at": stamp(order.cancelled_at),
        "closed_at": stamp(order.closed_at),
        "confirmation_number": f"WSM{order.number:06d}",
        "confirmed": True,
        "contact_email": email,
        "created_at": stamp(order.created_at),
        "currency": order.currency,
        "customer_locale": order.customer.locale if order.customer else None,
        "email": email or "",
        "estimated_taxes": False,
        "financial_status": order.financial_status,
        "fulfillment_status": order.fulfillment_status,
        "location_id": order.location_id,
        "name": order.name,
        "note": order.note,
        "note_attributes": [],
        "number": order.number - 1000,
        "order_number": order.number,
        "order_status_url": f"https://{domain}/orders/{order.id}",
        "payment_gateway_names": ["bogus"] if order.paid else [],
        "phone": order.customer.phone if order.customer else None,
        "presentment_currency": order.currency,
        "processed_at": stamp(order.created_at),
        "source_name": order.source_name,
        "tags": ", ".join(order.tags),
        "tax_exempt": False,
        "taxes_included": True,
        "test": False,
        "token": f"{order.id:032x}",
        "updated_at": stamp(order.updated_at),
    }


def _amounts(order: Order) -> Payload:
    amounts = {
        "current_subtotal_price": order.current_subtotal,
        "current_total_discounts": sum(x.share_of_discount(x.current) for x in order.lines),
        "current_total_price": order.current_total,
        "current_total_tax": order.current_tax,
        "subtotal_price": order.subtotal,
        "total_discounts": order.discounts,
        "total_line_items_price": order.gross,
        "total_price": order.total,
        "total_tax": order.tax,
    }
    return {
        **{name: decimal_text(value, order.currency) for name, value in amounts.items()},
        **{f"{name}_set": money_set(value, order.currency) for name, value in amounts.items()},
        "total_outstanding": decimal_text(order.outstanding, order.currency),
        "total_shipping_price_set": money_set(order.shipping_price, order.currency),
        "total_tip_received": decimal_text(0, order.currency),
        "total_weight": sum(line.grams * line.ordered for line in order.lines),
        "tax_lines": [_tax_line(order.tax, order.tax_percent, order.currency)],
    }


def _line(order: Order, line: Line) -> Payload:
    variant = line.variant
    return {
        "id": line.id,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{line.id}",
        "current_quantity": line.current,
        "fulfillable_quantity": line.open,
        "fulfillment_service": "manual",
        "fulfillment_status": _line_status(line),
        "gift_card": line.sku.startswith("gift-card"),
        "grams": line.grams,
        "name": f"{line.product} - {line.title}",
        "price": decimal_text(line.price, order.currency),
        "price_set": money_set(line.price, order.currency),
        "product_exists": variant is not None,
        "product_id": variant.product_id if variant else None,
        "properties": [],
        "quantity": line.ordered,
        "requires_shipping": not line.sku.startswith("gift-card"),
        "sku": line.sku,
        "taxable": True,
        "title": line.product,
        "total_discount": decimal_text(0, order.currency),
        "total_discount_set": money_set(0, order.currency),
        "variant_id": variant.id if variant else None,
        "variant_inventory_management": "shopify" if variant else None,
        "variant_title": line.title,
        "vendor": "Nordlicht & Söhne",
        "tax_lines": [_tax_line(line.tax(line.ordered), line.tax_percent, order.currency)],
        "duties": [],
        "discount_allocations": _allocations(line, order.currency),
    }


def _line_status(line: Line) -> str | None:
    if not line.fulfilled:
        return None
    return "partial" if line.open else "fulfilled"


def _allocations(line: Line, currency: str) -> list[Payload]:
    if not line.discount:
        return []
    money = {
        "amount": decimal_text(line.discount, currency),
        "amount_set": money_set(line.discount, currency),
    }
    return [{**money, "discount_application_index": 0}]


def _discount_applications(order: Order) -> list[Payload]:
    if order.discount_code is None:
        return []
    return [
        {
            "target_type": "line_item",
            "type": "discount_code",
            "value": decimal_text(order.discounts, order.currency),
            "value_type": "fixed_amount",
            "allocation_method": "across",
            "target_selection": "all",
            "code": order.discount_code,
        }
    ]


def _discount_codes(order: Order) -> list[Payload]:
    if order.discount_code is None:
        return []
    amount = decimal_text(order.discounts, order.currency)
    return [{"code": order.discount_code, "amount": amount, "type": "fixed_amount"}]


def _shipping_lines(order: Order) -> list[Payload]:
    if order.source_name == "pos":
        return []
    price, money = order.shipping_price, money_set(order.shipping_price, order.currency)
    return [
        {
            "id": order.id + 7,
            "carrier_identifier": None,
            "code": order.shipping_title,
            "discounted_price": decimal_text(price, order.currency),
            "discounted_price_set": money,
            "is_removed": False,
            "phone": None,
            "price": decimal_text(price, order.currency),
            "price_set": money,
            "requested_fulfillment_service_id": None,
            "source": "shopify",
            "title": order.shipping_title,
            "tax_lines": [_tax_line(order.shipping_tax, order.tax_percent, order.currency)],
            "discount_allocations": [],
        }
    ]


def fulfillment_payload(order: Order, one: Fulfillment) -> Payload:
    return {
        "id": one.id,
        "admin_graphql_api_id": f"gid://shopify/Fulfillment/{one.id}",
        "created_at": stamp(one.created_at),
        "destination": _address(order.shipping_address),
        "email": order.customer.email if order.customer else None,
        "line_items": [
            {**_line(order, order.line(line_id)), "quantity": quantity}
            for line_id, quantity in one.quantities.items()
        ],
        "location_id": one.location_id,
        "name": one.name,
        "order_id": order.id,
        "origin_address": {},
        "receipt": {},
        "service": "manual",
        "shipment_status": one.shipment_status,
        "status": one.status,
        "tracking_company": one.tracking_company,
        "tracking_number": one.tracking_number,
        "tracking_numbers": [one.tracking_number] if one.tracking_number else [],
        "tracking_url": one.tracking_url,
        "tracking_urls": [one.tracking_url] if one.tracking_url else [],
        "updated_at": stamp(one.updated_at),
    }


def refund_payload(order: Order, refund: Refund) -> Payload:
    return {
        "id": refund.id,
        "admin_graphql_api_id": f"gid://shopify/Refund/{refund.id}",
        "created_at": stamp(refund.created_at),
        "duties": [],
        "note": refund.note,
        "order_adjustments": [],
        "order_id": order.id,
        "processed_at": stamp(refund.created_at),
        "refund_line_items": [
            {
                "id": line.id,
                "line_item": _line(order, order.line(line.line_id)),
                "line_item_id": line.line_id,
                "location_id": line.location_id,
                "quantity": line.quantity,
                "restock_type": line.restock_type,
                "subtotal": float(decimal_text(line.subtotal, order.currency)),
                "subtotal_set": money_set(line.subtotal, order.currency),
                "total_tax": float(decimal_text(line.tax, order.currency)),
                "total_tax_set": money_set(line.tax, order.currency),
            }
            for line in refund.lines
        ],
        "restock": any(line.restock_type != "no_restock" for line in refund.lines),
        "total_duties_set": money_set(0, order.currency),
        "transactions": [
            _transaction(order, entry)
            for entry in order.transactions
            if entry.refund_id == refund.id
        ],
        "user_id": None,
    }


def _transaction(order: Order, entry: Transaction) -> Payload:
    return {
        "id": entry.id,
        "admin_graphql_api_id": f"gid://shopify/OrderTransaction/{entry.id}",
        "amount": decimal_text(entry.amount, order.currency),
        "created_at": stamp(entry.created_at),
        "currency": order.currency,
        "gateway": "bogus",
        "kind": entry.kind,
        "order_id": order.id,
        "parent_id": entry.parent_id,
        "processed_at": stamp(entry.created_at),
        "source_name": order.source_name,
        "status": "success",
        "test": False,
    }


def _address(address: Address | None) -> Payload | None:
    if address is None:
        return None
    return {
        "first_name": address.first_name,
        "last_name": address.last_name,
        "name": address.name,
        "company": address.company,
        "address1": address.address1,
        "address2": address.address2,
        "zip": address.zip,
        "city": address.city,
        "province": address.province,
        "province_code": None,
        "country": address.country,
        "country_code": address.country_code,
        "phone": address.phone,
        "latitude": None,
        "longitude": None,
    }


def _customer(customer: Customer | None) -> Payload | None:
    if customer is None:
        return None
    return {
        "id": customer.id,
        "admin_graphql_api_id": f"gid://shopify/Customer/{customer.id}",
        "currency": "EUR",
        "email": customer.email,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "note": None,
        "phone": customer.phone,
        "state": "disabled",
        "tags": "",
        "tax_exempt": False,
        "verified_email": True,
    }


def _tax_line(amount: int, percent: int, currency: str) -> Payload:
    return {
        "channel_liable": False,
        "price": decimal_text(amount, currency),
        "price_set": money_set(amount, currency),
        "rate": percent / 100,
        "title": "VAT",
    }


def money_set(amount: int, currency: str) -> Payload:
    money = {"amount": decimal_text(amount, currency), "currency_code": currency}
    return {"shop_money": money, "presentment_money": dict(money)}


def stamp(moment: datetime | None) -> str | None:
    """Webhook bodies carry the shop's own offset, to the second."""
    return moment.astimezone(SHOP_ZONE).isoformat(timespec="seconds") if moment else None
