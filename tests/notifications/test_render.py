"""Messages and pages: every word as in its golden copy, and nothing a template must not do."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.render import KINDS, CannotRender, Words, render, render_page
from tests.notifications.facts import (
    MESSAGES,
    NOTHING_REMAINS,
    SHOP,
    base,
    line,
    parcel,
    remaining,
    returned,
)
from tests.notifications.goldens import FOLDER, FORMS, expected_files, visible, words

HOSTILE = "<script>alert(1)</script>\"' onload=x &amp; {{ 7*7 }}"


def shipped(language: str = "en", **parcel_changes: Any) -> Words:
    facts = base(parcel=parcel(**parcel_changes), remaining=remaining())
    return render("shipped", "email", language, facts)


def test_every_message_reads_exactly_as_its_golden_copy() -> None:
    stored = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert stored == expected_files(), "python -m tests.notifications.goldens refreshes them"


def test_every_kind_has_a_golden_copy() -> None:
    assert {kind for kind, _ in MESSAGES.values()} == set(KINDS)


@pytest.mark.parametrize("form", FORMS)
def test_a_mail_says_the_same_in_text_and_html(form: str) -> None:
    for name in ("order_confirmation", "shipped_part_scanned", "return_refunded"):
        mail = words(name, form, "email")
        seen = " ".join(visible(mail.html or "").split())
        for sentence in re.split(r"(?<=\.)\s", mail.text.split("\n\n")[1].replace("\xa0", " ")):
            assert sentence in seen


# --- what is claimed ----------------------------------------------------------------------------


def test_a_parcel_that_was_only_handed_over_is_not_said_to_be_on_its_way() -> None:
    mail = shipped(evidence="handed_over")
    assert "on its way" not in mail.subject + mail.text
    assert "handed" in mail.text


def test_a_german_parcel_that_was_only_handed_over_is_not_said_to_be_unterwegs() -> None:
    mail = shipped("de", evidence="handed_over")
    assert "unterwegs" not in mail.subject + mail.text
    assert "gescannt" not in mail.text


def test_a_scanned_parcel_is_on_its_way() -> None:
    assert "on its way" in shipped(evidence="scanned").subject


@pytest.mark.parametrize("evidence", ["label", "", None])
def test_shipped_without_evidence_is_refused(evidence: str | None) -> None:
    with pytest.raises(CannotRender, match="evidence"):
        shipped(evidence=evidence)


def test_a_part_shipment_says_what_is_in_it_what_comes_and_when_we_write_next() -> None:
    text = shipped().text
    assert "In this parcel\n  3 × Mug red" in text
    assert "Still to come\n  1 × Teapot & lid" in text
    assert "We will write again by Friday, November 27" in text


def test_without_a_date_the_next_message_is_bound_to_an_event() -> None:
    facts = base(parcel=parcel(), remaining=remaining(next_message=None, reason=None))
    text = render("shipped", "email", "en", facts).text
    assert "The rest follows separately. We will write again when it leaves us." in text


def test_the_last_parcel_promises_nothing_more() -> None:
    facts = base(parcel=parcel(), remaining=NOTHING_REMAINS)
    assert "Still to come" not in render("shipped", "email", "en", facts).text


def test_a_reason_we_have_no_sentence_for_is_shown_as_the_shop_wrote_it() -> None:
    facts = base(parcel=parcel(), remaining=remaining(reason="The kiln broke."))
    assert "The kiln broke. We will write" in render("shipped", "email", "en", facts).text


def test_a_parcel_without_carrier_or_number_still_reads_well() -> None:
    mail = shipped(carrier=None, tracking_number=None, tracking_url=None, count=None)
    assert mail.text.count("The carrier has scanned your parcel for order 1001.") == 1
    assert "Tracking number" not in mail.text


def test_a_delay_without_a_date_admits_it() -> None:
    facts = base(delay={"promised": "2026-11-26", "expected": None, "reason": None})
    assert "We do not have a new date yet." in render("delayed", "email", "en", facts).text


def test_an_unknown_return_status_is_refused() -> None:
    with pytest.raises(CannotRender, match="status"):
        render("return_status", "email", "en", base(**{"return": returned("lost")}))


def test_refunded_without_an_amount_is_refused() -> None:
    with pytest.raises(CannotRender):
        render("return_status", "email", "en", base(**{"return": returned("refunded")}))


# --- language -----------------------------------------------------------------------------------


def test_du_and_sie_never_mix() -> None:
    formal = re.compile(r"\b(Sie|Ihnen|Ihre?[mnrs]?)\b")
    familiar = re.compile(r"\b([Dd]u|[Dd]ich|[Dd]ir|[Dd]eine?[mnrs]?)\b")
    for name, content in expected_files().items():
        if name.endswith("de-du.txt"):
            assert not formal.search(content), name
        if name.endswith("de-Sie.txt"):
            assert not familiar.search(content), name


def test_a_regional_tag_keeps_its_own_dates_and_an_unknown_one_reads_english() -> None:
    assert "Thursday 26 November" in render("order_confirmation", "email", "en-GB", base()).text
    assert "Bestellung" in render("order_confirmation", "email", "de-AT", base()).subject
    assert "We have your order" in render("order_confirmation", "email", "tlh-x", base()).subject


def test_days_are_counted_in_the_shops_zone() -> None:
    """Half past eleven at night in UTC is already Saturday in Berlin, still Friday in Lisbon."""
    assert "Saturday, November 21" in render("order_confirmation", "email", "en", base()).text
    lisbon = base(shop=SHOP | {"time_zone": "Europe/Lisbon"})
    assert "Friday, November 20" in render("order_confirmation", "email", "en", lisbon).text


@pytest.mark.parametrize(
    ("currency", "shown"), [("JPY", "¥129,000"), ("KWD", "KWD\xa0129.000"), ("EUR", "€1,290.00")]
)
def test_money_has_the_digits_of_its_currency(currency: str, shown: str) -> None:
    refund = {"amount": 129000, "currency": currency}
    facts = base(**{"return": returned("refunded", refund=refund)})
    assert shown in render("return_status", "email", "en", facts).text


# --- what must never get through ----------------------------------------------------------------


def hostile_facts() -> dict[str, Any]:
    facts = base(parcel=parcel(carrier=HOSTILE), remaining=remaining(reason=HOSTILE))
    facts["customer"] = {"name": HOSTILE, "first_name": HOSTILE}
    facts["shop"] = SHOP | {"accent": "red;}</style><script>"}
    facts["parcel"]["lines"][0]["title"] = HOSTILE
    facts["parcel"]["tracking_url"] = "javascript:alert(1)"
    return facts


@pytest.mark.parametrize("surface", ["email", "telegram"])
def test_what_customers_and_carriers_write_stays_text(surface: str) -> None:
    html = render("shipped", surface, "en", hostile_facts()).html or ""
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "javascript:" not in html
    assert "{{ 7*7 }}" in html.replace("&#39;", "'")


@given(st.text(max_size=40))
def test_no_text_of_a_customer_can_keep_a_mail_from_going_out(anything: str) -> None:
    facts = base(parcel=parcel(carrier=anything), remaining=remaining(reason=anything))
    facts["customer"] = {"name": anything, "first_name": anything}
    facts["parcel"]["lines"][0]["title"] = anything
    html = render("shipped", "email", "de", facts).html or ""
    assert html.endswith("</html>")


def test_a_name_cannot_break_out_of_its_line() -> None:
    name = "Anna\r\nBcc: all@example.org\n\nYour bank needs you"
    facts = base(customer={"name": name, "first_name": name})
    mail = render("order_confirmation", "email", "en", facts)
    assert mail.text.startswith("Hello Anna Bcc: all@example.org Your bank needs you,\n")


def test_a_subject_is_one_line() -> None:
    case = {"title": "Late\r\nBcc: x@example.org", "text": "", "url": None}
    assert "\n" not in render("case_alert", "email", "en", base(case=case)).subject


@pytest.mark.parametrize("odd", ["\u202e", "\u2066", "\x00", "\x1b", "\ud800"])
def test_characters_that_turn_hide_or_break_text_are_dropped(odd: str) -> None:
    facts = base(customer={"name": "Anna", "first_name": f"A{odd}nnA"})
    assert "Hello AnnA," in render("order_confirmation", "email", "en", facts).text


def test_a_fact_that_a_template_asks_for_must_be_there() -> None:
    for kind, facts in MESSAGES.values():
        poorer = copy.deepcopy(facts)
        (poorer["order"] if kind != "code" else poorer["code"]).clear()
        if kind != "case_alert":
            with pytest.raises(CannotRender):
                render(kind, "email", "en", poorer)


def test_an_object_is_not_a_fact() -> None:
    with pytest.raises(CannotRender, match="plain data"):
        render("order_confirmation", "email", "en", base(order=object()))


def test_there_is_no_unknown_kind_or_surface() -> None:
    with pytest.raises(CannotRender):
        render("../../etc", "email", "en", base())
    with pytest.raises(CannotRender):
        render("shipped", "fax", "en", base())


def test_a_code_and_a_case_cannot_be_unsubscribed_from() -> None:
    assert render("code", "email", "en", MESSAGES["code"][1]).unsubscribe_url is None
    assert shipped().unsubscribe_url == base()["preferences_url"]


def test_a_mail_loads_nothing_from_anywhere() -> None:
    html = shipped().html or ""
    assert not re.search(r"<link|<img|@import|url\(|<script", html)


@pytest.mark.parametrize(("accent", "ink"), [("#ffd400", "#24292f"), ("#0f766e", "#0f766e")])
def test_a_light_accent_never_colors_text(accent: str, ink: str) -> None:
    facts = MESSAGES["shipped_part_scanned"][1] | {"shop": SHOP | {"accent": accent}}
    html = render("shipped", "email", "en", facts).html or ""
    assert f"a {{ color: {ink}; }}" in html
    assert f"background:{accent}" in html


def test_a_telegram_message_with_many_lines_stays_short() -> None:
    facts = base()
    facts["order"]["lines"] = [line("A very long title " * 20, 1, 100) for _ in range(300)]
    chat = render("order_confirmation", "telegram", "en", facts)
    assert len(chat.text) < 4096
    assert "… 288 more" in chat.text


# --- pages --------------------------------------------------------------------------------------


def test_a_page_names_the_shop_escapes_it_and_loads_nothing() -> None:
    facts = base(shop=SHOP | {"name": HOSTILE})
    page = render_page("base", "de-DE", facts, nonce="abc123")
    assert '<html lang="de">' in page
    assert '<style nonce="abc123">' in page
    assert "<script>" not in page
    assert not re.search(r'(src|href)="', page)


def test_a_page_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(CannotRender):
        render_page("../layout/email", "en", base(), nonce="x")


@pytest.mark.parametrize(
    ("language", "like"), [("nl", "en"), ("fr-BE", "en"), ("", "en"), ("de-DE", "de")]
)
def test_days_and_money_are_written_in_the_language_of_the_words(language: str, like: str) -> None:
    for kind, facts in MESSAGES.values():
        assert render(kind, "email", language, facts) == render(kind, "email", like, facts)


def test_a_region_counts_when_its_language_is_spoken() -> None:
    british, american = shipped("en-GB"), shipped("en")
    assert british != american


@pytest.mark.parametrize(
    ("language", "page"), [("en", "/en/home/"), ("nl", "/en/home/"), ("de-AT", "/de-de/home/")]
)
def test_the_carriers_page_is_linked_in_the_language_of_the_words(language: str, page: str) -> None:
    mail = shipped(language, tracking_url="https://www.dhl.com/en/home/tracking.html?tracking-id=7")
    assert f"https://www.dhl.com{page}tracking.html?tracking-id=7" in mail.text
    assert f"https://www.dhl.com{page}tracking.html?tracking-id=7" in (mail.html or "")
