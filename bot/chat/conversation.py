"""The customer conversation: one step takes what was heard and gives the new state and a turn."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.chat.flows import returning
from bot.chat.flows.identify import forget, hear_contact, open_link, send_code
from bot.chat.flows.identify import identify as ask_who
from bot.chat.flows.people import notice_once, wants_person, with_person
from bot.chat.flows.picturing import not_kept, remember, thanks
from bot.chat.flows.pursuing import call_human, greet, pursue, small_talk
from bot.chat.flows.questions import put, stands
from bot.chat.flows.scene import HUMAN, MENU, STOP, SURE, TEXT_KEPT, Scene, known, offer
from bot.chat.journeys import (
    BEGINS,
    GOES_ON,
    HEARERS,
    LASTING,
    READ_ONLY,
    RETURN_MATTERS,
    TOLD,
    WIZARDS,
)
from bot.chat.talk import Answer, Asking, Button, Desk, Heard, Kept, Say, Talk, Turn, Wanted
from bot.chat.understanding import understand
from bot.chat.understanding.addresses import address_in, looks_like_address
from bot.chat.words import say

VERY_SURE = 0.9
BUTTONS_MAX = 6
KEPT_MAX = 16
PER_MINUTE_BOT = 20
MISSES_BEFORE_PERSON = 2


def step(talk: Talk, heard: Heard, desk: Desk) -> tuple[Talk, Turn]:
    """Pure but for what the desk does: the same talk, message and desk give the same turn."""
    talk = remember(_count(talk, heard), heard)
    scene = Scene(heard, desk, understand(heard.text, talk.language))
    if talk.mode == "person":
        return _seal(with_person(talk, scene))
    if talk.in_minute > PER_MINUTE_BOT:
        return talk, notice_once(talk, PER_MINUTE_BOT, "menu.slow")
    return _seal(_then_wanted(_hear(*_recognize(talk, scene)), scene))


def hand_back(talk: Talk) -> tuple[Talk, Turn]:
    """Staff are done: the bot has the conversation again and says so."""
    back = replace(talk, mode="bot", turn=talk.turn + 1, unsent=())
    return _seal(Answer(back, (say("person.handed_back"),), MENU))


def _count(talk: Talk, heard: Heard) -> Talk:
    minute = talk.minute
    if minute is None or heard.at - minute >= timedelta(minutes=1):
        return replace(talk, turn=talk.turn + 1, minute=heard.at, in_minute=1)
    return replace(talk, turn=talk.turn + 1, in_minute=talk.in_minute + 1)


def _recognize(talk: Talk, scene: Scene) -> tuple[Talk, Scene, tuple[Say, ...]]:
    """Whose time as a known customer has run out is a stranger again, and hears so."""
    if talk.verified_until is None or known(talk, scene.heard.at):
        return talk, scene, ()
    return forget(talk), scene, (say("identify.expired"),)


def _hear(talk: Talk, scene: Scene, before: tuple[Say, ...]) -> Answer:
    answer = _hear_one(talk, scene)
    return replace(answer, says=(*before, *answer.says)) if before else answer


def _hear_one(talk: Talk, scene: Scene) -> Answer:
    if wants_person(talk.asking, scene):
        return call_human(talk, scene, scene.heard.text)
    if talk.asking and not stands(talk.asking, scene):
        return Answer(replace(talk, asking=None), (say("return.nothing"),), (HUMAN,))
    if scene.heard.photo or scene.heard.problem:
        return _photo(talk, scene)
    if scene.heard.start:
        return _greet_known(open_link(talk, scene))
    if scene.heard.contact:
        return hear_contact(talk, Asking("contact"), scene) or greet(talk)
    if scene.heard.pressed:
        return _pressed(talk, scene)
    return _text(talk, scene)


def _greet_known(answer: Answer) -> Answer:
    if answer.talk.asking or answer.talk.wanted:
        return answer
    return replace(answer, says=(*answer.says, say("menu.again")), offers=MENU)


def _then_wanted(answer: Answer, scene: Scene) -> Answer:
    """What was asked before we knew who asks is answered now, without asking for it again."""
    talk = answer.talk
    if not known(talk, scene.heard.at):
        return answer
    if talk.wanted is None:
        return answer if answer.offers or answer.says[1:] else _offer_more(answer)
    after = pursue(talk, talk.wanted, scene)
    return Answer(after.talk, (*answer.says, *after.says), after.offers)


def _offer_more(answer: Answer) -> Answer:
    return answer if answer.talk.asking else replace(answer, offers=MENU)


def _photo(talk: Talk, scene: Scene) -> Answer:
    """A photo answers the question for one; words that came with it are heard as ever."""
    if scene.heard.problem == "stranger":
        asked = ask_who(talk, Wanted("item_problem", text=scene.heard.text[:TEXT_KEPT]), scene)
        return replace(asked, says=(say("photo.stranger"), *asked.says))
    if scene.heard.problem:
        return not_kept(talk, scene)
    if answer := _answered(talk, scene, ""):
        return replace(answer, says=(say("photo.kept"), *answer.says))
    if not scene.heard.text.strip():
        return thanks(talk, scene)
    answer = _text(talk, scene)
    return replace(answer, says=(say("photo.kept"), *answer.says))


# ---- buttons ------------------------------------------------------------------------------


def _pressed(talk: Talk, scene: Scene) -> Answer:
    action = next((kept.action for kept in talk.offered if kept.key == scene.heard.pressed), "")
    if not action:
        return _ask_again(talk, scene, say("repair.stale"))
    kind, _, value = action.partition(":")
    if kind in BEGINS:
        return _begin(talk, kind, value, scene)
    if kind == "lang":
        return _switch(talk, value, scene)
    if kind == "unreturn" and known(talk, scene.heard.at):
        return returning.cancel(talk, value, scene)
    if action == "human":
        asked = talk.wanted or talk.last
        return call_human(talk, scene, asked.text if asked else "")
    if action == "stop":
        return _stop(talk)
    if action == "bot":
        return greet(talk)
    return _answered(talk, scene, action) or _ask_again(talk, scene, say("repair.stale"))


def _begin(talk: Talk, kind: str, value: str, scene: Scene) -> Answer:
    aside = (say("repair.put_aside"),) if _in_wizard(talk) else ()
    text = _told_before(talk, value) if kind in ("return", "claim") else ""
    wanted = Wanted(value) if kind == "intent" else Wanted(BEGINS[kind], order=value, text=text)
    answer = pursue(replace(talk, asking=None, misses=0), wanted, scene)
    return replace(answer, says=(*aside, *answer.says))


def _told_before(talk: Talk, order: str) -> str:
    """What was offered to a complaint knows the item and the reason from its words."""
    last = talk.last
    told = last is not None and last.order == order and last.intent in TOLD
    return last.text if last and told else ""


def _in_wizard(talk: Talk) -> bool:
    return talk.asking is not None and talk.asking.what.startswith(WIZARDS)


def _answered(talk: Talk, scene: Scene, action: str) -> Answer | None:
    if talk.asking is None:
        return None
    answer = HEARERS[talk.asking.what](talk, talk.asking, scene, action)
    return replace(answer, talk=replace(answer.talk, misses=0)) if answer else None


def _ask_again(talk: Talk, scene: Scene, *before: Say) -> Answer:
    if talk.asking:
        return put(talk, talk.asking, scene, *before)
    return Answer(talk, (*before, say("menu.again")), MENU)


# ---- text ---------------------------------------------------------------------------------


def _text(talk: Talk, scene: Scene) -> Answer:
    if answer := _controlled(talk, scene):
        return answer
    if talk.asking:
        return _in_question(talk, talk.asking, scene)
    return _open(talk, scene)


def _controlled(talk: Talk, scene: Scene) -> Answer | None:
    """Words that mean the same anywhere in the conversation."""
    match scene.control:
        case "stop":
            return _stop(talk)
        case "restart":
            return greet(replace(talk, asking=None, wanted=None))
        case "help":
            return Answer(talk, (say("menu.help"),), MENU)
        case "repeat":
            return _repeat(talk, scene)
        case "switch_de" | "switch_en":
            return _switch(talk, scene.control[-2:], scene)
        case "bot":
            return greet(talk)
        case "drop" if _can_be_dropped(talk):
            return _stop(talk)
        case _:
            return None


def _can_be_dropped(talk: Talk) -> bool:
    """ "Cancel it" ends the little form, unless the form is about canceling an order."""
    return _in_wizard(talk) and talk.asking is not None and talk.asking.kind != "cancel"


def _stop(talk: Talk) -> Answer:
    phrase = "repair.stopped" if talk.asking or talk.wanted else "repair.nothing_to_stop"
    return Answer(replace(talk, asking=None, wanted=None, misses=0), (say(phrase),), MENU)


def _repeat(talk: Talk, scene: Scene) -> Answer:
    if talk.asking is None and talk.last:
        return pursue(talk, talk.last, scene)
    return _ask_again(talk, scene)


def _switch(talk: Talk, language: str, scene: Scene) -> Answer:
    switched = replace(talk, language=language, other_language=0)
    return _ask_again(switched, scene, say("menu.language_set"))


def _in_question(talk: Talk, asking: Asking, scene: Scene) -> Answer:
    """The question's own answers win, except over another clear question."""
    read = scene.read
    free_text = asking.what in ("wish_text", "return_detail")
    if free_text and not _asks_for_else(asking, scene):
        return _answered(talk, scene, "") or _missed(talk, asking, scene)
    if not free_text and (answer := _answered(talk, scene, "")):
        return answer
    idle = scene.control and scene.control not in GOES_ON
    if idle or read.confidence < SURE or read.intent == "out_of_scope":
        return _missed(talk, asking, scene)
    if scene.control == "drop" and asking.kind == "cancel":
        return _missed(talk, asking, scene)
    if asking.what.startswith(("return_", "claim_")) and _same_return(asking, scene):
        return _missed(talk, asking, scene)
    return _interrupted(talk, asking, scene)


