"""Golden copies of every message: `python -m tests.notifications.goldens` writes them anew.

Look at the difference in git before you commit it: it is what customers will read.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

from notifications.render import Words, render
from tests.notifications.facts import MESSAGES, SHOP

FOLDER = Path(__file__).parent / "golden"
# The forms in which a message exists: the file's suffix → language and form of address.
FORMS = {"en": ("en", "Sie"), "de-Sie": ("de", "Sie"), "de-du": ("de", "du")}
WHOLE_HTML = {"order_confirmation", "shipped_part_scanned", "code"}


def words(name: str, form: str, surface: str) -> Words:
    kind, facts = MESSAGES[name]
    language, address_form = FORMS[form]
    return render(kind, surface, language, facts | {"shop": SHOP | {"address_form": address_form}})


def expected_files() -> dict[str, str]:
    """File name → what it must hold: the words of all, the whole HTML of three."""
    files = {}
    for name in MESSAGES:
        for form in FORMS:
            files[f"{name}.{form}.txt"] = _readable(name, form)
            if name in WHOLE_HTML:
                files[f"{name}.{form}.html"] = words(name, form, "email").html or ""
    return files


def visible(source: str) -> str:
    """What a reader of the HTML sees, one line per cell or paragraph."""
    body = re.sub(r"<!--.*?-->|<style.*?</style>", "", source, flags=re.DOTALL)
    lines = html.unescape(re.sub(r"<[^>]+>", "\n", body)).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


def _readable(name: str, form: str) -> str:
    mail, chat = words(name, form, "email"), words(name, form, "telegram")
    button = f"[{mail.button.label}] {mail.button.url}" if mail.button else "(no button)"
    parts = {
        "subject": mail.subject,
        "text": mail.text,
        "html, as read": visible(mail.html) if mail.html else "(none)",
        "telegram": chat.html or chat.text,
        "button": button,
    }
    return "".join(f"=== {title}\n{content}\n" for title, content in parts.items())


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    for file_name, content in expected_files().items():
        (FOLDER / file_name).write_text(content, encoding="utf-8")
