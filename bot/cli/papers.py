"""`wismo print`: pick list and packing slips of a location, or of named orders, as PDF files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import session

if TYPE_CHECKING:
    from bot.local import Local


def enter(app: typer.Typer) -> None:
    app.command("print")(print_papers)


def print_papers(
    context: typer.Context,
    what: Annotated[list[str], typer.Argument(help="A location, or order numbers to print again.")],
    out: Annotated[Path, typer.Option(help="The folder for the files.")] = Path(),
) -> None:
    """Put the work that waits at a location on paper."""
    from bot.papers import files_of
    from core.commands.fulfillment import PrintPicks

    with session.house(context) as house:
        place = _place(house, what[0])
        receipt = house.execute(PrintPicks(place, tuple(what[1:] if place else what)))
        papers = files_of(house.house, receipt, house.caller())
    out.mkdir(parents=True, exist_ok=True)
    print(receipt.sentence)
    for paper in papers:
        (out / paper.name).write_bytes(paper.pdf)
        print(out / paper.name)


def _place(house: Local, word: str) -> str:
    """The code of a location, or nothing: then the word is an order's number."""
    from core.db.setup import load_shop
    from core.domain.refusals import Invalid

    shop = house.read(lambda read: load_shop(read, house.shop_id))
    try:
        return shop.location(word).code
    except Invalid:
        return ""