def _asks_for_else(asking: Asking, scene: Scene) -> bool:
    """Whether words in a free text are another matter; what is no address is taken for none."""
    read = scene.read
    if asking.kind == "address" and read.confidence >= SURE:
        is_other = read.intent not in ("change_address", "out_of_scope")
        words = [x for x in scene.heard.text.split() if x not in read.entities.order_numbers]
        return is_other and not looks_like_address(" ".join(words))
    return read.intent in READ_ONLY and read.confidence >= VERY_SURE


def _same_return(asking: Asking, scene: Scene) -> bool:
    """What is wrong with an item that is going back is no new matter, unless of another order."""
    others = {number for number in scene.read.entities.order_numbers if number != asking.order}
    return scene.read.intent in RETURN_MATTERS and not others


def _interrupted(talk: Talk, asking: Asking, scene: Scene) -> Answer:
    """Another question in between: answer it and come back, or put the first matter aside."""
    wanted = _wanted(scene)
    if asking.what in {"contact", "code"} and wanted.intent != "smalltalk":
        return _while_identifying(talk, asking, wanted, scene)
    if wanted.intent not in READ_ONLY:
        aside = (say("repair.put_aside"),) if _in_wizard(talk) else ()
        answer = pursue(replace(talk, asking=None), wanted, scene)
        return replace(answer, says=(*aside, *answer.says))
    greeting = wanted.intent == "smalltalk" and not scene.control
    answer = Answer(talk) if greeting else pursue(talk, wanted, scene)
    if answer.talk.asking and answer.talk.asking != asking:
        return answer
    back = put(replace(talk, last=answer.talk.last), asking, scene, say("repair.resume"))
    return Answer(back.talk, (*answer.says, *back.says), back.offers)


