"""Bringing a checked table into the house: by chunks of rows, or order by order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from bot.importing import FIELDS, Problem, Report, Setting, checked, chunks, read_table
from bot.local import Local
from core.commands.access import AddConnection
from core.commands.capture import CaptureLine, CaptureOrder
from core.commands.imports import ImportedRow, ImportLocations, ImportProducts, ImportStock
from core.commands.lanes import ImportLanes
from core.db import catalog
from core.db.setup import load_shop
from core.domain.order import Address
from core.domain.refusals import Invalid, Refusal
from core.domain.shop import Shop

ORDER_SOURCE = "import"  # the connection under which imported orders are known
Progress = Callable[[float], None]


def bring(
    house: Local, kind: str, file: Path, progress: Progress, *, dry_run: bool = False
) -> Report:
    """Bring a file in; the rows that are right go in, the others are named."""
    if kind not in FIELDS:
        raise Invalid(f"There is no import of {kind}.", f"Choose {', '.join(FIELDS)}.")
    shop = house.read(lambda session: load_shop(session, house.shop_id))
    rows, report = checked(kind, read_table(file), Setting(shop.currency, shop.time_zone))
    if kind == "orders":
        _bring_orders(house, shop, rows, report, progress, dry_run=dry_run)
        return report
    hand_in(house, rows, partial(_command, kind, file.name, dry_run=dry_run), report, progress)
    report.problems.sort(key=lambda problem: problem.line)
    return report


def hand_in(
    house: Local,
    rows: Sequence[ImportedRow],
    command: Callable[[tuple[ImportedRow, ...]], Any],
    report: Report,
    progress: Progress,
) -> None:
    """Give the rows to the engine, a command for each chunk, and add up what became of them."""
    done = 0
    for chunk in chunks(rows):
        report.add(house.execute(command(chunk)).facts)
        done += len(chunk)
        progress(done / len(rows))


def _command(kind: str, name: str, rows: tuple[ImportedRow, ...], *, dry_run: bool) -> Any:
    if kind == "locations":
        return ImportLocations(rows, dry_run)
    if kind == "lanes":
        return ImportLanes(rows, dry_run)
    if kind == "products":
        return ImportProducts(rows, dry_run)
    return ImportStock(rows, f"import of {name}", dry_run)


# --- orders ------------------------------------------------------------------------------------


def _bring_orders(
    house: Local,
    shop: Shop,
    rows: Sequence[ImportedRow],
    report: Report,
    progress: Progress,
    *,
    dry_run: bool,
) -> None:
    """Orders still to be shipped; they are known to the channel, so no message is sent."""
    orders = [(key, list(lines)) for key, lines in groupby(rows, key=lambda row: row.key)]
    source = _source(house, shop, dry_run=dry_run)
    numbers = sorted({key for key, _ in orders})
    taken: dict[str, int | None] = {}
    for chunk in chunks(numbers):
        taken |= house.read(
            lambda session, some=chunk: catalog.order_sources(session, shop.id, some)  # type: ignore[misc]
        )
    seen: set[str] = set()
    for place, (number, lines) in enumerate(orders, 1):
        progress(place / len(orders))
        problem = _problem(number, lines, seen, taken, source, report.broken)
        seen.add(number)
        if problem is not None:
            report.problems.append(problem)
            continue
        _bring_order(house, shop, number, lines, report, taken, source, dry_run=dry_run)


def _source(house: Local, shop: Shop, *, dry_run: bool) -> int | None:
    found = next((c.id for c in shop.connections.values() if c.name == ORDER_SOURCE), None)
    if found is not None or dry_run:
        return found
    return int(house.execute(AddConnection("files", ORDER_SOURCE, {})).facts["connection"])


def _problem(
    number: str,
    lines: Sequence[ImportedRow],
    seen: set[str],
    taken: dict[str, int | None],
    source: int | None,
    broken: set[str],
) -> Problem | None:
    """Half an order is none: what is wrong with one line is wrong with all."""
    first = lines[0]
    if number in seen:
        return Problem(first.line, "number", f"the lines of {number} do not stand together")
    if number in broken:
        return Problem(first.line, "number", f"{number} is left out: a line of it is wrong")
    if number in taken and taken[number] != source:
        return Problem(first.line, "number", f"{number} is here already, from another source")
    told = {row.values["placed_at"] for row in lines} | {None}
    if len(told) > 2:
        return Problem(first.line, "placed_at", f"the lines of {number} name different times")
    return None


def _bring_order(
    house: Local,
    shop: Shop,
    number: str,
    lines: Sequence[ImportedRow],
    report: Report,
    taken: dict[str, int | None],
    source: int | None,
    *,
    dry_run: bool,
) -> None:
    if dry_run:
        report.same += number in taken
        report.made += number not in taken
        return
    try:
        receipt = house.execute(_captured(shop, number, lines, source))
    except Refusal as refusal:
        report.problems.append(Problem(lines[0].line, "order", str(refusal)))
        return
    if number not in taken:
        report.made += 1
    elif receipt.happened:
        report.changed += 1
    else:
        report.same += 1


def _captured(
    shop: Shop, number: str, rows: Sequence[ImportedRow], source: int | None
) -> CaptureOrder:
    head = rows[0].values
    ship_to = Address(
        name=head.get("customer", ""),
        street=head.get("street", ""),
        zip=head.get("zip", ""),
        city=head.get("city", ""),
        country=head.get("country", "").upper(),
    )
    return CaptureOrder(
        external_id=number,
        number=number,
        channel=ORDER_SOURCE,
        connection_id=source,
        currency=shop.currency,
        placed_at=head["placed_at"],
        updated_at=head["placed_at"],
        lines=tuple(_line(number, place, row) for place, row in enumerate(rows, 1)),
        shipping=head.get("shipping", 0),
        captured=head.get("paid", 0),
        email=head.get("email", ""),
        phone=head.get("phone", ""),
        customer_name=head.get("customer", ""),
        language=head.get("language", ""),
        note=head.get("note", ""),
        ship_to=ship_to,
        sends_messages=False,
    )


def _line(number: str, place: int, row: ImportedRow) -> CaptureLine:
    return CaptureLine(
        sku=row.values["sku"],
        quantity=row.values["quantity"],
        external_id=f"{number}-{place}",
        title=row.values.get("title", ""),
        unit_price=row.values.get("unit_price", 0),
    )
