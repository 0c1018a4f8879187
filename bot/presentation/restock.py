"""What is running low, as a buyer reads it: the most urgent first, with how many to buy."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Page
from bot.presentation.words import count
from core.queries.restock import LowPage, LowView

BUTTONS_SHOWN = 3


def low_page(view: LowPage, desk: Desk) -> Page:
    skus = list(dict.fromkeys(each.sku for each in view.low))[:BUTTONS_SHOWN]
    hidden = view.total - len(view.low)
    more = f" {hidden} more: `low ber` narrows the list." if hidden else ""
    return Page(
        title=f"Running low: {view.total}",
        lines=tuple(_line(each) for each in view.low),
        actions=kept(*(button(desk, "stock", sku, text=f"Stock {sku}"[:24]) for sku in skus)),
        empty=f"Everything lasts {view.cover} days and is above its threshold.",
        note=f"By the sales of the last {count(view.days, 'day')}.{more}",
    )


def _line(each: LowView) -> str:
    where = f" at {each.location}" if each.location else ""
    parts = [f"{each.available} left"]
    parts += [f"{each.incoming} coming"] if each.incoming else []
    parts += [f"{each.waited_for} waited for"] if each.waited_for else []
    parts += [_lasts(each)] if each.lasts_days is not None else []
    buy = f": buy {each.suggest}" if each.suggest else ""
    return f"{each.sku}{where} · {', '.join(parts)}{buy}"


def _lasts(each: LowView) -> str:
    return f"{each.per_day:g} a day, enough for {count(round(each.lasts_days or 0), 'day')}"
