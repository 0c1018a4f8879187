"""Running the house: serve, work, the clock, the demo, and the same as several processes."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import session

if TYPE_CHECKING:
    from bot.local import Local
    from bot.presentation.model import Form

clock = typer.Typer(help="The clock of scheduled jobs.", no_args_is_help=True)


def enter(app: typer.Typer) -> None:
    for command in (serve, work, say, demo, scale):
        app.command()(command)


def serve() -> None:
    """Serve until it is stopped: doors, worker and clock as WISMO_ROLES says."""
    with _nothing_thrown_away():
        from bot.main import serve

        serve(session.settings(), _started)


@contextlib.contextmanager
def _nothing_thrown_away() -> Iterator[None]:
    """A quarter of a start would go into looking for garbage among new modules."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _started(line: str) -> None:
    print(line, flush=True)
    gc.freeze()
    gc.enable()


def work(
    context: typer.Context,
    until_idle: Annotated[bool, typer.Option(help="End when nothing is due any more.")] = False,
) -> None:
    """Only work: plan messages, send them, call other machines."""
    if until_idle:
        with session.house(context) as house:
            print(f"{house.work()} things done; nothing more is due.")
        return
    with _nothing_thrown_away():
        from bot.main import serve

        settings = session.settings().model_copy(update={"roles": ("worker",)})
        serve(settings, _started)


def say(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(help="As in Slack: hold 1001 address")],
    name: Annotated[str, typer.Option("--as", help="Whose words: a name from the staff.")] = "",
) -> None:
    """Say what you would say in Slack, and read the answer. Exit code 2: it was not done."""
    from bot.presentation.model import Form
    from bot.presentation.plain import all_as_text

    with session.house(context) as house:
        answers = house.say(" ".join(words), name)
    print(all_as_text(answers))
    forms = [answer for answer in answers if isinstance(answer, Form)]
    for form in forms:
        print(f"\nNo form opens here. Say it in one sentence: {_sentence_of(form)}")
    if forms or any(_is_no(answer) for answer in answers):
        sys.exit(2)


def _sentence_of(form: Form) -> str:
    """The words that do what the form would, with what is still to be told in pointed brackets."""
    from bot.grammar import spec_of_verb

    lacking = [one for one in form.inputs if not (one.optional or one.value)]
    lacking = lacking or [one for one in form.inputs if one.kind in ("text", "long")][:1]
    asked = [f"<{one.label.casefold().rstrip('?')}>" for one in lacking]
    words = " ".join([form.verb, *map(str, form.fixed.values()), *asked])
    spec = spec_of_verb(form.verb)
    example = max(spec.examples, key=len, default="") if spec else ""
    return f'wismo say "{words}"' + (f"  (such as: {example})" if example else "")


def _is_no(answer: Any) -> bool:
    """A card in a warning tone is a refusal, unless it shows something: a held order, a case."""
    tone = getattr(answer, "tone", "plain")
    return tone in ("warn", "bad") and not getattr(answer, "subject", "")


@clock.command()
def tick(
    context: typer.Context,
    at: Annotated[
        str, typer.Option(help="A moment to move a sandbox's clock to, in the shop's time.")
    ] = "",
) -> None:
    """Run the scheduled jobs that are due."""
    from datetime import datetime

    from bot.running import moment_of

    with session.house(context) as house:
        when: datetime | None = moment_of(at, _zone_of(house)) if at else None
        ran = house.tick(when)
    session.table(
        ("job", "slot", "state", "note"),
        [(one["job"], one["slot"], one["state"], one["note"]) for one in ran],
        "Nothing was due.",
    )
    if any(one["state"] == "failed" for one in ran):
        sys.exit(1)


def _zone_of(house: Local) -> str:
    from core.queries.setup import ShowShop

    return str(house.query(ShowShop()).time_zone)


def demo(
    script: Annotated[bool, typer.Option(help="Play the story without a browser.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The story for machines.")] = False,
    port: Annotated[int, typer.Option(help="Where the page is.")] = 8000,
    data: Annotated[Path | None, typer.Option(help="A folder to keep the shop in.")] = None,
    open_browser: Annotated[bool, typer.Option(help="Open the page.")] = False,
) -> None:
    """A whole shop to try, with everybody around it made up."""
    with _nothing_thrown_away():
        from bot.sandbox import demo as sandbox

    sys.exit(
        sandbox.main(script=script, json=as_json, port=port, data=data, open_browser=open_browser)
    )


def scale(
    port: Annotated[int, typer.Option(help="The first of the two ports.")] = 8001,
    seconds: Annotated[float, typer.Option(help="Stop after so long; 0: until Ctrl-C.")] = 0,
) -> None:
    """Two apps, two workers and a clock as processes over one PostgreSQL."""
    from bot.cli.scaling import run

    sys.exit(run(port, seconds))
