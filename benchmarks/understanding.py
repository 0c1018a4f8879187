"""How often the understander is right on a labelled file, and how long one message takes."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bot.chat.understanding import Understood, understand
from bot.chat.understanding.intents import ACTIONS, ORDER_MATTERS

Row = dict[str, Any]
Pair = tuple[Row, Understood]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="?", default=os.environ.get("WISMO_UTTERANCES"))
    parser.add_argument("--misses", metavar="INTENT", help="list wrong rows of one gold intent")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if not asked.path:
        parser.error("name the file with the labelled messages, or set WISMO_UTTERANCES")
    rows = [json.loads(line) for line in Path(asked.path).read_text("utf-8").splitlines() if line]
    pairs, times = read_all(rows)
    figures = measure(pairs) | speed(times)
    print(json.dumps(figures) if asked.json else _lines(figures))
    if asked.misses:
        print(_misses(pairs, asked.misses))


def read_all(rows: list[Row]) -> tuple[list[Pair], list[float]]:
    understand("warm up", "en")
    pairs, times = [], []
    for row in rows:
        started = time.perf_counter()
        understood = understand(row["text"], _hint(row))
        times.append((time.perf_counter() - started) * 1000)
        pairs.append((row, understood))
    return pairs, times


def measure(pairs: list[Pair]) -> dict[str, float]:
    real = [pair for pair in pairs if pair[0]["kind"] == "real"]
    human = [pair for pair in pairs if pair[0]["kind"] in {"real", "human-to-human"}]
    german = [pair for pair in pairs if pair[0]["lang"] == "de"]
    outside = [pair for pair in pairs if pair[0]["intent"] == "out_of_scope"]
    return {
        "rows": len(pairs),
        "strict_percent": _share(_strict, pairs),
        "lenient_percent": _share(_lenient, pairs),
        "real_strict_percent": _share(_strict, real),
        "real_lenient_percent": _share(_lenient, real),
        "real_and_human_lenient_percent": _share(_lenient, human),
        "german_rows": len(german),
        "german_lenient_percent": _share(_lenient, german),
        "top3_lenient_percent": _share(_top3, pairs),
        "real_top3_lenient_percent": _share(_top3, real),
        "false_action_percent": _share(_acts, outside),
        "false_change_percent": _share(_changes, outside),
        "false_cancel_order": sum(_false_cancel(pair) for pair in pairs),
    }


def speed(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "p50_ms": round(statistics.median(ordered), 3),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)], 3),
        "max_ms": round(ordered[-1], 3),
    }


def _hint(row: Row) -> str:
    return str(row["lang"].split("/")[0])


def _right(row: Row) -> set[str]:
    return {row["intent"], *row["accept"]}


def _strict(pair: Pair) -> bool:
    return bool(pair[1].intent == pair[0]["intent"])


def _lenient(pair: Pair) -> bool:
    return pair[1].intent in _right(pair[0])


def _top3(pair: Pair) -> bool:
    offered = (pair[1].intent, *pair[1].alternatives[:2])
    return not _right(pair[0]).isdisjoint(offered)


def _acts(pair: Pair) -> bool:
    return pair[1].intent in ORDER_MATTERS and not _lenient(pair)


def _changes(pair: Pair) -> bool:
    return pair[1].intent in ACTIONS and not _lenient(pair)


def _false_cancel(pair: Pair) -> bool:
    return pair[1].intent == "cancel_order" and not _lenient(pair)


def _share(judge: Callable[[Pair], bool], pairs: Iterable[Pair]) -> float:
    judged = [judge(pair) for pair in pairs]
    return round(100 * sum(judged) / len(judged), 1) if judged else 0.0


def _lines(figures: dict[str, float]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in figures.items())


def _misses(pairs: list[Pair], intent: str) -> str:
    wrong = [pair for pair in pairs if pair[0]["intent"] == intent and not _lenient(pair)]
    return "\n".join(f"{understood.intent:18} {row['text'][:150]}" for row, understood in wrong)


if __name__ == "__main__":
    main()
