"""Connecting a workspace: the manifest that makes the app, and a check of what was set up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.bridge import House
from bot.settings import Settings
from bot.slack.account import Account
from bot.slack.ingress import SKEW_SECONDS_MAX
from bot.slack.problems import SILENT, outcome_of
from core.db.setup import load_shop
from core.domain.values import dataclass
from core.registry import COMMANDS, QUESTIONS

SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "chat:write.public",
    "commands",
    "files:read",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "users:read",
    "users:read.email",
)
EVENTS = (
    "app_home_opened",
    "app_mention",
    "message.channels",
    "message.groups",
    "message.im",
    "user_change",
)
COMMANDS_MAX, HINT_MAX, COMMAND_LENGTH_MAX = 50, 1000, 32
ABOUT = (
    "Type an order number, a name or a tracking number and see where the order is, who acts next "
    "and until when. Hold, release, move, pick, ship and return orders without leaving Slack; "
    "cases open by themselves and close by themselves. What you see only you see, until you "
    "share it."
)


def manifest(settings: Settings, *, socket: bool = False, connection: int = 0) -> dict[str, Any]:
    """The app as Slack creates it; every shop makes its own, so nothing is shared.

    Without a connection's number the address serves the only Slack connection there is.
    """
    base = settings.base_url.rstrip("/")
    url = f"{base}/hooks/slack/{connection}" if connection else f"{base}/hooks/slack"
    reached = {} if socket else {"request_url": url}
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": "wismo",
            "description": "Orders, stock, returns and cases of the shop",
            "long_description": ABOUT,
        },
        "features": {
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
            "bot_user": {"display_name": "wismo", "always_online": True},
            "slash_commands": [
                _slash(each, {} if socket else {"url": url})
                for each in settings.slack_commands[:COMMANDS_MAX]
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**reached, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **reached},
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket,
            "token_rotation_enabled": False,
        },
    }


def _slash(name: str, reached: dict[str, str]) -> dict[str, Any]:
    command = name if name.startswith("/") else f"/{name}"
    if not 2 <= len(command) <= COMMAND_LENGTH_MAX:
        raise ValueError(f"Slack takes no command {command}: 2 to {COMMAND_LENGTH_MAX} characters")
    return {
        "command": command,
        "description": "Find an order, or do something with it",
        "usage_hint": usage_hint(),
        "should_escape": False,
        **reached,
    }


def usage_hint() -> str:
    """Examples of the registry, as many as fit."""
    hint = "1001"
    for example in _examples():
        longer = f"{hint} | {example}"
        if len(longer) > HINT_MAX // 5:
            break
        hint = longer
    return hint


def _examples() -> Iterable[str]:
    wanted = ("search", "hold", "release", "picks", "stock", "cases", "today")
    by_verb = {spec.verb: spec for spec in (*QUESTIONS.values(), *COMMANDS.values())}
    for verb in wanted:
        if verb in by_verb and by_verb[verb].examples:
            yield by_verb[verb].examples[0]
    yield "help"


# --- checking what was set up -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `words` say what is so, or what to do about it."""

    name: str
    ok: bool
    words: str


async def check(house: House, account: Account) -> list[Check]:
    """Ask Slack itself: token, rights, channels, clocks, secrets."""
    found = [_secrets(account)]
    try:
        answer = await account.client.auth_test()
    except SlackApiError as refused:
        return [*found, Check("token", False, outcome_of(refused).reason)]
    except SILENT as silence:
        return [*found, Check("token", False, outcome_of(silence).reason)]
    found.append(Check("token", True, f"We are {answer['user']} in {answer['team']}."))
    found += [_scopes(answer), clock_check(_header(answer, "date"), house.clock())]
    return found + [await _channel(account, each) for each in await _channels(house, account)]


def _secrets(account: Account) -> Check:
    if account.is_socket:
        words = "There is an app token." if account.app_token else "Add the secret app_token."
        return Check("secrets", bool(account.app_token), words)
    there = bool(account.signing_secret)
    words = "There is a signing secret." if there else "Add the secret signing_secret."
    return Check("secrets", there, words)


def _scopes(answer: AsyncSlackResponse) -> Check:
    """Slack names the granted scopes in a header of every answer."""
    granted = _header(answer, "x-oauth-scopes")
    if not granted:
        return Check("scopes", True, "Slack did not say which scopes were granted.")
    given = {each.strip() for each in granted.split(",")}
    missing = sorted(set(SCOPES) - given)
    if missing:
        return Check("scopes", False, f"Missing: {', '.join(missing)}. Install the app again.")
    return Check("scopes", True, "All scopes are granted.")


def clock_check(told: str, now: datetime) -> Check:
    """`told` is the Date header of Slack's answer."""
    if not told:
        return Check("clock", True, "Slack did not tell its time.")
    skew = abs((parsedate_to_datetime(told) - now).total_seconds())
    words = f"Our clock and Slack's differ by {skew:.0f} seconds."
    if skew > SKEW_SECONDS_MAX:
        words += " Every request would be refused: set the clock."
    return Check("clock", skew <= SKEW_SECONDS_MAX, words)


def _header(answer: AsyncSlackResponse, name: str) -> str:
    headers = {str(key).lower(): value for key, value in answer.headers.items()}
    return str(headers.get(name, ""))


async def _channels(house: House, account: Account) -> list[str]:
    """Every channel that cards may go to, each once."""
    shop = await house.read(lambda session: load_shop(session, account.shop_id))
    named = [str(shop.policy.get("cases_channel") or "")]
    named += [str(account.connection.config.get("default_channel", ""))]
    named += [place.channel for place in shop.locations.values()]
    return list(dict.fromkeys(each for each in named if each))


async def _channel(account: Account, channel: str) -> Check:
    name = f"channel {channel}"
    try:
        answer = await account.client.conversations_info(channel=channel)
    except SlackApiError as refused:
        return Check(name, False, outcome_of(refused).reason)
    except SILENT as silence:
        return Check(name, False, outcome_of(silence).reason)
    info = answer["channel"]
    if info.get("is_archived"):
        return Check(name, False, f"#{info.get('name')} is archived: choose another one.")
    if not info.get("is_member"):
        return Check(name, False, f"Write /invite @wismo in #{info.get('name')}.")
    return Check(name, True, f"#{info.get('name')} can be written to.")
