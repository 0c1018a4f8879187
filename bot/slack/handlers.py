"""What happens when somebody in Slack types or presses: adapt, ask the desk, show the answer."""

from __future__ import annotations

from collections.abc import Awaitable

from bot import desk
from bot.presentation.model import Answer, Card, Form, Section
from bot.slack.account import log
from bot.slack.acts import WORKING, Acts, context_of
from bot.slack.conversing import Conversing
from bot.slack.forms import INPUT, said
from bot.slack.incoming import Incoming
from bot.slack.modals import Modals
from bot.slack.render import LINK, Json, notice
from bot.slack.replies import Place
from bot.slack.tokens import Press
from core.commands.slack import ShareCard
from core.domain.refusals import Invalid
from core.domain.values import dataclass
from core.engine import Caller
from core.queries.order_view import OrderView
from core.queries.orders import ShowOrder


@dataclass(frozen=True, slots=True)
class Result:
    """What a press came to; `changed` says that something was tried to be done."""

    answers: list[Answer]
    changed: bool = False


class Handlers:
    """The handlers that Bolt dispatches to, one per kind of request."""

    def __init__(self, acts: Acts) -> None:
        self._acts = acts
        self._modals = Modals(acts)
        self._conversing = Conversing(acts)

    async def slash(self, incoming: Incoming) -> Json | None:
        """The answer travels in the acknowledgement itself; a form opens beside it."""
        acts, place = self._acts, Place.of(incoming)
        text = str(incoming.payload.get("text", ""))
        work = acts.guarded(incoming, self._conversing.written(incoming, text))
        answers = await acts.in_time(work, lambda found: acts.answer(place, found))
        if answers is not None and any(isinstance(each, Form) for each in answers):
            await acts.answer(place, answers)
            return None
        shown = notice(WORKING) if answers is None else acts.replies.rendered(answers)
        return shown.as_json() | {"response_type": "ephemeral"}

    async def press(self, incoming: Incoming) -> Json | None:
        place, actions = Place.of(incoming), incoming.payload["actions"]
        if len(actions) > 1:
            log.warning("of several actions in one request only the first is carried out")
        if str(actions[0].get("action_id")).startswith(INPUT):
            await self._modals.look(incoming)
            return None
        if str(actions[0].get("action_id")).startswith(LINK):
            return None  # a link is opened by the browser
        try:
            press = self._read(actions[0])
        except Invalid as refusal:
            await self._acts.tell(place, refusal)
            return None
        if press.kind == "form":
            await self._modals.open(incoming, place, press)
        else:
            await self._carry_out(incoming, place, press)
        return None

    async def submit(self, incoming: Incoming) -> Json | None:
        return await self._modals.submit(incoming)

    async def event(self, incoming: Incoming) -> Json | None:
        await self._conversing.event(incoming)
        return None

    async def shortcut(self, incoming: Incoming) -> Json | None:
        """We offer none; one of another version of the app is answered honestly."""
        sentence = "This shortcut is not in use any more. Write /wismo help to see what is."
        await self._acts.open(Place.of(incoming), said("wismo", sentence))
        return None

    # --- pressing ---------------------------------------------------------------------------------

    def _read(self, action: Json) -> Press:
        value = action.get("value") or (action.get("selected_option") or {}).get("value")
        return self._acts.account.tokens.read_press(str(value or ""), self._acts.house.clock())

    async def _carry_out(self, incoming: Incoming, place: Place, press: Press) -> None:
        work = self._guarded(incoming, self._done(incoming, place, press))
        result = await self._acts.in_time(work, lambda found: self._show(place, found))
        if result is None:
            await self._acts.replies.send(place, notice(WORKING))
        else:
            await self._show(place, result)

    async def _done(self, incoming: Incoming, place: Place, press: Press) -> Result:
        person = await self._acts.person(incoming)
        acting = self._acts.acting(incoming)
        caller = Caller(person.actor, "slack", version=press.version)
        if press.kind == "share":
            share = ShareCard(press.arguments["subject"], place.channel, self._acts.account.id)
            receipt = await acting.execute(share, caller)
            return Result([Card(str(receipt), tone="good" if receipt.ok else "warn")])
        context = context_of(person)
        answers = await desk.press(acting, press.verb, press.arguments, caller, context)
        if acting.refused is not None and acting.refused.code == "stale":
            answers = await self._stale(press, caller, context)
        return Result(answers, changed=bool(acting.receipts))

    async def _stale(self, press: Press, caller: Caller, context: desk.Context) -> list[Answer]:
        """The card was old: nothing was done, and this is how the order stands now."""
        number = str(press.arguments.get("order", ""))
        house = self._acts.house
        view: OrderView = await house.query(ShowOrder(number), caller)
        old = view.version - (press.version or 0)
        title = f"This card is {old} change{'' if old == 1 else 's'} old, so nothing was done."
        step = Section(("Below is the order as it stands; press again if you still want to.",))
        fresh = await desk.press(house, "show", {"order": number}, caller, context)
        return [Card(title, (step,), tone="warn"), *fresh]

    async def _guarded(self, incoming: Incoming, work: Awaitable[Result]) -> Result:
        found = await self._acts.attempt(incoming, work)
        return Result([found]) if isinstance(found, Card) else found

    async def _show(self, place: Place, result: Result) -> None:
        """A card of one's own is replaced by the answer; everybody's card is brought up to date."""
        replace = place.is_one_card and result.changed
        await self._acts.answer(place, result.answers, replace=replace)
        if result.changed and place.message and not place.is_ephemeral:
            self._acts.background.spawn(self._acts.renew(place))
        if result.changed and place.is_home:
            self._acts.background.spawn(self._conversing.publish_home(place.user))
