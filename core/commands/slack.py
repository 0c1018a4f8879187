"""What only Slack asks of the engine: link a person, show a card to everybody."""

from __future__ import annotations

from core.db import setup
from core.db.cases import visible_case
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.refusals import Invalid, NotFound
from core.domain.values import dataclass
from core.registry import Done, command


@dataclass(frozen=True, slots=True)
class LinkSlackUser:
    """Remember which Slack user a colleague is, after Slack vouched for the e-mail address."""

    email: str
    slack_user: str

    def audited(self) -> dict[str, str]:
        return {"slack_user": self.slack_user}


@command("link slack user", LinkSlackUser, Right.MACHINERY, in_chat=False)
def link(ask: LinkSlackUser, uow: UnitOfWork) -> Done:
    if setup.staff_by_slack(uow.session, uow.actor.shop_id, ask.slack_user) is None and (
        not setup.link_slack(uow.session, uow.actor.shop_id, ask.email, ask.slack_user)
    ):
        raise NotFound("Nobody on the staff with this address waits for a Slack user.")
    return Done("The Slack user is linked.")


@dataclass(frozen=True, slots=True)
class ShareCard:
    """Show the card of an order or case to everybody in a channel, and keep it up to date."""

    subject: str
    channel: str
    connection_id: int


@command("share", ShareCard, Right.VIEW, in_chat=False)
def share(ask: ShareCard, uow: UnitOfWork) -> Done:
    kind, _, number = ask.subject.partition(":")
    if kind not in ("order", "case") or not number.isdigit():
        raise Invalid("Only orders and cases can be shared.")
    if kind == "order":
        uow.orders.by_id(int(number))
    else:
        visible_case(uow, uow.cases.by_id(int(number)).number)
    uow.outbox.add(
        "slack.card",
        f"slack.share:{uow.command_id}",
        {"subject": ask.subject, "channel": ask.channel},
        lane=f"slack:{ask.subject}",
        connection_id=ask.connection_id,
        fresh=True,
    )
    return Done("Shared with the channel.")
