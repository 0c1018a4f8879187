"""What can be asked: each module enters its questions in the registry."""

from core.queries import orders

__all__ = ["orders"]
