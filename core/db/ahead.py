"""Questions that a command will ask for certain, to be put to a server all at once."""

from __future__ import annotations

from collections.abc import Sequence

from core.db import stock
from core.db.orders import BY_EXTERNAL, NUMBER_TAKEN
from core.db.people import CUSTOMER_BY_EMAIL
from core.db.setup import REVISION
from core.db.unit_of_work import UnitOfWork


def of_capture(
    uow: UnitOfWork,
    connection_id: int | None,
    external_id: str,
    number: str,
    email: str,
    skus: Sequence[str],
) -> None:
    """What every new order has to know: whether it is known, its number, customer and stock.

    What an earlier command of the same batch has just written is looked for in its own time.
    """
    if uow.session.is_sqlite:
        return
    shop, seen = uow.actor.shop_id, uow.batch.seen
    questions = [(REVISION, {"shop": shop}), *stock.look_ahead(shop, skus)]
    if connection_id is not None and ("external", connection_id, external_id) not in seen:
        questions.append((BY_EXTERNAL, {"connection": connection_id, "external": external_id}))
    if number and ("number", shop, number) not in seen:
        questions.append((NUMBER_TAKEN, {"shop": shop, "number": number}))
    if email and ("customer", shop, email) not in seen:
        questions.append((CUSTOMER_BY_EMAIL, {"shop": shop, "email": email}))
    uow.session.look_ahead(questions)
