"""The things a customer may want, and which of them are easily mistaken for each other."""

from __future__ import annotations

from typing import Literal, get_args

Intent = Literal[
    "track_order",
    "order_details",
    "delivery_problem",
    "cancel_order",
    "change_order",
    "change_address",
    "return_item",
    "item_problem",
    "refund_request",
    "refund_status",
    "policy_question",
    "shipping_info",
    "payment_issue",
    "invoice",
    "human_agent",
    "complaint",
    "smalltalk",
    "out_of_scope",
]
INTENTS: tuple[Intent, ...] = get_args(Intent)

# Wishes that lead towards a change of an order: a wrong one of these costs the customer something.
ACTIONS: frozenset[Intent] = frozenset(
    {
        "cancel_order",
        "change_order",
        "change_address",
        "return_item",
        "refund_request",
    }
)

# Everything that is about an order the customer already has.
ORDER_MATTERS: frozenset[Intent] = ACTIONS | {
    "track_order",
    "order_details",
    "delivery_problem",
    "item_problem",
    "refund_status",
    "invoice",
}

NEIGHBORS: dict[Intent, tuple[Intent, ...]] = {
    "track_order": ("delivery_problem", "order_details", "shipping_info"),
    "order_details": ("track_order", "human_agent", "payment_issue"),
    "delivery_problem": ("track_order", "item_problem", "shipping_info"),
    "cancel_order": ("refund_request", "change_order", "out_of_scope"),
    "change_order": ("cancel_order", "order_details", "out_of_scope"),
    "change_address": ("order_details", "out_of_scope", "change_order"),
    "return_item": ("item_problem", "policy_question", "refund_request"),
    "item_problem": ("return_item", "complaint", "delivery_problem"),
    "refund_request": ("refund_status", "return_item", "cancel_order"),
    "refund_status": ("refund_request", "return_item", "policy_question"),
    "policy_question": ("return_item", "refund_request", "out_of_scope"),
    "shipping_info": ("track_order", "out_of_scope", "delivery_problem"),
    "payment_issue": ("out_of_scope", "invoice", "order_details"),
    "invoice": ("payment_issue", "order_details", "out_of_scope"),
    "human_agent": ("complaint", "out_of_scope", "smalltalk"),
    "complaint": ("human_agent", "delivery_problem", "item_problem"),
    "smalltalk": ("out_of_scope", "human_agent", "track_order"),
    "out_of_scope": ("human_agent", "shipping_info", "track_order"),
}
