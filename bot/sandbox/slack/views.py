"""The modals and Home tabs of a workspace: a stack of at most three per person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.sandbox.slack.blocks import completed
from bot.sandbox.slack.model import Json, SlackRefusal, View

STACK_MAX = 3


class Views:
    def __init__(self, new_id: Callable[[str], str]) -> None:
        self._new_id = new_id
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}

    def stack_of(self, user: str) -> list[View]:
        """The modals open before this person, the visible one last."""
        return list(self._stacks.get(user, []))

    def top(self, user: str) -> View | None:
        stack = self._stacks.get(user)
        return stack[-1] if stack else None

    def home_of(self, user: str) -> View | None:
        return self._homes.get(user)

    def open(self, user: str, payload: Json) -> View:
        self._check_external_id(payload)
        view = self._built(user, payload)
        self._stacks[user] = [view]
        return view

    def push(self, user: str, payload: Json) -> View:
        stack = self._stacks.get(user, [])
        if not stack:
            raise SlackRefusal("not_found")
        if len(stack) >= STACK_MAX:
            raise SlackRefusal("push_limit_reached")
        self._check_external_id(payload)
        view = self._built(user, payload, below=stack[-1])
        stack.append(view)
        return view

    def publish(self, user: str, payload: Json, expected_hash: str | None) -> View:
        current = self._homes.get(user)
        _check_hash(current, expected_hash)
        if current is None:
            self._homes[user] = self._built(user, payload)
        else:
            self._homes[user] = self._changed(current, payload)
        return self._homes[user]

    def update(self, view: View, payload: Json, expected_hash: str | None = None) -> View:
        _check_hash(view, expected_hash)
        new = self._changed(view, payload)
        self._put(new)
        return new

    def find(self, view_id: str | None, external_id: str | None = None) -> View:
        """An open view by either of its names; a closed one is not found."""
        for view in [v for stack in self._stacks.values() for v in stack] + [*self._homes.values()]:
            named = external_id and view.payload.get("external_id") == external_id
            if view.id == view_id or named:
                return view
        raise SlackRefusal("not_found")

    def remember(self, view: View, values: Json) -> View:
        """What the person has filled in so far."""
        new = replace(view, values=values)
        self._put(new)
        return new

    def close(self, view: View, whole_stack: bool = False) -> list[View]:
        """Close a view with all above it, or everything; the closed ones, topmost first."""
        stack = self._stacks.get(view.user, [])
        ids = [each.id for each in stack]
        keep = 0 if whole_stack or view.id not in ids else ids.index(view.id)
        self._stacks[view.user] = stack[:keep]
        return stack[keep:][::-1]

    def _built(self, user: str, payload: Json, below: View | None = None) -> View:
        view_id = self._new_id("V")
        root = below.root_view_id if below else view_id
        content = self._completed(payload)
        return View(
            view_id, user, content, self._new_id("hash."), root, below.id if below else None
        )

    def _changed(self, view: View, payload: Json) -> View:
        content = self._completed(payload)
        kept_ids = {block["block_id"] for block in content.get("blocks", ())}
        values = {name: value for name, value in view.values.items() if name in kept_ids}
        return replace(view, payload=content, hash=self._new_id("hash."), values=values)

    def _completed(self, payload: Json) -> Json:
        return payload | {"blocks": list(completed(payload["blocks"], self._new_id))}

    def _put(self, view: View) -> None:
        if view.payload["type"] == "home":
            self._homes[view.user] = view
            return
        stack = self._stacks[view.user]
        self._stacks[view.user] = [view if each.id == view.id else each for each in stack]

    def _check_external_id(self, payload: Json) -> None:
        name = payload.get("external_id")
        taken = (v.payload.get("external_id") for s in self._stacks.values() for v in s)
        if name and name in taken:
            raise SlackRefusal("duplicate_external_id")


def _check_hash(view: View | None, expected: str | None) -> None:
    if expected and (view is None or view.hash != expected):
        raise SlackRefusal("hash_conflict")
