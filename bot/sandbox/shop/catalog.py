"""The shop of the demo: Nordlicht & Söhne, an invented home and apparel brand, and its places."""

from __future__ import annotations

from dataclasses import dataclass

BRAND = "Nordlicht & Söhne"


@dataclass(frozen=True, slots=True)
class Variant:
    """One thing that can be bought; `price` in the shop currency's minor units."""

    id: int
    product_id: int
    inventory_item_id: int
    sku: str
    product: str
    title: str
    price: int
    grams: int
    barcode: str = ""
    tracked: bool = True
    sells_on: bool = False  # beyond what is counted


@dataclass(frozen=True, slots=True)
class Location:
    """A place with stock. `ships` is false for a till that only hands over."""

    id: int
    code: str
    name: str
    address1: str
    zip: str
    city: str
    country: str
    ships: bool = True


# product title: (weight in grams, {sku: (variant title, price)})
_PRODUCTS: dict[str, tuple[int, dict[str, tuple[str, int]]]] = {
    "Stoneware Mug": (
        380,
        {
            "mug-red": ("Brick red", 1690),
            "mug-blue": ("Harbor blue", 1690),
            "mug-sand": ("Sand", 1690),
            "mug-moss": ("Moss", 1690),
        },
    ),
    "Breakfast Bowl": (420, {"bowl-sand": ("Sand", 1890), "bowl-moss": ("Moss", 1890)}),
    "Dinner Plate": (690, {"plate-sand": ("Sand", 2290), "plate-blue": ("Harbor blue", 2290)}),
    "Teapot, 1.1 l": (1150, {"teapot-iron": ("Iron black", 6450)}),
    "Heavy Tee": (
        220,
        {
            "tee-black-s": ("Black / S", 2900),
            "tee-black-m": ("Black / M", 2900),
            "tee-black-l": ("Black / L", 2900),
            "tee-white-s": ("White / S", 2900),
            "tee-white-m": ("White / M", 2900),
            "tee-white-l": ("White / L", 2900),
        },
    ),
    "Fisherman Sweater": (
        780,
        {
            "sweater-navy-s": ("Navy / S", 11900),
            "sweater-navy-m": ("Navy / M", 11900),
            "sweater-navy-l": ("Navy / L", 11900),
            "sweater-oat-m": ("Oat / M", 11900),
        },
    ),
    "Wool Beanie": (90, {"beanie-navy": ("Navy", 3200), "beanie-rust": ("Rust", 3200)}),
    "Merino Socks, pair": (
        70,
        {"socks-grey-39": ("Grey / 39–42", 1650), "socks-grey-43": ("Grey / 43–46", 1650)},
    ),
    "Rain Poncho": (540, {"poncho-yellow": ("Signal yellow", 7900)}),
    "Canvas Tote": (310, {"tote-natural": ("Natural", 2450), "tote-black": ("Black", 2450)}),
    "Linen Towel": (
        260,
        {"towel-linen-s": ("50 × 90 cm", 2590), "towel-linen-l": ("100 × 150 cm", 4990)},
    ),
    "Wool Blanket": (
        1450,
        {"blanket-grey": ("Fog grey", 13900), "blanket-rust": ("Rust", 13900)},
    ),
    "Linen Cushion Cover": (
        190,
        {"cushion-sand": ("Sand", 3490), "cushion-blue": ("Harbor blue", 3490)},
    ),
    "Beeswax Candle": (280, {"candle-small": ("Small", 1290), "candle-large": ("Large", 2190)}),
    "Oak Cutting Board": (1250, {"board-oak": ("40 × 25 cm", 4490)}),
    "Enamel Lamp": (2100, {"lamp-white": ("White", 8990), "lamp-green": ("Bottle green", 8990)}),
    "Coffee, whole bean": (520, {"coffee-500": ("500 g", 1490)}),
    "Apron": (340, {"apron-denim": ("Denim", 4290)}),
    "Gift Card": (5, {"gift-card-50": ("50", 5000)}),
}

LOCATIONS = (
    Location(70001, "BER", "Berlin warehouse", "Musterallee 12", "10999", "Berlin", "DE"),
    Location(70002, "HAM", "Hamburg store", "Beispielkai 4", "20457", "Hamburg", "DE"),
    Location(70003, "MUC", "Munich store", "Probeplatz 1", "80331", "München", "DE", ships=False),
    Location(70004, "VIE", "Vienna store", "Mustergasse 7", "1070", "Wien", "AT"),
    Location(70005, "3PL", "Packwerk 3PL", "Testlaan 90", "5651", "Eindhoven", "NL"),
)


def _variants() -> tuple[Variant, ...]:
    found: list[Variant] = []
    for product_number, (product, (grams, choices)) in enumerate(_PRODUCTS.items(), start=1):
        for sku, (title, price) in choices.items():
            number = len(found) + 1
            ids = (41_000_000 + number, 31_000_000 + product_number, 51_000_000 + number)
            found.append(Variant(*ids, sku, product, title, price, grams))
    return tuple(found)


VARIANTS = _variants()


def opening_stock(variant: Variant, location: Location) -> int:
    """How many lie where on the first morning: plenty in Berlin, some gaps elsewhere."""
    number = variant.id % 1000
    if location.code == "BER":
        return 40 + number % 25
    if location.code == "HAM":
        return 0 if number % 7 == 0 else 18 + number % 12
    if location.code == "MUC":
        return 4 + number % 5
    if location.code == "VIE":
        return 0 if number % 3 == 0 else 6 + number % 4
    return 25 if number % 2 else 0
