"""Questions back: what is shown beside a no that only asks, and what needs no choosing at all."""

from __future__ import annotations

from typing import Any

from bot.bridge import House
from bot.grammar import FormWanted
from bot.presentation.model import Section
from core.commands.edits import ConfirmEdit
from core.commands.pausing import StartPause
from core.commands.refunding import RefundOrder
from core.commands.returns import RequestReturn
from core.domain.refusals import Refusal
from core.engine import Caller
from core.queries.edits import ShowEdit
from core.queries.finding import FindOrders
from core.queries.order_view import OrderView
from core.queries.orders import ShowOrder
from core.queries.pauses import PreviewPause
from core.queries.refunds import previewed

_ASKING = ("where", "wheres", "where's", "what", "what's", "status", "is", "wo", "order")


def look_again(command: Any, code: str) -> Any:
    """The question whose card goes on from a command that was refused with this code, if any."""
    if isinstance(command, ConfirmEdit) and code == "preview_changed":
        return ShowEdit(command.order)
    if isinstance(command, StartPause) and code == "preview_changed":
        return PreviewPause(command.what, command.until, command.reason)
    if isinstance(command, RefundOrder) and code == "confirm":
        return previewed(command)
    return None


def only_its_number(asked: Any) -> tuple[Section, ...]:
    """Said on the card of an order whose number was all that was understood of a command's words;
    who asks where it is, has the answer."""
    words = asked.text.split() if isinstance(asked, FindOrders) else []
    if len(words) < 2 or words[0].casefold() in _ASKING:
        return ()
    told = f"Of “{asked.text}” I understand only the number. Nothing was changed; try `help`."
    return (Section((told,), tone="warn"),)


async def only_one(house: House, heard: FormWanted, caller: Caller) -> RequestReturn | None:
    """A return of an order of which a single unit, or nothing, can come back: there is nothing to
    choose, and the engine says why if it is nothing."""
    if heard.spec.shape is not RequestReturn or heard.problem or "order" not in heard.given:
        return None
    try:
        view: OrderView = await house.query(ShowOrder(str(heard.given["order"])), caller)
        ask: RequestReturn = heard.spec.read(heard.given)
    except Refusal:
        return None
    return ask if sum(line.returnable for line in view.lines) <= 1 else None
