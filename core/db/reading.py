"""The reader handed to questions: a snapshot that shows what its actor may see, and no more."""

from __future__ import annotations

from datetime import datetime

from core.db import setup
from core.db.connection import Session
from core.db.lazily import Lazily
from core.db.orders import Orders
from core.domain.access import Actor
from core.domain.shop import Shop


class Reader:
    """Like a unit of work, for looking only."""

    readonly = True

    def __init__(self, session: Session, actor: Actor, now: datetime) -> None:
        self.session = session
        self.actor = actor
        self.now = now

    @Lazily
    def shop(self) -> Shop:
        return setup.load_shop(self.session, self.actor.shop_id)

    @Lazily
    def orders(self) -> Orders:
        return Orders(self)
