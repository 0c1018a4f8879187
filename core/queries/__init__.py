"""What can be asked: each module enters its questions in the registry."""

from core.queries import orders, setup, tracking

__all__ = ["orders", "setup", "tracking"]
