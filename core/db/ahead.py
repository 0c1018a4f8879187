"""Questions that a command will ask for certain, to be put to a server all at once."""

from __future__ import annotations

from collections.abc import Sequence

from core.db import stock
from core.db.connection import Question
from core.db.orders import BY_EXTERNAL, NUMBER_TAKEN
from core.db.people import CUSTOMER_BY_EMAIL
from core.db.setup import REVISION


def of_capture(
    shop_id: int,
    connection_id: int | None,
    external_id: str,
    number: str,
    email: str,
    skus: Sequence[str],
) -> list[Question]:
    """What every new order has to know: whether it is known, its number, customer and stock."""
    questions: list[Question] = [(REVISION, {"shop": shop_id}), *stock.look_ahead(shop_id, skus)]
    if connection_id is not None:
        known = {"connection": connection_id, "external": external_id}
        questions.append((BY_EXTERNAL, known))
    if number:
        questions.append((NUMBER_TAKEN, {"shop": shop_id, "number": number}))
    if email:
        questions.append((CUSTOMER_BY_EMAIL, {"shop": shop_id, "email": email}))
    return questions
