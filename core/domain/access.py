"""Who may do what: actors, roles, rights and the printed matrix."""

from __future__ import annotations

from enum import StrEnum

from core.domain.refusals import NotAllowed
from core.domain.values import dataclass


class Role(StrEnum):
    SUPPORT = "support"
    WAREHOUSE = "warehouse"
    STORE = "store"
    LEAD = "lead"
    OWNER = "owner"
    CUSTOMER = "customer"
    MACHINE = "machine"
    SYSTEM = "system"


STAFF_ROLES = (Role.SUPPORT, Role.WAREHOUSE, Role.STORE, Role.LEAD, Role.OWNER)


class Right(StrEnum):
    """What a command or question needs. The sentence beside it is printed in the matrix."""

    VIEW = "see orders"
    VIEW_STOCK = "see stock"
    NOTE = "write notes and tags"
    HOLD = "hold and release"
    EDIT = "change an order"
    CANCEL = "cancel an order"
    MOVE = "move, split or merge orders"
    FULFILL = "pick, pack and ship"
    STOCK = "correct stock"
    SHELF = "count and receive at one's own place"
    RETURN_REQUEST = "start a return"
    RETURN_DECIDE = "approve or reject a return"
    RETURN_RECEIVE = "receive returned goods"
    REFUND_ASK = "refund an order, within limits"
    REFUND = "work with money: refunds, payments, invoices, credit and margins"
    WITHOUT_CODE = "hand an order over without its code"
    CASE = "work on cases"
    TALK = "answer customers"
    PAUSE = "pause messages, carriers or locations"
    MANAGE = "change rules, policies, staff, keys and connections"
    CAPTURE = "bring orders in"
    OWN = "ask about one's own orders"
    MACHINERY = "run the machine room"


_DESK = {
    Right.VIEW,
    Right.VIEW_STOCK,
    Right.NOTE,
    Right.HOLD,
    Right.EDIT,
    Right.CANCEL,
    Right.RETURN_REQUEST,
    Right.REFUND_ASK,
    Right.CASE,
    Right.TALK,
}
_FLOOR = {Right.VIEW, Right.VIEW_STOCK, Right.NOTE, Right.HOLD, Right.FULFILL, Right.CASE}
_FLOOR |= {Right.SHELF}
_LEAD = (
    _DESK
    | _FLOOR
    | {Right.MOVE, Right.STOCK, Right.RETURN_DECIDE, Right.RETURN_RECEIVE, Right.REFUND}
    | {Right.WITHOUT_CODE}
    | {Right.PAUSE}
)

MATRIX: dict[Role, frozenset[Right]] = {
    Role.SUPPORT: frozenset(_DESK),
    Role.WAREHOUSE: frozenset(_FLOOR | {Right.MOVE, Right.STOCK, Right.RETURN_RECEIVE}),
    Role.STORE: frozenset(_FLOOR | {Right.RETURN_RECEIVE}),
    Role.LEAD: frozenset(_LEAD),
    Role.OWNER: frozenset(_LEAD | {Right.MANAGE, Right.CAPTURE}),
    Role.CUSTOMER: frozenset({Right.OWN}),
    Role.MACHINE: frozenset({Right.VIEW, Right.VIEW_STOCK, Right.CAPTURE, Right.FULFILL}),
    Role.SYSTEM: frozenset(Right),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks: a person of the staff, a customer, a connected machine or the house.

    `locations` limits a store's people to their own places (empty: no limit for other roles).
    `customer_id` limits a customer to their own orders.
    """

    role: Role
    shop_id: int
    id: str
    name: str
    locations: tuple[str, ...] = ()
    customer_id: int | None = None

    def may(self, right: Right) -> bool:
        return right in MATRIX[self.role]

    def works_at(self, code: str) -> bool:
        """Whether what happens at this location is the actor's business."""
        return self.role is not Role.STORE or code in self.locations

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF_ROLES


def system(shop_id: int, name: str = "wismo") -> Actor:
    return Actor(Role.SYSTEM, shop_id, f"system:{name}", name)


def demand(actor: Actor, right: Right) -> None:
    """Raise NotAllowed, naming who could do it instead, unless the actor has the right."""
    if actor.may(right):
        return
    able = [role.value for role in STAFF_ROLES if right in MATRIX[role]]
    raise NotAllowed(
        f"As {actor.role.value} you cannot {right.value}.",
        f"Ask {_either(able)}." if able else "",
    )


def _either(roles: list[str]) -> str:
    """“a lead or an owner”"""
    named = [f"{'an' if role == Role.OWNER else 'a'} {_PEOPLE.get(role, role)}" for role in roles]
    return " or ".join(filter(None, (", ".join(named[:-1]), named[-1])))


_PEOPLE = {
    "support": "colleague in support",
    "warehouse": "colleague in the warehouse",
    "store": "colleague in a store",
}


def matrix_rows() -> list[tuple[str, list[bool]]]:
    """The matrix as printed: one row per right, one column per staff role."""
    printed = [r for r in Right if r not in (Right.OWN, Right.MACHINERY)]
    return [(r.value, [r in MATRIX[role] for role in STAFF_ROLES]) for r in printed]
