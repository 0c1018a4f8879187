"""Reading a customer's sentence: what they want and which numbers, addresses and codes it names."""

from __future__ import annotations

from bot.chat.understanding.entities import Entities
from bot.chat.understanding.intents import Intent
from bot.chat.understanding.reading import Understood, fault_meant, reason_meant, understand

__all__ = ["Entities", "Intent", "Understood", "fault_meant", "reason_meant", "understand"]
