"""What can be done: each module enters its commands in the registry."""

from core.commands import (
    access,
    capture,
    chat,
    deliveries,
    fulfillment,
    imports,
    labels,
    orders,
    setup,
    shipping,
    slack,
    stock,
    tracking,
)

__all__ = [
    "access",
    "capture",
    "chat",
    "deliveries",
    "fulfillment",
    "imports",
    "labels",
    "orders",
    "setup",
    "shipping",
    "slack",
    "stock",
    "tracking",
]
