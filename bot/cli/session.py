"""What the commands of the command line share: reaching the house, tables, progress."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import typer

from core.domain.values import dataclass

if TYPE_CHECKING:
    from bot.local import Local
    from bot.settings import Settings

PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Given:
    """What stands before the command's name."""

    shop: str = ""


def settings() -> Settings:
    from bot.logs import set_up
    from bot.settings import Settings

    found = Settings()
    set_up(found)
    return found


@contextlib.contextmanager
def house(context: typer.Context) -> Iterator[Local]:
    """The house, through the running server or by owning the database meanwhile."""
    from bot.local import local

    with local(settings(), context.find_object(Given).shop) as found:  # type: ignore[union-attr]
        yield found


def do(context: typer.Context, command: Any) -> None:
    """Give one command and print its sentence."""
    with house(context) as found:
        print(found.execute(command).sentence)


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], nothing: str) -> None:
    """Rows under heads; as plain tabs where a program reads."""
    listed = [[_cell(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        for row in [list(heads), *listed]:
            print("\t".join(row))
        return
    if not listed:
        print(nothing)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(*heads, box=None, header_style="bold", pad_edge=False)
    for row in listed:
        shown.add_row(*map(Text, row))
    Console().print(shown)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat(timespec="seconds"))
    return str(value)


def print_json(value: Any) -> None:
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode())


@contextlib.contextmanager
def progress(what: str) -> Iterator[Callable[[float], None]]:
    """A bar for work that takes more than two seconds; it is called with a share of 0 to 1."""
    from rich.console import Console
    from rich.progress import Progress

    began = time.monotonic()
    with contextlib.ExitStack() as shown:
        bars: list[Progress] = []

        def report(share: float) -> None:
            if not bars and time.monotonic() - began > PATIENCE_SECONDS:
                bar = Progress(console=Console(stderr=True), transient=True)
                bars.append(shown.enter_context(bar))
                bar.add_task(what, total=1.0)
            for bar in bars:
                bar.update(bar.task_ids[0], completed=share)

        yield report
