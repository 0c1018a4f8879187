"""What can be done: each module enters its commands in the registry."""

from core.commands import capture, orders

__all__ = ["capture", "orders"]
