"""What can be asked: each module enters its questions in the registry."""

from core.queries import orders, picks, setup, stock, tracking

__all__ = ["orders", "picks", "setup", "stock", "tracking"]
