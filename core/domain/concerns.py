"""The rules of the screening, one small function each: an order and its facts to a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field

from core.domain.lanes import EXPRESS, PICKUP
from core.domain.money import amount_text
from core.domain.order import Address, Order
from core.domain.screening import RULES, Concern, Setting, Settings
from core.domain.values import dataclass

_PO_BOX = re.compile(
    r"\b(p\.?\s*o\.?\s*box|post\s?office\s+box|postfach|postbus|bo[iî]te\s+postale"
    r"|apartado|casella\s+postale|skrytka)\b",
    re.IGNORECASE,
)
_STATION = re.compile(r"\b(packstation|postfiliale|paketshop|paketbox|locker)\b", re.IGNORECASE)
_WRITTEN_BEFORE = re.compile(r"^[A-Z]{1,3}[- ]+(?=\d)")  # D-10115, the old way
_PARTS = {"street": "a street", "zip": "a postal code", "city": "a city", "region": "a region"}
_NAME_PART = 3  # letters of a name that may be looked for in an e-mail address


@dataclass(frozen=True, slots=True)
class AddressForm:
    """How a country writes addresses: the parts that it needs, and its postal codes."""

    country: str
    needs: tuple[str, ...] = ()
    postal: tuple[re.Pattern[str], ...] = ()
    example: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may need beside the order itself; what no active rule needs is left empty.

    `recent` counts the orders of the last hour by rule, this one among them. `twins` are the
    numbers of orders with the same lines. `costs` and `left` are by SKU.
    """

    form: AddressForm | None = None
    currency: str = ""
    is_new_customer: bool = False
    twins: tuple[str, ...] = ()
    recent: Mapping[str, int] = field(default_factory=dict)
    costs: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)


Saw = tuple[str, str]  # the sentence, and the detail by which it is recognized again
Check = Callable[[Order, Facts, Setting, Settings], Saw | None]


def concerns(
    order: Order, facts: Facts, settings: Settings, *, again: bool = False
) -> tuple[Concern, ...]:
    """Every active rule that applies; with `again` only those that may change with an order."""
    found = []
    for key, setting in settings.active.items():
        if again and not RULES[key].again:
            continue
        saw = _CHECKS[key](order, facts, setting, settings)
        if saw is not None:
            found.append(Concern(key, saw[0], setting.points, setting.then, saw[1]))
    return tuple(found)


