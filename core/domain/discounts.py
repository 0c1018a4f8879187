"""How much people may take off an order by hand: a share of its goods, by role."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from core.domain.access import STAFF_ROLES, Role
from core.domain.order import Order
from core.domain.refusals import Invalid, NotAllowed

_HOW = "Write percents by role, like `support 10; lead 25`."


@lru_cache(maxsize=64)
def discount_limits(text: str) -> Mapping[Role, int]:
    """Percents as a shop writes them: `support 10; lead 25`. Raises Invalid."""
    known = {role.value: role for role in STAFF_ROLES}
    found: dict[Role, int] = {}
    for part in filter(str.strip, text.split(";")):
        role, _, percent = part.strip().removesuffix("%").strip().partition(" ")
        number = percent.strip()
        if role.casefold() not in known:
            raise Invalid(f"There is no role {role}.", f"Roles: {', '.join(known)}.")
        if not (number.isascii() and number.isdecimal() and int(number) <= 100):
            raise Invalid(f"“{part.strip()}” is no limit of discounts.", _HOW)
        found[known[role.casefold()]] = int(number)
    return found


def worth_of(order: Order) -> int:
    """The goods that are still wanted at their full price, in minor units."""
    return sum(line.unit_price * line.wanted for line in order.bought)


def require_within(limits: Mapping[Role, int], role: Role, given: int, worth: int) -> None:
    """`given` is all that people took off goods of this worth, also before. Raises NotAllowed
    naming who may; roles without a limit have none, and so has the house."""
    most = limits.get(role)
    if most is None or given * 100 <= most * worth:
        return
    able = [r.value for r in (Role.LEAD, Role.OWNER) if limits.get(r, 100) > most]
    raise NotAllowed(
        f"That takes more than {most} % off the goods, which is the most that {role.value} may.",
        f"Take off less, or ask a colleague who is {' or '.join(able)}." if able else "Take less.",
    )
