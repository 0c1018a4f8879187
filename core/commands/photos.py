"""Photos of goods: kept for an order, and forgotten when nothing needs them any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from core.db import photos
from core.db.claims import note_photos
from core.db.turns import wait_for_turn
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.photos import BYTES_MOST, DAY, Picture, require_few, require_size
from core.domain.refusals import Invalid
from core.domain.values import dataclass
from core.registry import Arg, Done, command

CHUNK = 50


@dataclass(frozen=True, slots=True)
class KeepPhoto:
    """Keep a photo for an order: what staff and programs were sent, or took themselves."""

    order: Annotated[str, Arg.ORDER]
    picture: Annotated[Any, Arg.NONE] = None

    def audited(self) -> dict[str, Any]:
        return {"order": self.order, "photo": getattr(self.picture, "name", "")}


@command("keep photo", KeepPhoto, Right.NOTE, in_chat=False)
def keep_photo(ask: KeepPhoto, uow: UnitOfWork) -> Done:
    picture = set_by_the_house(ask.picture)
    order = uow.orders.get(ask.order)
    photos.keep(uow, picture, None, uow.actor.name)
    note_photos(uow, order.id, (picture.name,))
    return Done(
        f"The photo is kept with order {order.number}.",
        {"order": order.number, "photo": picture.name},
    )


def set_by_the_house(given: Any) -> Picture:
    """A picture that a door of ours has opened and set anew. Raises Invalid."""
    if not isinstance(given, Picture) or len(given.content) > BYTES_MOST:
        raise Invalid(
            "A photo is sent as it is.", "POST its bytes to /api/v1/orders/{order}/photos."
        )
    require_size(given.width, given.height)
    return given


def keep_for_customer(uow: UnitOfWork, picture: Picture) -> str:
    """The name of a photo that a known customer has sent. Raises NotPossible above ten a day."""
    who = uow.actor.customer_id
    if who is None:
        raise Invalid("Nobody knows yet who sent it.", code="photo_stranger")
    wait_for_turn(uow.session, f"{uow.shop.id}/photos/{who}")
    require_few(photos.sent_since(uow.session, who, uow.now - DAY))
    photos.keep(uow, set_by_the_house(picture), who, "customer")
    return picture.name


@dataclass(frozen=True, slots=True)
class ForgetPhotos:
    """Throw photos away whose claims and returns have ended long ago."""


@command("forget-photos", ForgetPhotos, Right.MACHINERY, in_chat=False)
def forget_photos(_: ForgetPhotos, uow: UnitOfWork) -> Done:
    days = timedelta(days=int(uow.shop.policy["photo_days"]))
    gone = photos.forget(uow, uow.now - days, CHUNK)
    return Done(f"{gone} photos are forgotten.", {"more": gone == CHUNK})
