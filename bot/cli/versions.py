"""What `wismo rules` and `wismo return-rules` share: versions shown, written, compared, undone."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import session
from core.domain.values import dataclass

Number = Annotated[int, typer.Argument(help="A version; 0: the one in force.")]
Reason = Annotated[str, typer.Option(help="Why.")]


@dataclass(frozen=True, slots=True)
class Family:
    """The questions and commands of one family of versioned rules."""

    show: Callable[[int], Any]
    put: Callable[[Any, str], Any]
    presets: Callable[[], Any]
    draft: Callable[[str], Any]
    diff: Callable[[int, int], Any]
    roll_back: Callable[[], Any]
    off: Callable[[], Any]


def add_versions(
    app: typer.Typer, family: Callable[[], Family], words: Callable[[Any], Iterable[str]], off: str
) -> None:
    """Adds what both families can do; `words` tells a view line by line, `off` says what holds
    without rules. The family is imported when it is used: help wants no database."""
    _add_asking(app, family, words)
    _add_writing(app, family)

    @app.command("off", help=off)
    def _off(context: typer.Context) -> None:
        session.do(context, family().off())


def _add_asking(
    app: typer.Typer, family: Callable[[], Family], words: Callable[[Any], Iterable[str]]
) -> None:
    @app.command("show")
    def show(
        context: typer.Context,
        number: Number = 0,
        as_json: Annotated[bool, typer.Option("--json", help="The document itself.")] = False,
    ) -> None:
        """The rules in force, or a version, in plain words."""
        with session.house(context) as house:
            view = house.query(family().show(number))
        if as_json:
            session.print_json(view.document)
            return
        print("\n".join([*words(view), *(f"Look at this: {line}" for line in view.odd)]))
        rows = [(v.number, v.name, v.state, v.by, v.at, v.reason) for v in view.versions]
        session.table(("version", "name", "state", "by", "at", "why"), rows, "No version yet.")

    @app.command("presets")
    def presets(context: typer.Context) -> None:
        """The ready rules that `draft` takes."""
        with session.house(context) as house:
            found = house.query(family().presets())
        session.table(("name", "what it does"), [(each.name, each.says) for each in found], "")

    @app.command("diff")
    def diff(
        context: typer.Context,
        number: Number = 0,
        against: Annotated[int, typer.Argument(help="Another version; 0: the one in force.")] = 0,
    ) -> None:
        """What a version says that another does not."""
        with session.house(context) as house:
            print("\n".join(house.query(family().diff(number, against)).lines))


def _add_writing(app: typer.Typer, family: Callable[[], Family]) -> None:
    @app.command("put")
    def put(
        context: typer.Context,
        file: Annotated[str, typer.Argument(help="A JSON document; - reads standard input.")],
        reason: Reason = "",
    ) -> None:
        """Write a new version from a file; it is a draft until it is activated."""
        session.do(context, family().put(_document(file), reason))

    @app.command("draft")
    def draft(context: typer.Context, names: list[str]) -> None:
        """A new version from ready rules, one after another."""
        session.do(context, family().draft(" ".join(names)))

    @app.command("rollback")
    def rollback(context: typer.Context) -> None:
        """Put the rules in force again that were so before."""
        session.do(context, family().roll_back())


def _document(file: str) -> Any:
    from core.domain.refusals import Invalid

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        return json.loads(text)
    except OSError as problem:
        raise Invalid(f"{file} cannot be read ({problem.strerror}).") from problem
    except ValueError as problem:
        raise Invalid(f"{file} is no JSON document: {problem}.") from problem