def _while_identifying(talk: Talk, asking: Asking, wanted: Wanted, scene: Scene) -> Answer:
    """A new question before we know who asks replaces the kept one; the open question stays."""
    if wanted.intent in {"policy_question", "shipping_info", "complaint"}:
        answer = pursue(talk, wanted, scene)
        back = put(talk, asking, scene, say("repair.resume"))
        return replace(back, says=(*answer.says, *back.says))
    kept = replace(talk, wanted=wanted, number=wanted.order or talk.number)
    return put(kept, asking, scene)


def _open(talk: Talk, scene: Scene) -> Answer:
    read = scene.read
    if read.entities.contact and not known(talk, scene.heard.at) and read.confidence < SURE:
        number = next(iter(read.entities.order_numbers), "")
        return send_code(replace(talk, number=number), scene, read.entities.contact)
    if scene.control in {"thanks", "bye"}:
        return small_talk(talk, scene)
    if read.confidence >= SURE:
        answer = pursue(replace(talk, misses=0), _wanted(scene), scene)
        return _offer_language(talk, answer, scene)
    if read.entities.order_numbers or read.entities.tracking_numbers:
        return pursue(replace(talk, misses=0), replace(_wanted(scene), intent="track_order"), scene)
    return _unclear(talk, scene)


def _wanted(scene: Scene) -> Wanted:
    text = scene.heard.text if len(scene.heard.text) <= TEXT_KEPT else ""
    return Wanted(scene.read.intent, order=_number_meant(scene), text=text)


