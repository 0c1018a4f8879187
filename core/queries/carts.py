"""A cart as its shop's front sees it: what it wants, what is held for it, and until when."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated

from core.db.carts import held_by, look
from core.db.reading import Reader
from core.domain.access import Right
from core.domain.refusals import NotFound
from core.domain.values import dataclass
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class CartLineView:
    sku: str
    wanted: int
    held: int


@dataclass(frozen=True, slots=True)
class CartView:
    """`state` is held, ordered, released or expired; `order` is what it became."""

    cart: str
    state: str
    expires_at: datetime
    order: str
    lines: tuple[CartLineView, ...]


@dataclass(frozen=True, slots=True)
class ShowCart:
    """Show what is held for a cart, and until when."""

    cart: Annotated[str, Arg.WORD]


@question("cart", ShowCart, Right.CAPTURE, in_chat=False)
def show_cart(ask: ShowCart, reader: Reader) -> CartView:
    cart = look(reader.session, reader.shop.id, ask.cart.strip())
    if cart is None:
        raise NotFound("There is no such cart.", "Reserve it first.")
    held: Counter[str] = Counter()
    for one in held_by(reader.session, cart.id):
        held[one.sku] += one.quantity
    lines = tuple(CartLineView(sku, n, held[sku]) for sku, n in sorted(cart.lines.items()))
    return CartView(cart.name, cart.state, cart.expires_at, cart.order, lines)
