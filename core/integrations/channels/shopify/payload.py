"""Shopify's webhook bodies as far as we read them; what we do not name may come and go freely."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

Moment = Annotated[datetime, Meta(tz=True)]


class Money(Struct):
    amount: str
    currency_code: str = ""


class MoneySet(Struct):
    """`shop_money` is the store's own currency; the customer saw `presentment_money`."""

    shop_money: Money
    presentment_money: Money | None = None


class TaxLine(Struct):
    price: str


class Allocation(Struct):
    amount: str


class LineItem(Struct):
    """`current_quantity` is what edits and refunds left, `fulfillable_quantity` what can go out."""

    id: int
    quantity: int
    price: str
    sku: str | None = None
    title: str | None = None
    variant_title: str | None = None
    name: str | None = None
    variant_id: int | None = None
    current_quantity: int | None = None
    fulfillable_quantity: int | None = None
    requires_shipping: bool = True
    tax_lines: list[TaxLine] = []
    discount_allocations: list[Allocation] = []


class ShippingLine(Struct):
    price: str
    discounted_price: str | None = None
    title: str | None = None
    is_removed: bool = False
    tax_lines: list[TaxLine] = []


class Address(Struct):
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    zip: str | None = None
    city: str | None = None
    province: str | None = None
    country_code: str | None = None
    phone: str | None = None
    latitude: float | None = None
    longitude: float | None = None


class Customer(Struct):
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None


class Attribute(Struct):
    name: str
    value: str | int | float | bool | None = None


class Transaction(Struct):
    amount: str
    kind: str = ""
    status: str = ""
    currency: str = ""


class RefundLine(Struct):
    line_item_id: int
    quantity: int
    restock_type: str | None = None
    subtotal_set: MoneySet | None = None
    total_tax_set: MoneySet | None = None


class Adjustment(Struct):
    amount_set: MoneySet | None = None
    tax_amount_set: MoneySet | None = None


class Refund(Struct):
    id: int
    order_id: int
    created_at: Moment
    note: str | None = None
    refund_line_items: list[RefundLine] = []
    order_adjustments: list[Adjustment] = []
    transactions: list[Transaction] = []


class Named(Struct):
    id: int


class FulfillmentLine(Struct):
    line_item: Named


class ReturnLine(Struct):
    quantity: int
    fulfillment_line_item: FulfillmentLine | None = None
    return_reason: str | None = None
    return_reason_note: str | None = None
    customer_note: str | None = None


class Declined(Struct):
    reason: str | None = None
    note: str | None = None


class Return(Struct):
    id: int
    order: Named
    status: str
    decline: Declined | None = None
    return_line_items: list[ReturnLine] = []


class Dispute(Struct):
    id: int
    amount: str
    currency: str
    status: str
    order_id: int | None = None
    type: str | None = None
    reason: str | None = None
    evidence_due_by: Moment | None = None
    initiated_at: Moment | None = None


class FulfilledLine(Struct):
    id: int
    quantity: int


class Fulfillment(Struct):
    id: int
    order_id: int
    created_at: Moment
    updated_at: Moment | None = None
    status: str | None = None
    shipment_status: str | None = None
    location_id: int | None = None
    tracking_company: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    line_items: list[FulfilledLine] = []


class Order(Struct):
    id: int
    currency: str
    created_at: Moment
    updated_at: Moment
    line_items: list[LineItem]
    total_price: str
    name: str = ""
    processed_at: Moment | None = None
    current_total_price: str | None = None
    subtotal_price: str = "0"
    total_discounts: str = "0"
    total_tax: str = "0"
    total_outstanding: str | None = None
    total_received: str | None = None  # only GraphQL says it
    total_price_set: MoneySet | None = None
    presentment_currency: str | None = None
    taxes_included: bool = True
    financial_status: str | None = None
    cancelled_at: Moment | None = None
    cancel_reason: str | None = None
    email: str | None = None
    phone: str | None = None
    customer_locale: str | None = None
    customer: Customer | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    shipping_lines: list[ShippingLine] = []
    delivered_by: str | None = None  # these two are told by the pull alone
    picked_up_at: int | None = None
    note: str | None = None
    note_attributes: list[Attribute] = []
    tags: str = ""
    source_name: str | None = None
    location_id: int | None = None
    order_status_url: str | None = None
    discount_codes: list[dict[str, str | None]] = []
    payment_gateway_names: list[str] = []
    test: bool = False
    browser_ip: str | None = None
    refunds: list[Refund] = []
    fulfillments: list[Fulfillment] = []


read_order = msgspec.json.Decoder(Order).decode
read_refund = msgspec.json.Decoder(Refund).decode
read_fulfillment = msgspec.json.Decoder(Fulfillment).decode
