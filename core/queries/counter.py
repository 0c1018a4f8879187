"""What a customer has brought to the counter: what may come back, and what they get for it."""

from __future__ import annotations

from typing import Annotated

from core.commands.counter import ReturnHere
from core.commands.nothing_left import why_nothing
from core.commands.return_terms import words_of
from core.commands.returned_money import NOT_ON_SIGHT, items_of
from core.commands.returns import try_return
from core.db.reading import Reader
from core.db.refunds import refunds_of
from core.domain.access import Right
from core.domain.order import Order
from core.domain.refunds import total_of
from core.domain.refusals import NotPossible
from core.domain.returning.dispositions import Disposition
from core.domain.returning.rules import read_terms
from core.domain.returning.verdict import Verdict
from core.domain.returns import Rma, Wish
from core.domain.values import dataclass
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class CounterLine:
    line_id: int
    sku: str
    title: str
    returnable: int


@dataclass(frozen=True, slots=True)
class CounterView:
    """`refund` (minor units) is for what the form says lies there; `words` what the rules think."""

    order: str
    customer_name: str
    lines: tuple[CounterLine, ...]
    currency: str
    location: str
    refund: int = 0
    words: str = ""
    needs_decision: bool = False


@dataclass(frozen=True, slots=True)
class ShowCounter:
    """Show what of an order may come back at the counter; with a form, what it would come to."""

    order: Annotated[str, Arg.ORDER]
    form: Annotated[ReturnHere | None, Arg.NONE] = None


@question("show-counter", ShowCounter, Right.RETURN_RECEIVE, in_chat=False)
def show_counter(ask: ShowCounter, reader: Reader) -> CounterView:
    order = reader.orders.brought(ask.order)
    lines = tuple(
        CounterLine(line.id, line.sku, line.title, line.returnable)
        for line in order.lines
        if line.returnable > 0
    )
    if not lines:
        raise NotPossible(
            f"Nothing of order {order.number} can come back.", why_nothing(reader, order)
        )
    refund, words, needs = _outcome(reader, order, ask.form)
    name = order.customer_name.split(" ")[0]  # the customer stands there; nobody needs more
    own = reader.actor.locations[0] if len(reader.actor.locations) == 1 else ""
    return CounterView(order.number, name, lines, order.currency, own, refund, words, needs)


def _outcome(reader: Reader, order: Order, form: ReturnHere | None) -> tuple[int, str, bool]:
    if form is None or not form.counted:
        return 0, "", False
    rma, found = try_return(reader, form.request, order, 0, 0)
    needs = any(each.verdict is not Verdict.APPROVE for each in found.values())
    return _refund(reader, order, rma, form), words_of(found.values()), needs


def _refund(reader: Reader, order: Order, rma: Rma, form: ReturnHere) -> int:
    if form.wish not in (Wish.REFUND, Wish.CREDIT):
        return 0
    refunds = refunds_of(reader.session, order.id)
    aside = {
        word.line.casefold() for word in form.counted if word.goes_to is Disposition.QUARANTINE
    }
    units = {
        line.line_id: line.quantity
        for line in rma.lines
        if not (
            {str(line.line_id), line.sku.casefold()} & aside
            and Disposition.QUARANTINE in NOT_ON_SIGHT[read_terms(line.terms).refund_on]
        )
    }
    due = sum(refund.amount for refund in refunds if refund.state == "due")
    left = order.captured - order.refunded - due
    return max(0, min(left, total_of(items_of(order, rma, units, refunds))))
