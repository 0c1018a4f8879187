"""Slack's no and Slack's silence, as outcomes: try later, never again, or look before repeating."""

from __future__ import annotations

import aiohttp
from slack_sdk.errors import SlackApiError

from core.domain.effects import Outcome, dead, later, unknown

# The token or the app: a person has to connect Slack again.
_SENTENCES = {
    "invalid_auth": "Slack does not know our token: connect the workspace again.",
    "not_authed": "Slack got no token: connect the workspace again.",
    "token_revoked": "Slack revoked our token: connect the workspace again.",
    "account_inactive": "The app was removed from Slack: install it again.",
    "missing_scope": "The app may not do this: install it again with `wismo slack manifest`.",
    "channel_not_found": "There is no such channel, or it is private: write /invite @wismo there.",
    "not_in_channel": "wismo is not in the channel: write /invite @wismo there.",
    "is_archived": "The channel is archived: choose another one.",
    "restricted_action": "The workspace lets nobody post there: choose another channel.",
    "msg_blocks_too_long": "The card is too long for Slack.",
    "invalid_blocks": "Slack refuses the card's layout.",
}
# Of the message itself: it cannot be changed any more, so a new one has to be posted.
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
_BROKEN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
_LOOKS_HARMLESS = (aiohttp.ClientConnectorError, ConnectionRefusedError)
SILENT = (aiohttp.ClientError, TimeoutError, ConnectionError)


def error_of(problem: SlackApiError) -> str:
    return str(problem.response.get("error", "") or "unknown_error")


def outcome_of(problem: Exception, *, repeatable: bool = False) -> Outcome:
    """How a failed call ended. `repeatable` calls do no harm when they are made twice."""
    if isinstance(problem, SlackApiError):
        return _refused(problem, repeatable)
    words = f"Slack did not answer ({type(problem).__name__})."
    if repeatable or isinstance(problem, _LOOKS_HARMLESS):
        return later(words)
    return unknown(words)


def _refused(problem: SlackApiError, repeatable: bool) -> Outcome:
    response, error = problem.response, error_of(problem)
    if response.status_code == 429 or error == "ratelimited":
        wait = response.headers.get("Retry-After", response.headers.get("retry-after", "1"))
        return later("Slack asks for a pause.", float(wait))
    if error in _SENTENCES:
        return dead(f"{_SENTENCES[error]} ({error})")
    if response.status_code >= 500 or error in _BROKEN:
        words = f"Slack had trouble of its own ({error})."
        return later(words) if repeatable else unknown(words)
    return dead(f"Slack refused it ({error}).")
