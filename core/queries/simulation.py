"""What a version of the rules would have meant for the orders of the last weeks."""

from __future__ import annotations

from typing import Annotated

from core.commands.simulating import simulate
from core.db.reading import Reader
from core.db.routing import RULES
from core.domain.access import Right
from core.domain.refusals import Invalid
from core.domain.routing.document import RuleSet
from core.domain.routing.simulate import Tally
from core.domain.values import dataclass
from core.queries.versions import newest_of
from core.registry import Arg, question

DAYS, DAYS_MOST = 90, 400
ORDERS, ORDERS_MOST = 300, 2_000


@dataclass(frozen=True, slots=True)
class SimulationView:
    """Sums of both sides over the same orders; `after` is the mark of the older ones ("": none).

    `against` is the version in force; 0 is the policy `objective`.
    """

    number: int
    against: int
    days: int
    currency: str
    now: Tally
    then: Tally
    changed: int
    after: str = ""


@dataclass(frozen=True, slots=True)
class SimulateRules:
    """Try a version of the routing rules on past orders, beside the present ones; nothing changes.

    Every order takes its part of what lay there when it came. Without a number: the newest version.
    """

    number: Annotated[int, Arg.QUANTITY] = 0
    days: Annotated[int, Arg.QUANTITY] = DAYS
    after: Annotated[str, Arg.NONE] = ""
    most: Annotated[int, Arg.NONE] = ORDERS


@question("simulate", SimulateRules, Right.VIEW, examples=("simulate 4", "simulate 4 30"))
def simulate_rules(ask: SimulateRules, reader: Reader) -> SimulationView:
    if not 1 <= ask.days <= DAYS_MOST or not 1 <= ask.most <= ORDERS_MOST:
        raise Invalid("That is too much at once.", f"Ask for 1 to {DAYS_MOST} days.")
    newest = newest_of(RULES, reader)
    number = ask.number or newest.number
    written = RULES.one(reader.session, reader.shop.id, number)
    draft = RuleSet(number, written.document)
    found = simulate(reader, draft, ask.days, ask.after, ask.most)
    return SimulationView(
        number=number,
        against=RULES.in_force(reader.shop),
        days=ask.days,
        currency=reader.shop.currency,
        now=found.now,
        then=found.then,
        changed=found.changed,
        after=found.after,
    )
