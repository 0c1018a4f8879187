"""Steps that stay: why `undo` does not take them back, and what to write instead.

Whatever is not named here and is done by staff gives `uow.undo`; tests hold both to it.
"""

from __future__ import annotations

from core.domain.access import Right
from core.registry import Risk, Spec

# Machines and customers have no undo window: what they say is a fact from outside.
NOT_STAFF = (Right.MACHINERY, Right.CAPTURE, Right.OWN)

BY_MACHINES = "Machines and customers do it."
FOR_GOOD = "It is done for good, and asked about once more before it is."
OUTSIDE = "It tells of something outside, in paper or in somebody's hands."
READ = "Somebody may have read it already; write another."
AGAIN = "Say it again with the value that it had."
NOTHING_YET = "It changes nothing by itself."
DECIDED = "It was decided anew from today's stock; `move` and `reroute` decide otherwise."
COUNTED = "It is a fact about the shelf; `count` and `adjust` correct it."

KEPT: dict[str, tuple[str, ...]] = {
    OUTSIDE: (
        "add_tracking",
        "answer_hold",
        "decline_work",
        "deliver_parcel",
        "collect_order",
        "confirm_order_return",
        "confirm_return",
        "hand_over_without_code",
        "issue_invoice",
        "keep_photo",
        "label_return",
        "match_box",
        "move_return_on",
        "new_pickup_code",
        "print_picks",
        "put_back",
        "recall_parcel",
        "record_tracking",
        "receive_unknown",
        "return_to_shelf",
        "ship_work",
    ),
    READ: ("hand_back", "note_order", "reply_to_customer", "share_card"),
    AGAIN: (
        "change_connection",
        "change_location",
        "change_shop",
        "change_staff",
        "import_lanes",
        "import_locations",
        "import_products",
        "import_stock",
        "list_supply",
    ),
    NOTHING_YET: (
        "discard_edit",
        "draft_return_rules",
        "draft_rules",
        "change_order",
        "edit_order",
        "preview_edit",
        "put_return_rules",
        "put_rules",
        "replay_delivery",
        "screen_order",
        "undo_last",
    ),
    DECIDED: ("choose_plan", "improve_order", "route_again", "settle_edit", "ship_now"),
    COUNTED: ("condemn_stock", "count_list", "lose_expected", "short_order"),
}
# Steps with a word of their own for the way back.
INVERSE = {
    "receive_all": "adjust",
    "receive_stock": "adjust",
    "send_transfer": "missing",
    "add_connection": "change connection",
    "add_key": "revoke key",
    "add_location": "change location",
    "add_staff": "remove staff",
    "cancel_count_task": "count-task",
    "buy_return_label": "void-label",
    "claim_order": "reject claim",
    "cancel_transfer": "transfer",
    "end_pause": "pause",
    "end_preorder": "preorder",
    "exchange_return": "cancel exchange",
    "label_parcel": "void",
    "open_count_task": "cancel-count",
    "plan_transfer": "cancel-transfer",
    "remove_staff": "add staff",
    "request_return": "cancel-return",
    "resume_messages": "pause messages",
    "set_preorder": "end-preorder",
    "void_label": "label",
    "void_return_label": "buy-label",
    "withdraw_refund": "refund now",
    "withdraw_request": "request payment",
}
_WHY = {name: why for why, names in KEPT.items() for name in names} | {
    name: f"The way back is `{verb}`." for name, verb in INVERSE.items()
}


def why_kept(spec: Spec) -> str:
    """Why a command cannot be taken back; empty when `undo` takes it back."""
    if spec.risk is Risk.IRREVERSIBLE:
        return FOR_GOOD
    if spec.right in NOT_STAFF:
        return BY_MACHINES
    return _WHY.get(spec.name, "")
