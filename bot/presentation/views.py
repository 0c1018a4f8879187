"""Which card shows which view; a view without a card of its own is shown as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any

from bot.grammar.desk import Desk
from bot.presentation.cases import case_card, case_page
from bot.presentation.claims import claim_card, claims_page
from bot.presentation.counts import counts_card
from bot.presentation.credit import credit_card
from bot.presentation.disputes import disputes_page
from bot.presentation.documents import document_card, documents_page
from bot.presentation.edits import edit_card
from bot.presentation.holds import blocked_page
from bot.presentation.incoming import availability_card, expected_page, transfers_page
from bot.presentation.margin import margin_card
from bot.presentation.model import Answer, Card, Field, Section
from bot.presentation.money import money_card, refund_card
from bot.presentation.orders import order_card, order_page
from bot.presentation.partners import handoffs_page
from bot.presentation.pauses import pauses_card, preview_card
from bot.presentation.photos import photos_page
from bot.presentation.picks import picks_card
from bot.presentation.pickups import pickups_page, run_card
from bot.presentation.promises import lanes_card, promise_card
from bot.presentation.proofs import proof_card
from bot.presentation.restock import low_page
from bot.presentation.return_rules import (
    return_presets,
    return_rules_card,
    return_rules_diff,
)
from bot.presentation.returns import return_card, return_page
from bot.presentation.routing import (
    routing_presets,
    rules_card,
    rules_diff,
    simulation_card,
    whatif_card,
    why_card,
)
from bot.presentation.screening import screened_card, screening_card
from bot.presentation.stock import ledger_page, stock_card
from bot.presentation.timeline import timeline_page
from bot.presentation.today import today_card
from bot.presentation.words import day, sentence, state, when
from core.domain.metrics import Today
from core.queries.cases import CasePage, CaseView, MyCases
from core.queries.channel_stock import AvailabilityView
from core.queries.claims import ClaimList, ClaimView
from core.queries.counts import CountsView
from core.queries.credit import CreditView
from core.queries.disputes import DisputeList
from core.queries.documents import DocumentPage, DocumentView
from core.queries.edits import EditView
from core.queries.finding import OrderPage
from core.queries.holds import BlockedPage
from core.queries.incoming import ExpectedPage, TransferPage
from core.queries.ledger import LedgerView
from core.queries.margin import MarginView
from core.queries.money import MoneyView
from core.queries.order_view import OrderView
from core.queries.partners import HandoffList
from core.queries.pauses import PauseList, PausePreview
from core.queries.photos import PhotoList
from core.queries.picks import PickQueue
from core.queries.pickups import DeliveryRun, PickupList
from core.queries.promises import BasketPromise, LaneTable
from core.queries.proofs import ProofView
from core.queries.refunds import RefundPreview
from core.queries.restock import LowPage
from core.queries.return_rules import ListReturnPresets, ReturnRulesDiff, ReturnRulesView
from core.queries.returns import ReturnPage, ReturnView
from core.queries.routing import ListPresets, RulesDiff, RulesView
from core.queries.screening import ScreenedOrder, ScreeningView
from core.queries.simulation import SimulationView
from core.queries.stock import StockView
from core.queries.timelines import Timeline
from core.queries.whatif import WhatIfView
from core.queries.why import RoutingStory
from core.registry import spec_of

CARDS: dict[type, Callable[[Any, Desk], Answer]] = {
    OrderView: order_card,
    RoutingStory: why_card,
    BasketPromise: promise_card,
    LaneTable: lanes_card,
    PausePreview: preview_card,
    RefundPreview: refund_card,
    MoneyView: money_card,
    PauseList: pauses_card,
    HandoffList: handoffs_page,
    ScreenedOrder: screened_card,
    ScreeningView: screening_card,
    RulesView: rules_card,
    SimulationView: simulation_card,
    WhatIfView: whatif_card,
    RulesDiff: rules_diff,
    StockView: stock_card,
    LedgerView: ledger_page,
    ExpectedPage: expected_page,
    LowPage: low_page,
    TransferPage: transfers_page,
    AvailabilityView: availability_card,
    CountsView: counts_card,
    CreditView: credit_card,
    DocumentView: document_card,
    MarginView: margin_card,
    ProofView: proof_card,
    Timeline: timeline_page,
    PhotoList: photos_page,
    PickQueue: picks_card,
    ClaimList: claims_page,
    ClaimView: claim_card,
    DisputeList: disputes_page,
    PickupList: pickups_page,
    DeliveryRun: run_card,
    Today: today_card,
    BlockedPage: blocked_page,
    CaseView: case_card,
    EditView: edit_card,
    ReturnView: return_card,
    ReturnRulesView: return_rules_card,
    ReturnRulesDiff: return_rules_diff,
}


def card_for(view: Any, asked: Any, desk: Desk) -> Answer:
    if isinstance(view, OrderPage):
        return order_page(view, asked, desk)
    if isinstance(view, ReturnPage):
        return return_page(view, asked, desk)
    if isinstance(view, DocumentPage):
        return documents_page(view, asked, desk)
    if isinstance(view, CasePage):
        return case_page(view, desk, "Your cases" if isinstance(asked, MyCases) else "Open cases")
    if isinstance(asked, ListPresets):
        return routing_presets(view)
    if isinstance(asked, ListReturnPresets):
        return return_presets(view)
    draw = CARDS.get(type(view))
    return draw(view, desk) if draw else _as_it_is(view, asked, desk)


def _as_it_is(view: Any, asked: Any, desk: Desk) -> Card:
    title = sentence(spec_of(asked).verb)
    if not is_dataclass(view):
        return Card(title, (Section(tuple(_lines(view, desk)) or ("Nothing.",)),))
    shown = [(f.name, getattr(view, f.name)) for f in fields(view)]
    plain = tuple(Field(sentence(state(n)), _text(v, desk)) for n, v in shown if _is_plain(v))
    lists = [(n, tuple(_lines(v, desk))) for n, v in shown if not _is_plain(v)]
    sections = tuple(Section(lines, sentence(state(n))) for n, lines in lists if lines)
    return Card(title, sections, plain)


def _is_plain(value: Any) -> bool:
    return not (is_dataclass(value) or isinstance(value, list | tuple | dict))


def _lines(value: Any, desk: Desk) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{state(str(name))}: {_text(each, desk)}" for name, each in value.items())
    elif isinstance(value, list | tuple):
        yield from (_text(each, desk) for each in value)
    elif value is not None:
        yield _text(value, desk)


def _text(value: Any, desk: Desk) -> str:
    if isinstance(value, datetime):
        return when(value, desk)
    if isinstance(value, date):
        return day(value, desk)
    if is_dataclass(value):
        shown = (getattr(value, f.name) for f in fields(value))
        return " · ".join(_text(each, desk) for each in shown if each not in (None, "", ()))
    if isinstance(value, list | tuple):
        return ", ".join(_text(each, desk) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "—" if value in (None, "") else str(value)
