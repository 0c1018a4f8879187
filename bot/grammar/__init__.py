"""One grammar for Slack, the command line and the sandbox: what a person of the staff typed."""

from bot.grammar.desk import Desk, Place
from bot.grammar.heard import (
    Ask,
    FormWanted,
    Heard,
    HelpWanted,
    Offer,
    Question,
    RolesWanted,
    Suggestion,
)
from bot.grammar.lexicon import Slot, slots_of, spec_of_verb, usage
from bot.grammar.parse import parse

__all__ = [
    "Ask",
    "Desk",
    "FormWanted",
    "Heard",
    "HelpWanted",
    "Offer",
    "Place",
    "Question",
    "RolesWanted",
    "Slot",
    "Suggestion",
    "parse",
    "slots_of",
    "spec_of_verb",
    "usage",
]