def _number_meant(scene: Scene) -> str:
    """A house number or postcode of an address in the sentence is no order number."""
    changes_address = scene.read.intent == "change_address"
    address = address_in(scene.heard.text) if changes_address else ""
    numbers = scene.read.entities.order_numbers
    return next((number for number in numbers if number not in address), "")


# ---- repair -------------------------------------------------------------------------------


def _missed(talk: Talk, asking: Asking, scene: Scene) -> Answer:
    """The text answers nothing: say so and ask again; from the second time offer a person."""
    missed = replace(talk, misses=talk.misses + 1)
    if asking.what == "contact":
        return put(missed, asking, scene, say("identify.bad_contact"))
    answer = put(missed, asking, scene, say("repair.not_an_answer"))
    if missed.misses < MISSES_BEFORE_PERSON or HUMAN in answer.offers:
        return answer
    kept = tuple(one for one in answer.offers if one != STOP)
    return replace(answer, offers=(*kept[: BUTTONS_MAX - 2], HUMAN, STOP))


def _unclear(talk: Talk, scene: Scene) -> Answer:
    missed = replace(talk, misses=talk.misses + 1)
    if missed.misses >= MISSES_BEFORE_PERSON:
        return Answer(replace(missed, misses=0), (say("repair.beyond"),), MENU)
    likely = [intent for intent in scene.read.alternatives if intent != "human_agent"][:2]
    offers = tuple(offer(f"intent:{intent}", f"intent.{intent}") for intent in likely)
    return Answer(missed, (say("repair.unclear"),), (*offers, HUMAN))


def _offer_language(talk: Talk, answer: Answer, scene: Scene) -> Answer:
    """After two messages in another language a switch is offered, never made silently."""
    if scene.read.language == talk.language or len(scene.heard.text.split()) < 2:
        return answer
    count = answer.talk.other_language + 1
    counted = replace(answer, talk=replace(answer.talk, other_language=count % 2))
    if count < 2:
        return counted
    other = scene.read.language
    switch = offer(f"lang:{other}", "button.german" if other == "de" else "button.english")
    offers = (*answer.offers[: BUTTONS_MAX - 1], switch)
    return replace(counted, says=(*answer.says, say("menu.language_offer")), offers=offers)


# ---- sealing ------------------------------------------------------------------------------


def _seal(answer: Answer) -> tuple[Talk, Turn]:
    """Give the offers their keys: the turn and the place, so that no key ever means two things."""
    talk = answer.talk
    offers = answer.offers[:BUTTONS_MAX]
    keys = [f"{talk.turn}-{place}" for place in range(1, len(offers) + 1)]
    fresh = tuple(Kept(key, one.action) for key, one in zip(keys, offers, strict=True))
    lasting = tuple(kept for kept in talk.offered if kept.action.startswith(LASTING))
    if not answer.says and not offers:
        return talk, Turn()
    buttons = tuple(
        Button(key, one.phrase, one.facts) for key, one in zip(keys, offers, strict=True)
    )
    asks_contact = talk.asking is not None and talk.asking.what == "contact"
    kept = (*fresh, *lasting)[:KEPT_MAX]
    return replace(talk, offered=kept), Turn(answer.says, buttons, asks_contact)
