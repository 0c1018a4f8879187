"""What can be done: each module enters its commands in the registry."""

from core.commands import capture, orders, slack

__all__ = ["capture", "orders", "slack"]
