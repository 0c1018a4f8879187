"""Files made to hurt: a table that is none is refused before it costs anything."""

from __future__ import annotations

import pytest

from bot.importing import read_table
from core.domain.refusals import Invalid


@pytest.mark.parametrize(
    "content",
    [
        b"a," * 1_000_000,
        ",".join(f"c{n}" for n in range(200_000)).encode(),
        b"sku,title\n" + b"a," * 1_000_000 + b"a",
        b"sku\n\x00",
        "sku;ä\n".encode() + b"\xff\xfe;\x81",
        b'sku\n"' + b"a" * 2_000_000,
        b"PK\x03\x04" + b"\x00" * 100,
        b"\n" * 100_000,
        b"",
    ],
    ids=("same heads", "many heads", "long row", "nul", "mixed", "quote", "zip", "lines", "empty"),
)
def test_a_file_that_is_no_table_is_a_plain_no(tmp_path, content: bytes):
    file = tmp_path / "table.csv"
    file.write_bytes(content)
    with pytest.raises(Invalid):
        read_table(file)
