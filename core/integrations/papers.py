"""Paper for the packing table: pick lists and packing slips as PDF, set by typst."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from core.domain.order import Address
from core.queries.picks import Pick, PickQueue

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates" / "papers"
_SLIP_WORDS = {
    "en": ("Packing slip {}", ("Units", "Article", "SKU"), "%Y-%m-%d"),
    "de": ("Lieferschein {}", ("Menge", "Artikel", "Art.-Nr."), "%d.%m.%Y"),
}
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def pick_list_pdf(queue: PickQueue) -> bytes:
    """One list for a walk through the shelves: all units by SKU, then order by order."""
    facts = {
        "title": f"Pick list {queue.location}",
        "printed": f"{queue.at:%Y-%m-%d %H:%M}",
        "summary": f"{queue.location_name} · {len(queue.picks)} orders · {queue.units} units",
        "totals": _totals(queue),
        "picks": [_pick(pick) for pick in queue.picks],
        "held": [{"number": p.number, "held": ", ".join(p.held)} for p in queue.held],
    }
    return set_pdf("pick_list", facts, queue.at)


def packing_slips_pdf(queue: PickQueue) -> bytes:
    """One page for each order that may leave, in its customer's language, without prices."""
    facts = {
        "title": f"Packing slips {queue.location}",
        "shop": queue.shop_name,
        "contact": queue.shop_email,
        "slips": [_slip(pick, queue) for pick in queue.picks],
    }
    return set_pdf("packing_slip", facts, queue.at)


def _totals(queue: PickQueue) -> list[dict[str, Any]]:
    units: Counter[tuple[str, str]] = Counter()
    for pick in queue.picks:
        for item in pick.items:
            units[item.sku, item.title] += item.quantity
    return [
        {"sku": sku, "title": title, "quantity": n} for (sku, title), n in sorted(units.items())
    ]


def _pick(pick: Pick) -> dict[str, Any]:
    return {
        "number": pick.number,
        "stage": pick.stage,
        "to": ", ".join(filter(None, (pick.customer_name, pick.ship_to.city))),
        "note": _remarks(pick),
        "items": _items(pick),
    }


def _remarks(pick: Pick) -> str:
    """What the picker has to know before what the customer wrote."""
    gift = "GIFT." if pick.gift else ""
    mates = f"IN ONE PARCEL WITH {', '.join(pick.together)}." if pick.together else ""
    return " ".join(filter(None, (gift, mates, pick.note)))


def _slip(pick: Pick, queue: PickQueue) -> dict[str, Any]:
    title, header, day = _SLIP_WORDS.get(pick.language[:2], _SLIP_WORDS["en"])
    return {
        "title": title.format(pick.order),
        "header": header,
        "date": queue.at.strftime(day),
        "work": pick.number,
        "address": _address_lines(pick.ship_to),
        "items": _items(pick),
        "gift": pick.gift.note if pick.gift else "",
    }


def _items(pick: Pick) -> list[dict[str, Any]]:
    return [{"sku": i.sku, "title": i.title, "quantity": i.quantity} for i in pick.items]


def _address_lines(to: Address) -> list[str]:
    town = " ".join(filter(None, (to.zip, to.city)))
    lines = (to.name, to.company, to.street, to.street2, town, to.region, to.country)
    return [line for line in lines if line]


@cache
def _template(name: str) -> bytes:
    return (TEMPLATES / f"{name}.typ").read_bytes()


def set_pdf(name: str, facts: dict[str, Any], at: datetime) -> bytes:
    """Facts go in as data and stay text; an empty root leaves a template nothing to open."""
    import typst  # 7 MB, for papers only

    with tempfile.TemporaryDirectory() as nothing:
        made: bytes = typst.compile(  # type: ignore[call-overload]  # its stub ties root to input
            _template(name),
            root=nothing,
            package_path=nothing,
            package_cache_path=nothing,
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"data": json.dumps(_clean(facts))},
            timestamp=int(at.timestamp()),
        )
    return made


def _clean(facts: Any) -> Any:
    if isinstance(facts, dict):
        return {name: _clean(value) for name, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [_clean(value) for value in facts]
    return _UNPRINTABLE.sub(" ", facts) if isinstance(facts, str) else facts
