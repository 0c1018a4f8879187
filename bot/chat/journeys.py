"""Which journey hears the answer to which question, and what a button begins."""

from __future__ import annotations

from collections.abc import Callable

from bot.chat.flows import claiming, returning, wishing
from bot.chat.flows.identify import hear_code, hear_contact
from bot.chat.flows.pursuing import hear_order
from bot.chat.flows.scene import Scene
from bot.chat.talk import Answer, Asking, Talk

# Buttons that only begin something stay good after their turn; answers to a question do not.
LASTING = (
    "intent:",
    "return:",
    "claim:",
    "unreturn:",
    "address:",
    "cancel:",
    "watch:",
    "report:",
    "human",
    "bot",
    "lang:",
)
BEGINS = {
    "intent": "",
    "return": "return_item",
    "claim": "item_problem",
    "address": "change_address",
    "cancel": "cancel_order",
    "watch": "watch",
    "report": "report",
}
READ_ONLY = frozenset(
    {
        "track_order",
        "order_details",
        "delivery_problem",
        "refund_status",
        "policy_question",
        "shipping_info",
        "smalltalk",
        "complaint",
    }
)
# Bare words that are more than an answer which does not fit.
GOES_ON = frozenset({"thanks", "bye", "drop"})
WIZARDS = ("return_", "claim_", "wish_")
RETURN_MATTERS = frozenset({"return_item", "item_problem", "refund_request"})
TOLD = RETURN_MATTERS | {"delivery_problem"}
HEARERS: dict[str, Callable[[Talk, Asking, Scene, str], Answer | None]] = {
    "contact": hear_contact,
    "code": hear_code,
    "which_order": hear_order,
    "return_line": returning.hear_line,
    "return_quantity": returning.hear_quantity,
    "return_reason": returning.hear_reason,
    "return_detail": returning.hear_detail,
    "return_photo": returning.hear_photo,
    "return_wish": returning.hear_wish,
    "return_confirm": returning.hear_confirm,
    "claim_reason": claiming.hear_reason,
    "claim_line": claiming.hear_line,
    "claim_quantity": claiming.hear_quantity,
    "claim_photo": claiming.hear_photo,
    "claim_wish": claiming.hear_wish,
    "claim_confirm": claiming.hear_confirm,
    "wish_text": wishing.hear_text,
    "wish_confirm": wishing.hear_confirm,
}
