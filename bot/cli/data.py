"""`wismo import`, `wismo export` and `wismo route`: tables and questions from and to files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import session

if TYPE_CHECKING:
    from bot.importing import Report
    from bot.local import Local

PROBLEMS_SHOWN = 200
LINES_NAMED = 10


def enter(app: typer.Typer) -> None:
    app.command("import")(bring_in)
    app.command("export")(take_out)
    app.command()(route)


def bring_in(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="locations, products, stock, lanes or orders")],
    file: Annotated[
        Path | None, typer.Argument(help="A CSV file; its first line names the columns.")
    ] = None,
    store: Annotated[
        str, typer.Option("--from", help="A connected store in place of a file.")
    ] = "",
    dry_run: Annotated[bool, typer.Option(help="Say what would happen, change nothing.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Take the store's figure for moved stock too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report for machines.")] = False,
) -> None:
    """Bring a table in, or a store's. Twice changes nothing. Exit code 1: rows were left out.

    Columns of a CSV file, * needed (docs/guide/import.md says more):

    locations: code* name kind street zip city country lat lon rank parcel_cost unit_cost
    time_zone hours cut_off closing_days channel active groups abilities
    delivers_km delivers_to delivery_fee delivery_window

    products: sku* title barcode price cost weight category active flags

    stock: sku* location* on_hand* safety

    lanes: country* days* origin zip_prefix method cost carrier

    orders: number* placed_at* sku* quantity* unit_price* title shipping paid email phone
    customer street zip city country note language
    """
    with session.house(context) as house, session.progress(f"import {kind}") as progress:
        report = _brought(house, kind, file, store, progress, dry_run, overwrite)
    if as_json:
        session.print_json(report)
    else:
        _print_report(report, dry_run, by_line=not store)
    sys.exit(1 if report.problems else 0)


def _brought(
    house: Local,
    kind: str,
    file: Path | None,
    store: str,
    progress: Callable[[float], None],
    dry_run: bool,
    overwrite: bool,
) -> Report:
    from bot.bringing import bring
    from bot.stores import bring_from
    from core.domain.refusals import Invalid

    if (file is None) == (not store):
        raise Invalid("Name a file or a store, one of them.", "See `wismo import --help`.")
    if overwrite and (kind != "stock" or not store):
        raise Invalid("--overwrite is for the stock of a store.", "A file's figures always count.")
    if file is not None:
        return bring(house, kind, file, progress, dry_run=dry_run)
    return bring_from(house, kind, store, progress, dry_run=dry_run, overwrite=overwrite)


def _print_report(report: Report, dry_run: bool, *, by_line: bool) -> None:
    if report.encoding not in ("utf-8", "utf-8-sig"):
        print(f"Read as {report.encoding}: check the umlauts.")
    for problem in report.problems[:PROBLEMS_SHOWN]:
        where = f"line {problem.line}, " if by_line else ""
        print(f"{where}{problem.field}: {problem.says}")
    if len(report.problems) > PROBLEMS_SHOWN:
        print(f"… and {len(report.problems) - PROBLEMS_SHOWN} more")
    would = "would be " if dry_run else ""
    print(
        f"{report.made} {would}made, {report.changed} {would}changed, {report.same} the same, "
        f"{len(report.problems)} {'problem' if len(report.problems) == 1 else 'problems'}"
    )
    if report.ignored:
        print(f"NOT READ, because no such column is known: {', '.join(report.ignored)}")


def take_out(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="journal")],
    file: Annotated[Path, typer.Argument(help="A .csv or .xlsx file to write.")],
    since: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"])],
    until: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"])],
) -> None:
    """Write every money fact from one day to another, both included, as balanced postings."""
    from bot.exporting import journal_file, read_all
    from core.domain.refusals import Invalid

    if kind != "journal":
        raise Invalid(f"There is no export of {kind}.", "Use `wismo export journal`.")
    with session.house(context) as house:
        rows = read_all(house.query, since.date(), until.date())
    file.write_bytes(journal_file(file.name, rows))
    print(f"{file}: {len(rows)} postings")


def route(
    jsonl: Annotated[
        bool, typer.Option(help="One question per line on stdin, one plan out.")
    ] = False,
) -> None:
    """Plan hypothetical orders: no database, no change."""
    from core.domain.refusals import Invalid
    from core.domain.routing.lines import answer
    from core.integrations import solver

    if not jsonl:
        raise Invalid("There is one way to ask so far.", "Use `wismo route --jsonl`.")
    helper, wrong = solver.find(), list[int]()
    for number, line in enumerate(sys.stdin.buffer, 1):
        if line.strip():
            found = answer(line, helper, number)
            if not found.ok:
                wrong.append(number)
            print(found.text, flush=True)
    if wrong:
        raise Invalid(_makes_no_sense(wrong), "Their answers say what is wrong: see `error`.")


def _makes_no_sense(wrong: list[int]) -> str:
    if len(wrong) == 1:
        return f"Line {wrong[0]} makes no sense."
    named = ", ".join(map(str, wrong[:LINES_NAMED]))
    more = " and others" if len(wrong) > LINES_NAMED else ""
    return f"{len(wrong)} lines make no sense: {named}{more}."
