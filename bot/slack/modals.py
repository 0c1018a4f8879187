"""Forms in Slack: opened within a trigger's three seconds, sent, and kept open after a no."""

from __future__ import annotations

import asyncio
from dataclasses import field, replace

from bot import desk
from bot.grammar import spec_of_verb
from bot.presentation.forms import gathered
from bot.presentation.model import Answer, Card, Form
from bot.slack import forms
from bot.slack.acts import WORKING, Acts, context_of
from bot.slack.incoming import Incoming
from bot.slack.render import Json
from bot.slack.replies import Place, card_view
from bot.slack.tokens import FormState, Press
from core.domain.refusals import Invalid
from core.domain.values import dataclass
from core.engine import Caller
from core.queries.order_view import OrderView
from core.queries.orders import ShowOrder
from core.registry import Spec

STAYS = ("change_order",)  # forms whose answer is looked at, and pressed, where they were
FORM_SECONDS = 0.4  # what takes longer shows “one moment” first


@dataclass(frozen=True, slots=True)
class Sent:
    """What a sent form came to: the acknowledgement, and the problem when there was one."""

    body: Json = field(default_factory=dict)
    problem: str = ""


class Modals:
    def __init__(self, acts: Acts) -> None:
        self._acts = acts

    # --- opening ----------------------------------------------------------------------------------

    async def open(self, incoming: Incoming, place: Place, press: Press) -> None:
        """The form of a button; “one moment” first when its data takes time."""
        acts = self._acts
        making = acts.background.spawn(acts.guarded(incoming, self._form(incoming, press)))
        patience = min(FORM_SECONDS, acts.answer_seconds)
        finished, _ = await asyncio.wait({making}, timeout=patience)
        if finished:
            await acts.answer(place, making.result())
            return
        view_id = await acts.open(place, forms.said("wismo", "One moment …"))
        if view_id:
            acts.background.spawn(self._fill(replace(place, view=view_id, is_home=False), making))

    async def _form(self, incoming: Incoming, press: Press) -> list[Answer]:
        person = await self._acts.person(incoming)
        caller, context = Caller(person.actor, "slack"), context_of(person)
        house = self._acts.house
        form = await desk.open_form(house, press.verb, press.arguments, caller, context)
        if isinstance(form, Form) and press.version is not None:
            form = replace(form, version=press.version)
        return [form]

    async def _fill(self, place: Place, making: asyncio.Task[list[Answer]]) -> None:
        (answer,) = await making
        if isinstance(answer, Form):
            await self._acts.replies.update(place.view, self._acts.modal(place, answer))
        else:
            await self._acts.answer(place, [answer])

    # --- filling in -------------------------------------------------------------------------------

    async def look(self, incoming: Incoming) -> None:
        """A field of a form that is looked at while somebody fills it in."""
        view = incoming.payload.get("view") or {}
        if view.get("type") != "modal" or view.get("callback_id") != forms.FORM:
            return
        try:
            now = self._acts.house.clock()
            state = self._acts.account.tokens.read_form(str(view.get("private_metadata")), now)
            filled = forms.filled(_spec(state.verb), view, state.fixed)
        except Invalid:
            return
        self._acts.background.spawn(self._show_preview(incoming, state.verb, filled.arguments))

    async def _show_preview(self, incoming: Incoming, verb: str, arguments: Json) -> None:
        person = await self._acts.person(incoming)
        caller, house = Caller(person.actor, "slack"), self._acts.house
        words = await desk.looked_at(house, verb, arguments, caller, context_of(person))
        view = incoming.payload["view"]
        await self._acts.replies.update(view["id"], forms.with_preview(view, words))

    # --- sending ----------------------------------------------------------------------------------

    async def submit(self, incoming: Incoming) -> Json:
        view = incoming.payload["view"]
        try:
            now = self._acts.house.clock()
            state = self._acts.account.tokens.read_form(str(view.get("private_metadata")), now)
            spec = _spec(state.verb)
            filled = forms.filled(spec, view, state.fixed)
            errors = filled.errors or forms.mistakes(spec, view, gathered(filled.arguments))
        except Invalid as refusal:
            return _again(view, str(refusal))
        if errors:
            return {"response_action": "errors", "errors": errors}
        return await self._in_time(incoming, state, filled.arguments)

    async def _in_time(self, incoming: Incoming, state: FormState, arguments: Json) -> Json:
        view = incoming.payload["view"]
        sending = self._guarded(incoming, state, arguments)
        sent = await self._acts.in_time(sending, lambda late: self._late(view, late))
        if sent is None:
            return {"response_action": "update", "view": forms.said("wismo", WORKING)}
        return sent.body

    async def _late(self, view: Json, sent: Sent) -> None:
        sentence = sent.problem or "Done."
        await self._acts.replies.update(view["id"], forms.said("wismo", sentence))

    async def _guarded(self, incoming: Incoming, state: FormState, arguments: Json) -> Sent:
        sent = await self._acts.attempt(incoming, self._send(incoming, state, arguments))
        if isinstance(sent, Sent):
            return sent
        sentence = " ".join([sent.title, *(line for part in sent.sections for line in part.lines)])
        return Sent(_again(incoming.payload["view"], sentence), sentence)

    async def _send(self, incoming: Incoming, state: FormState, arguments: Json) -> Sent:
        person = await self._acts.person(incoming)
        acting = self._acts.acting(incoming)
        caller = Caller(person.actor, "slack", version=state.version)
        context = context_of(person)
        answers = await desk.press(acting, state.verb, arguments, caller, context)
        refused = acting.refused
        if refused is None and state.verb in STAYS:
            shown = self._acts.replies.rendered(answers)
            return Sent({"response_action": "update", "view": card_view(shown)})
        if refused is None:
            place = Place(person.user, state.channel, state.thread, state.message)
            self._acts.background.spawn(self._tell_done(place, answers))
            return Sent()
        body = _again(incoming.payload["view"], str(refused))
        if refused.code == "stale":
            body["view"]["private_metadata"] = await self._renewed(state, caller)
        return Sent(body, str(refused))

    async def _renewed(self, state: FormState, caller: Caller) -> str:
        """The form may be sent again: the person was told that the order has changed."""
        number = str(state.fixed.get("order", ""))
        view: OrderView = await self._acts.house.query(ShowOrder(number), caller)
        fresh = replace(state, version=view.version)
        return self._acts.account.tokens.form(fresh, self._acts.house.clock())

    async def _tell_done(self, place: Place, answers: list[Answer]) -> None:
        shown = [each for each in answers if isinstance(each, Card)]
        await self._acts.replies.whisper(place, self._acts.replies.rendered(shown or answers))
        if place.message:
            await self._acts.renew(place)


def _spec(verb: str) -> Spec:
    spec = spec_of_verb(verb)
    if spec is None:
        raise Invalid("This form is not in use any more.", "Close it and write the words instead.")
    return spec


def _again(view: Json, sentence: str) -> Json:
    return {"response_action": "update", "view": forms.with_problem(view, sentence)}