def line_key(lines: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Lines for comparing: units by SKU, whatever the order of the lines."""
    units: dict[str, int] = {}
    for sku, quantity in lines:
        units[sku] = units.get(sku, 0) + quantity
    return tuple(sorted(units.items()))


# --- can it be delivered -------------------------------------------------------------------------


def _contact(order: Order, *_: object) -> Saw | None:
    if order.email or order.phone or order.ship_to.phone:
        return None
    return "There is neither an e-mail address nor a phone number.", ""


def _recipient(order: Order, *_: object) -> Saw | None:
    if not _travels(order) or order.ship_to.name or order.ship_to.company or order.customer_name:
        return None
    return "Nobody is named as the recipient.", ""


def _address(order: Order, facts: Facts, *_: object) -> Saw | None:
    if facts.form is None or not _travels(order):
        return None
    to = order.ship_to
    lacks = [part for part in facts.form.needs if not getattr(to, part).strip()]
    if not to.country:
        lacks.append("country")
    if not lacks:
        return None
    words = ", ".join(_PARTS.get(part, "a country") for part in lacks)
    return f"The address lacks {words}.", " ".join(lacks)


def _postal_code(order: Order, facts: Facts, *_: object) -> Saw | None:
    form, written = facts.form, order.ship_to.zip.strip()
    if form is None or not form.postal or not written or not _travels(order):
        return None
    code = _WRITTEN_BEFORE.sub("", written.upper())
    if any(pattern.fullmatch(code) for pattern in form.postal):
        return None
    example = f" (such as {form.example})" if form.example else ""
    return f"“{written}” is no postal code of {form.country}{example}.", written


def _po_box(order: Order, *_: object) -> Saw | None:
    found = _PO_BOX.search(_street(order.ship_to))
    return (f"“{found[0]}”: not every carrier goes there.", found[0]) if found else None


def _packing_station(order: Order, *_: object) -> Saw | None:
    found = _STATION.search(_street(order.ship_to))
    return (f"“{found[0]}”: only its own carrier goes there.", found[0]) if found else None


def _country(order: Order, _facts: Facts, _one: Setting, settings: Settings) -> Saw | None:
    country = order.ship_to.country.upper()
    if not country or country in settings.countries or not _travels(order):
        return None
    return f"{country} is not among the countries that the shop serves.", country


# --- does it make sense --------------------------------------------------------------------------


def _zero_total(order: Order, *_: object) -> Saw | None:
    return None if order.total else ("The order costs nothing.", "")


def _currency(order: Order, facts: Facts, *_: object) -> Saw | None:
    if order.currency == facts.currency:
        return None
    return f"It is paid in {order.currency}, the shop counts in {facts.currency}.", order.currency


def _duplicate(_order: Order, facts: Facts, *_: object) -> Saw | None:
    if not facts.twins:
        return None
    numbers = ", ".join(facts.twins)
    if len(facts.twins) > 1:
        return f"Orders {numbers} of the same customer have the same lines.", numbers
    return f"Order {numbers} of the same customer has the same lines.", numbers


def _high_value(order: Order, _facts: Facts, setting: Setting, *_: object) -> Saw | None:
    if order.total < setting.limit:
        return None
    return f"It is worth {_money(order)}; from {_amount(order, setting.limit)} a person looks.", ""


def _margin(order: Order, facts: Facts, setting: Setting, *_: object) -> Saw | None:
    """What the customer pays for the units, tax taken out, against what they cost."""
    low = [
        line.sku
        for line in order.bought
        if (cost := facts.costs.get(line.sku, 0))
        and (line.total - line.tax) * 100 < cost * line.ordered * (100 + setting.limit)
    ]
    if not low:
        return None
    over = f"{setting.limit} % above cost" if setting.limit else "its cost"
    return f"{', '.join(low)} is sold for less than {over}.", " ".join(low)


def _last_units(order: Order, facts: Facts, setting: Setting, *_: object) -> Saw | None:
    skus = dict.fromkeys(line.sku for line in order.lines if line.sku in facts.left)
    low = {sku: facts.left[sku] for sku in skus if facts.left[sku] <= setting.limit}
    if not low:
        return None
    return f"After it {', '.join(f'{n} × {sku}' for sku, n in low.items())} is left.", " ".join(low)


# --- does it look like fraud ---------------------------------------------------------------------


def _many(key: str, what: str) -> Check:
    def check(_order: Order, facts: Facts, setting: Setting, _settings: Settings) -> Saw | None:
        count = facts.recent.get(key, 0)
        if count <= setting.limit:
            return None
        return f"{count} orders within an hour came {what}.", ""

    return check


def _countries_differ(order: Order, *_: object) -> Saw | None:
    bill, ship = order.bill_to.country.upper(), order.ship_to.country.upper()
    if not bill or not ship or bill == ship:
        return None
    return f"The bill goes to {bill}, the parcel to {ship}.", f"{bill} {ship}"


def _name_and_email(order: Order, *_: object) -> Saw | None:
    own = order.email.partition("@")[0].casefold()
    words = re.split(r"[^\w]+", f"{order.customer_name} {order.ship_to.name}".casefold())
    names = [n for word in words if len(word) >= _NAME_PART and (n := _plain(word)).isascii()]
    if not own or not names or any(name[:_NAME_PART] in own for name in names):
        return None
    return "The e-mail address has none of the customer's names in it.", order.email


def _high_first_order(order: Order, facts: Facts, setting: Setting, *_: object) -> Saw | None:
    if not facts.is_new_customer or order.total < setting.limit:
        return None
    return f"A first order of {_money(order)}.", ""


def _first_and_express(order: Order, facts: Facts, *_: object) -> Saw | None:
    if not facts.is_new_customer or order.method != EXPRESS:
        return None
    return "A first order that is wanted by express.", ""


_CHECKS: Mapping[str, Check] = {
    "contact": _contact,
    "recipient": _recipient,
    "address": _address,
    "postal_code": _postal_code,
    "po_box": _po_box,
    "packing_station": _packing_station,
    "country": _country,
    "zero_total": _zero_total,
    "currency": _currency,
    "duplicate": _duplicate,
    "high_value": _high_value,
    "margin": _margin,
    "last_units": _last_units,
    "many_by_email": _many("many_by_email", "from this e-mail address"),
    "many_by_phone": _many("many_by_phone", "from this phone number"),
    "many_by_address": _many("many_by_address", "for this address"),
    "many_by_ip": _many("many_by_ip", "from this internet address"),
    "countries_differ": _countries_differ,
    "name_and_email": _name_and_email,
    "high_first_order": _high_first_order,
    "first_and_express": _first_and_express,
}


def _travels(order: Order) -> bool:
    return order.method != PICKUP and any(line.ships for line in order.lines)


def _street(address: Address) -> str:
    return f"{address.company} {address.street} {address.street2}"


def _plain(name: str) -> str:
    """As names are written in e-mail addresses: ü is ue there."""
    for letter, written in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        name = name.replace(letter, written)
    return name


def _money(order: Order) -> str:
    return _amount(order, order.total)


def _amount(order: Order, amount: int) -> str:
    return amount_text(amount, order.currency)
