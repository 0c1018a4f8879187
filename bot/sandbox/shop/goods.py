"""Shop, catalog, places, stock and subscriptions as GraphQL objects, and how ids are written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.sandbox.shop.catalog import BRAND, Location, Variant
from bot.sandbox.shop.model import decimal_text
from bot.sandbox.shop.store import Shop
from bot.sandbox.shop.webhooks import Subscription

Object = dict[str, Any]


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def moment(value: datetime | None) -> str | None:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value else None


def bag(amount: int, currency: str) -> Object:
    money = {"amount": decimal_text(amount, currency), "currencyCode": currency}
    return {"shopMoney": money, "presentmentMoney": money}


def shop_object(shop: Shop) -> Object:
    return {
        "id": gid("Shop", 66000001),
        "name": BRAND,
        "myshopifyDomain": shop.domain,
        "email": "shop@example.com",
        "contactEmail": "hello@example.com",
        "currencyCode": shop.currency,
        "ianaTimezone": "Europe/Berlin",
        "taxesIncluded": True,
        "primaryDomain": {
            "id": gid("Domain", 1),
            "host": shop.domain,
            "url": f"https://{shop.domain}",
        },
    }


def product_object(variant: Variant) -> Object:
    return {"id": gid("Product", variant.product_id), "title": variant.product}


def variant_object(shop: Shop, variant: Variant) -> Object:
    total = sum(shop.level(variant, place.id).available for place in shop.locations)
    return {
        "id": gid("ProductVariant", variant.id),
        "legacyResourceId": str(variant.id),
        "sku": variant.sku or None,
        "barcode": variant.barcode or None,
        "title": variant.title,
        "displayName": f"{variant.product} - {variant.title}",
        "price": decimal_text(variant.price, shop.currency),
        "taxable": True,
        "inventoryQuantity": total,
        "product": product_object(variant),
        "inventoryItem": lambda: item_object(shop, variant),
        "inventoryPolicy": "CONTINUE" if variant.sells_on else "DENY",
    }


def item_object(shop: Shop, variant: Variant) -> Object:
    def one_level(locationId: str) -> Object | None:  # noqa: N803 - the schema's own name
        found = (one for one in shop.locations if gid("Location", one.id) == locationId)
        return next((level_object(shop, variant, one) for one in found), None)

    return {
        "id": gid("InventoryItem", variant.inventory_item_id),
        "legacyResourceId": str(variant.inventory_item_id),
        "sku": variant.sku,
        "tracked": variant.tracked,
        "requiresShipping": not variant.sku.startswith("gift-card"),
        "measurement": {"weight": {"value": float(variant.grams), "unit": "GRAMS"}},
        "variant": lambda: variant_object(shop, variant),
        "inventoryLevel": one_level,
        "inventoryLevels": lambda: [level_object(shop, variant, x) for x in shop.locations],
    }


def level_object(shop: Shop, variant: Variant, place: Location) -> Object:
    number = variant.inventory_item_id * 100_000 + place.id
    level = shop.level(variant, place.id)

    def quantities(names: list[str]) -> list[Object]:
        return [
            {
                "id": gid("InventoryQuantity", number),
                "name": name,
                "quantity": getattr(level, name),
                "updatedAt": None,
            }
            for name in names
            if name in ("available", "committed", "on_hand")
        ]

    return {
        "id": gid("InventoryLevel", number),
        "location": location_object(place),
        "item": lambda: item_object(shop, variant),
        "quantities": quantities,
    }


def location_object(place: Location) -> Object:
    return {
        "id": gid("Location", place.id),
        "legacyResourceId": str(place.id),
        "name": place.name,
        "isActive": True,
        "shipsInventory": place.ships,
        "fulfillsOnlineOrders": place.ships,
        "address": {
            "address1": place.address1,
            "zip": place.zip,
            "city": place.city,
            "country": place.country,
            "countryCode": place.country,
            "phone": None,
        },
    }


def subscription_object(one: Subscription) -> Object:
    return {
        "id": gid("WebhookSubscription", one.id),
        "legacyResourceId": str(one.id),
        "topic": one.topic.replace("/", "_").upper(),
        "uri": one.uri,
        "format": "JSON",
        "createdAt": moment(one.created_at),
        "updatedAt": moment(one.created_at),
    }
