"""Secrets of connections are sealed at rest and survive a change of the house's key."""

from __future__ import annotations

import pytest

from core.domain.refusals import Invalid
from core.domain.shop import Connection
from core.integrations.secrets import open_secrets, open_text, seal_secrets

OLD, NEW = "o" * 40, "n" * 40
VALUES = {"access_token": "shpat_1", "webhook_secret": "ü\n"}


def test_what_was_sealed_is_opened_and_cannot_be_read_meanwhile():
    sealed = seal_secrets(VALUES, [OLD])
    assert open_text(sealed, [OLD]) == VALUES
    assert "shpat" not in sealed
    assert seal_secrets(VALUES, [OLD]) != sealed


def test_a_rotation_opens_the_old_and_seals_with_the_new():
    sealed = seal_secrets(VALUES, [OLD])
    assert open_text(sealed, [OLD, NEW]) == VALUES
    again = seal_secrets(open_text(sealed, [OLD, NEW]), [OLD, NEW])
    assert open_text(again, [NEW]) == VALUES


def test_a_lost_key_and_a_changed_letter_are_refused_with_what_to_do():
    sealed = seal_secrets(VALUES, [OLD])
    for text, keys in ((sealed, [NEW]), (sealed[:-6] + "AAAA==", [OLD]), ("nonsense", [OLD])):
        with pytest.raises(Invalid, match="WISMO_SECRET_KEY"):
            open_text(text, keys)


def test_a_connection_without_secrets_has_none():
    assert open_secrets(Connection(1, "shopify", "a", {}, ""), [OLD]) == {}
