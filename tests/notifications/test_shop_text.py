"""What a shop edits: placeholders work, and every attack on the sandbox is refused cheaply."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.refusals import Invalid
from notifications.render import SHOP_TEXT_OUTPUT_MAX, render_shop_text
from tests.notifications.facts import base

LONG = "x" * 50_000


def facts(**changes: Any) -> dict[str, Any]:
    return base(note=LONG, **changes)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("Hello {{ customer.first_name }}!", "Hello Anna!"),
        ("{{ order.total | money }}", "€1,067.65"),
        ("{{ order.promise | day }}", "Thursday, November 26"),
        ("{% for line in order.lines %}{{ line.quantity }}x {% endfor %}", "3x 1x "),
        ("{% if order.discount.amount > 0 %}sale{% else %}-{% endif %}", "sale"),
        ("{{ 'a' if order.number == '1001' else 'b' }}", "a"),
        ("{{ order.lines[0].title | upper }}", "MUG RED"),
        ("{{ nickname | default('friend') }}", "friend"),
        ("{{ (2 + 3) * 4 % 7 }} {{ 2 ** 8 }}", "6 256"),
        ("{{ ['a', 'b'] | join }}", "a, b"),
        ("{% for a in order.lines %}{{ loop.index }}{% endfor %}", "12"),
        ("{{ order.placed_at | moment }}", "Nov 21, 2026, 12:30\u202fAM"),
    ],
)
def test_a_shop_can_use_placeholders_conditions_and_loops(source: str, shown: str) -> None:
    assert render_shop_text(source, facts()) == shown


def test_values_come_out_escaped() -> None:
    hostile = facts(customer={"name": "<b>x</b>", "first_name": "<b>x</b>"})
    assert render_shop_text("{{ customer.name }}", hostile) == "&lt;b&gt;x&lt;/b&gt;"


ATTACKS = {
    "a call": "{{ customer.name.upper() }}",
    "a method of a dict": "{{ order.clear() }}",
    "range": "{% for x in range(10) %}x{% endfor %}",
    "a macro": "{% macro m() %}x{% endmacro %}",
    "a call block": "{% call x() %}{% endcall %}",
    "an include": "{% include 'layout/email.txt' %}",
    "an import": "{% import 'layout/parts.txt' as p %}",
    "a from import": "{% from 'layout/parts.txt' import list %}",
    "extends": "{% extends 'layout/email.txt' %}",
    "a block": "{% block x %}{% endblock %}",
    "set that doubles": "{% set a = note ~ note %}" * 20,
    "a filter block": "{% filter upper %}x{% endfilter %}",
    "the class of a string": "{{ ''.__class__ }}",
    "the class by item": "{{ ''['__class__'] }}",
    "a walk to the builtins": "{{ self.__init__.__globals__ }}",
    "self": "{{ self }}",
    "the attr filter": "{{ order | attr('keys') }}",
    "map": "{{ order.lines | map(attribute='title') | join }}",
    "format": "{{ '%1000000000d' | format(1) }}",
    "percent with a text": "{{ '%1000000000d' % 1 }}",
    "a multiplied text": "{{ 'a' * 300000000 }}",
    "a multiplied list": "{{ [1] * 300000000 }}",
    "a huge product": "{{ 1000000 * 1000000 * 1000000 }}",
    "a huge power": "{{ 9 ** 9 ** 9 }}",
    "a hidden power": "{{ (order.lines | length) ** 99999999 }}",
    "center": "{{ 'a' | center(300000000) }}",
    "indent": "{{ note | indent(9999999) }}",
    "replace": "{{ note | replace('x', note) }}",
    "round": "{{ 1.5 | round(999999999, 'ceil') }}",
    "a join that squares": "{{ note | join(note) }}",
    "a long separator": "{{ order.lines | join(note) }}",
    "three loops": "{% for a in order.lines %}{% for b in order.lines %}"
    "{% for c in order.lines %}{% endfor %}{% endfor %}{% endfor %}",
    "three loops behind an if": "{% for a in order.lines %}{% if a %}{% for b in order.lines %}"
    "{% if b %}{% for c in order.lines %}{% endfor %}{% endif %}{% endfor %}"
    "{% endif %}{% endfor %}",
    "a loop over letters": "{% for a in note %}{% for b in note %}{% endfor %}{% endfor %}",
    "two silent loops": "{% for a in ["
    + "1," * 500
    + "] %}{% for b in ["
    + "1," * 500
    + "] %}{% endfor %}{% endfor %}",
    "a recursive loop": "{% for a in order.lines recursive %}{% endfor %}",
    "the counter by its name": "{{ order.lines | counted }}",
    "a slice": "{{ note[::-1] }}",
    "a name that is not there": "{{ order.nothing }}",
    "an unclosed tag": "{% if order %}",
    "a division by zero": "{{ 1 / 0 }}",
    "a wrong type": "{{ order.number + 1 }}",
    "deep brackets": "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "deep nots": "{{ " + "not " * 2400 + "1 }}",
    "deep ifs": "{% if 1 %}" * 400 + "{% endif %}" * 400,
    "a number of many digits": "{{ " + "9" * 6000 + " }}",
    "a source that is too long": LONG,
    "a test from outside": "{{ 1 is callable }}",
    "a filter with many arguments": "{{ 1 | upper(*order.lines) }}",
    "debug": "{% debug %}",
    "do": "{% do order.clear() %}",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_is_refused_with_a_sentence(attack: str) -> None:
    before = facts()
    with pytest.raises(Invalid) as refused:
        render_shop_text(attack, before)
    assert refused.value.code == "bad_template"
    assert "placeholders" in refused.value.next
    assert before == facts()


def test_an_output_that_grows_too_long_is_stopped() -> None:
    source = "{% for a in items %}{{ note }}{% endfor %}"
    with pytest.raises(Invalid, match=str(SHOP_TEXT_OUTPUT_MAX)):
        render_shop_text(source, facts(items=[1] * 4000))


def test_a_long_fact_is_cut_before_it_can_be_multiplied() -> None:
    assert len(render_shop_text("{{ note ~ note }}", facts())) == 4000


def test_a_key_wins_over_a_method_of_the_same_name() -> None:
    assert render_shop_text("{{ box.items }}", facts(box={"items": "three"})) == "three"
