"""No command is forgotten by undo: it is tried, or it says why it stays."""

from __future__ import annotations

from core.commands.kept import BY_MACHINES, FOR_GOOD, INVERSE, KEPT, why_kept
from core.registry import COMMANDS, QUESTIONS, spec_of
from tests.commands.test_every_undo import TRIES


def test_every_command_is_tried_or_says_why_it_stays() -> None:
    """A new command gives `uow.undo` and gets a line in TRIES (tests/commands/test_every_undo.py),
    or one in core/commands/kept.py."""
    tried = {spec_of(each.step("1", 1)).name for each in TRIES}
    stays = {name for name, spec in COMMANDS.items() if why_kept(spec)}
    assert sorted(COMMANDS.keys() - tried - stays) == []
    assert sorted(tried & stays) == []


def test_what_stays_is_named_once_and_is_there() -> None:
    named = [name for names in (*KEPT.values(), INVERSE) for name in names]
    assert [name for name in named if named.count(name) > 1 or name not in COMMANDS] == []
    verbs = {spec.verb for spec in (*COMMANDS.values(), *QUESTIONS.values())}
    assert [verb for verb in INVERSE.values() if verb not in verbs] == []
    by_kind = [n for n in named if why_kept(COMMANDS[n]) in (FOR_GOOD, BY_MACHINES)]
    assert by_kind == []
