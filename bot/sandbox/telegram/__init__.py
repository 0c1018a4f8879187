"""A strict local stand-in for Telegram's Bot API, and people who write to the bot."""

from __future__ import annotations

from bot.sandbox.telegram.app import telegram_app
from bot.sandbox.telegram.server import Telegram
from bot.sandbox.telegram.users import TelegramUser

__all__ = ["Telegram", "TelegramUser", "telegram_app"]
