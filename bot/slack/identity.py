"""Slack user → colleague: by the stored link, else once by the e-mail that Slack vouches for."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.bridge import House
from bot.slack.account import Account, log
from core.commands.slack import LinkSlackUser
from core.db import setup
from core.domain.access import Actor, system
from core.domain.refusals import NotAllowed, Unavailable
from core.domain.values import dataclass
from core.engine import Caller

PROFILE_LIFE = timedelta(minutes=10)
LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Profile:
    """What Slack says about a user."""

    email: str = ""
    zone: str = ""
    team: str = ""
    is_person: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """A colleague in Slack; `zone` is the time zone they live in, where known."""

    user: str
    actor: Actor
    zone: str = ""


class Directory:
    """The people of one account. Rights are read at every act, profiles are remembered briefly."""

    def __init__(self, house: House, account: Account) -> None:
        self._house = house
        self._account = account
        self._profiles: dict[str, tuple[Profile, datetime]] = {}

    async def person(self, user: str, team: str = "") -> Person:
        """The colleague behind a Slack user. Raises NotAllowed for everybody else."""
        await self._require_own_team(team)
        actor = await self._linked(user)
        profile = await self._profile(user, must=actor is None)
        if not profile.is_person:
            raise NotAllowed("Only people of the team can do this, not bots or closed accounts.")
        actor = actor or await self._by_email(user, profile)
        if actor is None:
            raise await self._stranger()
        return Person(user, actor, profile.zone)

    def forget(self, user: str) -> None:
        """Slack says that this user changed."""
        self._profiles.pop(user, None)

    async def _require_own_team(self, team: str) -> None:
        own = str(self._account.connection.config.get("team_id", ""))
        if own and team and team != own:
            raise await self._stranger()

    async def _linked(self, user: str) -> Actor | None:
        shop_id = self._account.shop_id
        return await self._house.read(lambda s: setup.staff_by_slack(s, shop_id, user))

    async def _by_email(self, user: str, profile: Profile) -> Actor | None:
        """Linked for good at the first visit; another workspace cannot vouch for an e-mail."""
        if not profile.email or profile.team != (await self._account.me()).team:
            return None
        shop_id, email = self._account.shop_id, profile.email
        if await self._house.read(lambda s: setup.staff_without_slack(s, shop_id, email)) is None:
            return None
        caller = Caller(system(shop_id, "slack"), "slack")
        await self._house.execute(LinkSlackUser(email, user), caller)
        return await self._linked(user)

    async def _profile(self, user: str, *, must: bool) -> Profile:
        known = self._profiles.get(user)
        if known is not None and self._house.clock() < known[1]:
            return known[0]
        try:
            found = await asyncio.wait_for(self._account.client.users_info(user=user), LOOK_SECONDS)
        except (TimeoutError, aiohttp.ClientError, SlackApiError) as problem:
            if must:
                raise Unavailable(
                    "Slack did not say who you are.", "Try again in a minute."
                ) from problem
            log.warning("no profile of %s: %s", user, problem)
            return Profile()
        profile = _read(found["user"])
        self._profiles[user] = (profile, self._house.clock() + PROFILE_LIFE)
        return profile

    async def _stranger(self) -> NotAllowed:
        shop_id = self._account.shop_id
        owners = await self._house.read(lambda s: setup.owner_names(s, shop_id))
        ask = " or ".join(owners[:3]) or "the owner of the shop"
        return NotAllowed(
            "I do not know you yet, so I cannot show or change orders for you.",
            f"Ask {ask} to add you to the staff.",
            code="stranger",
        )


def _read(user: dict[str, Any]) -> Profile:
    closed = bool(user.get("deleted")) or bool(user.get("is_bot"))
    return Profile(
        email=str(user.get("profile", {}).get("email", "")),
        zone=str(user.get("tz") or ""),
        team=str(user.get("team_id", "")),
        is_person=not closed,
    )
