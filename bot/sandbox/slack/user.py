"""A person in the workspace, for tests and the demo: what they do, and what they then see."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.slack import payloads
from bot.sandbox.slack.acks import AckReader, offered_options
from bot.sandbox.slack.blocks import find_element, interactive_elements
from bot.sandbox.slack.delivery import Answer, Deliver, Kind, Policy, Postman
from bot.sandbox.slack.model import Channel, Json, Message, User, View
from bot.sandbox.slack.values import SLOTS, CannotDo, entered, filled_in, missing, untouched
from bot.sandbox.slack.view_methods import view_json
from bot.sandbox.slack.workspace import Workspace


class AppMistake(AssertionError):
    """The app answered in a way that Slack would not accept, or too late."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one act led to, in the eyes of the person who did it.

    `said` is a message that came in the answer itself; `view` the modal now before them.
    """

    answer: Answer
    said: Message | None = None
    view: View | None = None
    errors: dict[str, str] = field(default_factory=dict)
    options: tuple[Json, ...] = ()
    mistakes: tuple[str, ...] = ()

    @property
    def trouble(self) -> str | None:
        return self.answer.trouble


class SlackUser:
    """Acts as `user` on the screen before them; messages and views are copies they hold.

    With `strict` an app's mistake raises `AppMistake`; without, it is only noted in `Seen` and
    in the workspace.
    """

    def __init__(
        self,
        workspace: Workspace,
        deliver: Deliver,
        user: User | str,
        *,
        policy: Policy = Policy.ONCE,
        strict: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.workspace = workspace
        self.id = user if isinstance(user, str) else user.id
        self.strict = strict
        self.postman = Postman(workspace, deliver, policy, monotonic)
        self._reader = AckReader(workspace, self.id)
        self._offered: dict[str, list[Json]] = {}

    @property
    def user(self) -> User:
        return self.workspace.users[self.id]

    @property
    def view(self) -> View | None:
        """The modal before them."""
        return self.workspace.views.top(self.id)

    def ephemerals(self) -> list[Message]:
        return self.workspace.ephemerals_of(self.id)

    # Typing

    async def slash(self, command: str, text: str, channel: Channel | str) -> Seen:
        where = self._channel(channel)
        payload = payloads.slash(self.workspace, self.user, where, command, text)
        answer = await self._send("slash_commands", payload)
        return self._seen(answer, said=self._reader.command(answer, where.id))

    async def say(self, text: str, channel: Channel | str, thread_ts: str | None = None) -> Seen:
        """A message of theirs; the app hears of it where it is a member."""
        message = self.workspace.post(self._channel(channel).id, self.id, text, thread_ts=thread_ts)
        return await self._tell(message, "message")

    async def mention(
        self, text: str, channel: Channel | str, thread_ts: str | None = None
    ) -> Seen:
        """A message that names the app: it hears of it as a mention and as a message."""
        words = f"<@{self.workspace.bot_user}> {text}"
        message = self.workspace.post(
            self._channel(channel).id, self.id, words, thread_ts=thread_ts
        )
        seen = await self._tell(message, "app_mention")
        await self._tell(message, "message")
        return seen

    async def reply_in_thread(self, channel: Channel | str, thread_ts: str, text: str) -> Seen:
        return await self.say(text, channel, thread_ts)

    async def share_file(
        self,
        content: bytes,
        channel: Channel | str,
        thread_ts: str | None = None,
        *,
        name: str = "photo.jpg",
        mimetype: str = "image/jpeg",
        text: str = "",
    ) -> Seen:
        """A message with a file; the app gets its address, and its bytes for its own token."""
        file = payloads.file_of(self.workspace, self.id, content, name, mimetype)
        where = self._channel(channel).id
        extras = {"files": [file], "subtype": "file_share"}
        message = self.workspace.post(where, self.id, text, thread_ts=thread_ts, extras=extras)
        return await self._tell(message, "message")

    async def share_link(self, url: str, channel: Channel | str) -> Seen:
        """A message with a link: a message event, and a link event for the app's own domains."""
        message = self.workspace.post(self._channel(channel).id, self.id, url)
        seen = await self._tell(message, "message")
        domain = urlsplit(url).hostname
        if domain not in self.workspace.unfurl_domains:
            return seen
        return await self.event(
            {
                "type": "link_shared",
                "channel": message.channel,
                "user": self.id,
                "message_ts": message.ts,
                "links": [{"domain": domain, "url": url}],
                "is_bot_user_member": self._app_is_in(message.channel),
                "unfurl_id": self.workspace.new_id("unfurl."),
                "source": "conversations_history",
                "event_ts": message.ts,
            }
        )

    async def _tell(self, message: Message, kind: str) -> Seen:
        if not self._app_is_in(message.channel):
            return self._seen(Answer())
        return await self.event(payloads.message_event(self.workspace, message, kind))

    async def event(self, inner: Json) -> Seen:
        """Any event the app has subscribed to; the app's answer only needs to be a 2xx."""
        if inner["type"] not in self.workspace.events:
            return self._seen(Answer())
        return self._seen(await self._send("events_api", payloads.event(self.workspace, inner)))

    # Pressing

    async def click(
        self, where: Message | View, button: str, *, block_id: str | None = None
    ) -> Seen:
        """Press a button, named by its action_id or the words on it."""
        block, element = find_element(where.blocks, button, block_id)
        if element["type"] != "button":
            raise CannotDo(f"{button!r} is not a button")
        return await self._act(where, block, element, {})

    async def choose(
        self, where: Message | View, field: str, choice: Any, *, block_id: str | None = None
    ) -> Seen:
        """Choose in a menu, list, calendar: an option's value or text, an id, a date."""
        block, element = find_element(where.blocks, field, block_id)
        value = entered(element, choice, self._offered.get(element["action_id"], ()))
        if isinstance(where, View) and block["type"] == "input":
            values = where.values | {block["block_id"]: {element["action_id"]: value}}
            where = self.workspace.views.remember(where, values)
            if not block.get("dispatch_action"):
                return self._seen(Answer())
        return await self._act(where, block, element, value)

    async def type_in(
        self, where: Message | View, field: str, text: str, *, block_id: str | None = None
    ) -> Seen:
        """Type into a menu that the app fills; what it offers can be chosen afterwards."""
        block, element = find_element(where.blocks, field, block_id)
        if "external_select" not in element["type"]:
            raise CannotDo(f"{field!r} does not ask the app for options")
        if len(text) < element.get("min_query_length", 3):
            return self._seen(Answer())
        payload = payloads.options_request(self.workspace, self.user, where, block, element, text)
        answer = await self._send("interactive", payload)
        options, mistakes = offered_options(answer)
        self._offered[element["action_id"]] = options
        return self._seen(answer, options=tuple(options), mistakes=mistakes)

    async def shortcut(self, callback_id: str) -> Seen:
        payload = payloads.global_shortcut(self.workspace, self.user, callback_id)
        return self._seen(await self._send("interactive", payload))

    async def message_shortcut(self, message: Message, callback_id: str) -> Seen:
        payload = payloads.message_shortcut(self.workspace, self.user, message, callback_id)
        return self._seen(await self._send("interactive", payload))

    async def open_home(self) -> Seen:
        home = self.workspace.views.home_of(self.id)
        event: Json = {
            "type": "app_home_opened",
            "user": self.id,
            "channel": self.workspace.direct_channel(self.id).id,
            "tab": "home",
            "event_ts": self.workspace.new_ts(),
        }
        if home is not None:
            event["view"] = view_json(self.workspace, home)
        return await self.event(event)

    async def _act(self, where: Message | View, block: Json, element: Json, value: Json) -> Seen:
        done = payloads.action(self.workspace, block, element, value)
        if isinstance(where, View):
            payload = payloads.view_action(self.workspace, self.user, where, [done])
        else:
            state = _message_state(where, block, element, value)
            payload = payloads.message_action(self.workspace, self.user, where, [done], state)
        return self._seen(await self._send("interactive", payload))

    # Forms

    async def submit(self, view: View, values: dict[str, Any] | None = None) -> Seen:
        """Fill in and send a modal; `values` by action_id, block_id or label."""
        if view.id not in [each.id for each in self.workspace.views.stack_of(self.id)]:
            raise CannotDo("this view is no longer open")
        state = filled_in(view.blocks, view.values, values or {}, self._offered)
        empty = missing(view.blocks, state)
        if empty:
            raise CannotDo(f"please fill in: {', '.join(empty)}")
        view = self.workspace.views.remember(view, state)
        payload = payloads.view_submission(self.workspace, self.user, view, state)
        answer = await self._send("interactive", payload)
        errors, mistakes = self._reader.submission(answer, view)
        return self._seen(answer, errors=errors, mistakes=mistakes)

    async def close(self, view: View, *, whole_stack: bool = False) -> Seen:
        """Close a modal; the app hears of it where it asked to."""
        answer = Answer()
        for closed in self.workspace.views.close(view, whole_stack):
            if closed.payload.get("notify_on_close"):
                payload = payloads.view_closed(self.workspace, self.user, closed, whole_stack)
                answer = await self._send("interactive", payload)
        return self._seen(answer)

    async def release(self) -> list[Seen]:
        """Let what the REORDERED policy has held back arrive, the latest first."""
        return [self._seen(answer) for answer in await self.postman.release()]

    # Helpers

    async def _send(self, kind: Kind, payload: Json) -> Answer:
        return await self.postman.send(kind, payload)

    def _channel(self, channel: Channel | str) -> Channel:
        found = self.workspace.channels[channel if isinstance(channel, str) else channel.id]
        if self.id not in found.members or found.is_archived:
            raise CannotDo(f"{self.user.name} cannot write in #{found.name}")
        return found

    def _app_is_in(self, channel: str) -> bool:
        return self.workspace.bot_user in self.workspace.channels[channel].members

    def _seen(self, answer: Answer, *, mistakes: tuple[str, ...] = (), **more: Any) -> Seen:
        mistakes += self._reader.take_mistakes()
        if answer.trouble not in (None, "held"):
            mistakes += (f"the person sees {answer.trouble}",)
        self.workspace.mistakes += mistakes
        if mistakes and self.strict:
            raise AppMistake("; ".join(mistakes))
        return Seen(answer, view=self.view, mistakes=mistakes, **more)


def _message_state(message: Message, block: Json, element: Json, value: Json) -> Json:
    """The choices that stand in a message, among them the one just made."""
    state: Json = {}
    for each in message.blocks:
        for part in interactive_elements(each):
            if part["type"] in SLOTS and part["type"] != "overflow":
                state.setdefault(each["block_id"], {})[part["action_id"]] = untouched(part)
    if element["action_id"] in state.get(block["block_id"], {}):
        state[block["block_id"]][element["action_id"]] = value
    return state
