"""People in Telegram: they start the bot, write, press, share their number, block it."""

from __future__ import annotations

import re
from typing import Any

from bot.sandbox.shop.wire import ControlError
from bot.sandbox.telegram.server import Chat, Telegram, Words


class TelegramUser:
    """One person and their private chat with the bot; every act gives the update it caused."""

    def __init__(
        self,
        telegram: Telegram,
        id: int,
        first_name: str = "Anna",
        last_name: str = "",
        username: str = "",
        language_code: str = "",
        phone: str = "+493023125000",
    ) -> None:
        words = {
            "id": id,
            "is_bot": False,
            "first_name": first_name,
            "last_name": last_name,
            "username": username,
            "language_code": language_code,
        }
        self.id, self.phone, self._telegram = id, phone, telegram
        self._me = {name: value for name, value in words.items() if value != ""}

    @property
    def messages(self) -> list[Words]:
        """All of the chat, oldest first."""
        chat = self._telegram.chats.get(self.id)
        return chat.messages if chat else []

    @property
    def heard(self) -> list[str]:
        """The texts that the bot sent, oldest first."""
        return [one["text"] for one in self.messages if one["from"]["is_bot"]]

    def start(self, payload: str = "") -> Words:
        """Open the bot, by a deep link with a payload if given."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,64}", payload):
            raise ControlError("A start payload has at most 64 characters of A-Z a-z 0-9 _ -.")
        return self.say(f"/start {payload}".strip())

    def say(self, text: str) -> Words:
        content: Words = {"text": text}
        if text.startswith("/"):
            length = len(text.split(maxsplit=1)[0])
            content["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        return self._tell(**content)

    def send_photo(self, raw: bytes, caption: str = "") -> Words:
        words = {"caption": caption} if caption else {}
        return self._tell(photo=self._telegram.files.photo(raw), **words)

    def send_file(self, raw: bytes, name: str, mime_type: str) -> Words:
        told = {"file_name": name, "mime_type": mime_type}
        return self._tell(document=self._telegram.files.add(raw) | told)

    def share_contact(self, of: TelegramUser | None = None) -> Words:
        """Press the contact button, or forward the contact of somebody else."""
        who = of or self
        contact = {
            "phone_number": who.phone,
            "first_name": who._me["first_name"],
            "user_id": who.id,
        }
        return self._tell(contact=contact)

    def press(self, button: str, message_id: int | None = None) -> Words:
        """Press an inline button by its text (or its data), on the latest message that has it."""
        for message in reversed(self.messages):
            if message_id in (None, message["message_id"]):
                data = _data_of(message, button)
                if data is not None:
                    return self._press(message, data)
        raise ControlError(f"No message shows a button {button!r}.")

    def _press(self, message: Words, data: str) -> Words:
        number = str(8_000_000_000 + len(self._telegram.answers))
        self._telegram.answers[number] = None
        query = {
            "id": number,
            "from": self._me,
            "message": message,
            "chat_instance": str(self.id),
            "data": data,
        }
        return self._telegram.arrive("callback_query", query)

    def block(self) -> Words:
        return self._member("kicked", blocked=True)

    def unblock(self) -> Words:
        return self._member("member", blocked=False)

    def _member(self, status: str, blocked: bool) -> Words:
        chat = self._chat()
        before = "kicked" if chat.blocked else "member"
        chat.blocked = blocked
        bot = self._telegram.me
        change = {
            "chat": {"id": self.id, "type": "private", "first_name": self._me["first_name"]},
            "from": self._me,
            "date": int(self._telegram.clock().timestamp()),
            "old_chat_member": _standing(before, bot),
            "new_chat_member": _standing(status, bot),
        }
        return self._telegram.arrive("my_chat_member", change)

    def _tell(self, **content: Any) -> Words:
        chat = self._chat()
        chat.blocked = False
        message = self._telegram.new_message(chat, self._me, **content)
        return self._telegram.arrive("message", message)

    def _chat(self) -> Chat:
        return self._telegram.chats.setdefault(self.id, Chat(dict(self._me)))


def _standing(status: str, bot: Words) -> Words:
    until = {"until_date": 0} if status == "kicked" else {}
    return {"status": status, "user": bot, **until}


def _data_of(message: Words, button: str) -> str | None:
    for row in message.get("reply_markup", {}).get("inline_keyboard", ()):
        for one in row:
            if button in (one["text"], one.get("callback_data")) and "callback_data" in one:
                return str(one["callback_data"])
    return None
