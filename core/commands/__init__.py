"""What can be done: each module enters its commands in the registry."""

from core.commands import capture, deliveries, orders, slack

__all__ = ["capture", "deliveries", "orders", "slack"]
