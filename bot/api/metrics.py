"""Figures for machines that watch: what came in, what waits, what is in trouble."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.db import figures, telling
from core.domain.metrics import Lag
from core.engine import Engine

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Counts:
    """Counted in this process since it started, and read from the database when asked."""

    def __init__(self, engine: Engine) -> None:
        self.registry = CollectorRegistry()
        self._webhooks = Counter(
            "wismo_webhooks", "Webhooks received", ["kind", "outcome"], registry=self.registry
        )
        self._commands = Counter(
            "wismo_api_commands",
            "Commands by the API",
            ["command", "outcome"],
            registry=self.registry,
        )
        self.registry.register(_Stored(engine))

    def webhook(self, kind: str, outcome: str) -> None:
        self._webhooks.labels(kind, outcome).inc()

    def command(self, name: str, outcome: str) -> None:
        self._commands.labels(name, outcome).inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)


class _Stored(Collector):
    """Gauges from the database, over all shops and without personal data."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterable[Metric]:
        for name, counts in self._engine.read(figures.by_state).items():
            gauge = GaugeMetricFamily(f"wismo_{name}", f"{name} by state", labels=["state"])
            for state, count in counts.items():
                gauge.add_metric([state], count)
            yield gauge
        yield from _told(self._engine.read(lambda s: telling.lag(s, self._engine.clock())))

    def describe(self) -> Iterable[Metric]:
        return ()


def _told(lag: Lag) -> Iterable[Metric]:
    """How long channels took to hear of moved stock in the last hour, and what they wait for."""
    seconds = GaugeMetricFamily(
        "wismo_stock_told_lag_seconds",
        "Seconds from a stock move until a channel was told, over the last hour",
        labels=["quantile"],
    )
    for quantile, value in (("0.5", lag.median), ("0.95", lag.most), ("1", lag.worst)):
        seconds.add_metric([quantile], value)
    yield seconds
    yield GaugeMetricFamily("wismo_stock_told", "Tellings in the last hour", lag.told)
    yield GaugeMetricFamily("wismo_stock_untold", "Stock levels to be told", lag.waiting)
    yield GaugeMetricFamily("wismo_stock_untold_seconds", "Since when", lag.oldest)
