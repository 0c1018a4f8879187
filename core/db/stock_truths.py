"""What must always be true of stock: levels, their moves, and what is promised of them."""

# ruff: noqa: S608 - the queries below are put together from this file's own words only

from __future__ import annotations

from core.domain.stock import COLUMNS, EFFECTS, NEED_A_REASON

_SUMS = ", ".join(f"sum({name}) as {name}" for name in COLUMNS)
_MOVES = f"""(select shop_id, sku, location_id, {_SUMS}
    from stock_move group by shop_id, sku, location_id)"""
_OFF = " or ".join(f"s.{name} <> coalesce(m.{name}, 0)" for name in COLUMNS)
_LIVE = """(select shop_id, sku, location_id, sum(quantity) as quantity from reservation
    where state in ('held', 'promised') group by shop_id, sku, location_id)"""
_SAME_LEVEL = "m.shop_id = s.shop_id and m.sku = s.sku and m.location_id = s.location_id"
OPEN_STAGES = "('ready', 'printed', 'picked', 'packed')"


def _wrong_effect() -> str:
    """Ledger lines whose three figures are not what their kind does to a level."""
    right = " or ".join(
        f"(kind = '{kind.value}'"
        + "".join(
            f" and {name} = {unit} * quantity" for name, unit in zip(COLUMNS, effect, strict=True)
        )
        + ")"
        for kind, effect in EFFECTS.items()
    )
    return f"select id from stock_move where not ({right})"


SENTENCES = {
    "every stock level is the sum of its moves": (
        "I-01",
        f"""select s.sku, s.location_id from stock_level s left join {_MOVES} m on {_SAME_LEVEL}
        where {_OFF}""",
    ),
    "every stock move belongs to a level": (
        "I-01b",
        f"""select m.sku, m.location_id from {_MOVES} m left join stock_level s on {_SAME_LEVEL}
        where s.sku is null""",
    ),
    "no stock level is below zero or promised beyond what is there": (
        "I-02",
        f"""select sku, location_id from stock_level
        where {" or ".join(f"{name} < 0" for name in COLUMNS)} or reserved > on_hand""",
    ),
    "what is reserved is the sum of the live reservations": (
        "I-03",
        f"""select s.sku, s.location_id from stock_level s left join {_LIVE} m on {_SAME_LEVEL}
        where s.reserved <> coalesce(m.quantity, 0)""",
    ),
    "every promise belongs to a line of its order and to open work at its location": (
        "I-03b",
        f"""select r.id from reservation r left join order_line l on l.id = r.line_id
            left join fulfillment_order f on f.id = r.fulfillment_id
        where r.state = 'promised' and (l.id is null or l.sku <> r.sku
            or l.order_id <> r.order_id or f.id is null or f.order_id <> r.order_id
            or f.location_id <> r.location_id or f.stage not in {OPEN_STAGES})""",
    ),
    "what a line has allocated is promised to it": (
        "I-03c",
        """select l.id from order_line l left join (
            select line_id, sum(quantity) as quantity from reservation
            where state = 'promised' group by line_id
        ) r on r.line_id = l.id where l.allocated <> coalesce(r.quantity, 0)""",
    ),
    "no channel was told of less than nothing": (
        "I-05",
        "select sku, location_id from channel_stock where told < 0",
    ),
    "every stock move does what its kind does": ("I-06", _wrong_effect()),
    "every stock move has an actor, every correction a reason": (
        "I-06b",
        f"""select id from stock_move where actor = '' or (reason = ''
            and kind in ({", ".join(f"'{kind.value}'" for kind in sorted(NEED_A_REASON))}))""",
    ),
}
