"""The command line: `wismo`. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

from bot.cli.app import main

__all__ = ["main"]
