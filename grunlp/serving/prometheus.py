"""Metrics for Prometheus.

Labels have few values: ids of models and names of routes, never text that clients send.
"""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import Scope

_SECONDS_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_COUNT_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256)

CONTENT_TYPE = CONTENT_TYPE_LATEST


class ServerMetrics:
    """The metrics of one server, in their own registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        options: dict[str, Any] = {"registry": self.registry}
        self._answers = Counter("grunlp_answers", "Responses by route and status.", ["route", "status"], **options)
        self._seconds = Histogram(
            "grunlp_answer_seconds",
            "Seconds from the headers of a request to the end of its response.",
            ["route"],
            buckets=_SECONDS_BUCKETS,
            **options,
        )
        self._batches = Histogram(
            "grunlp_batch_texts",
            "Texts that a model predicted in a batch.",
            ["model"],
            buckets=_COUNT_BUCKETS,
            **options,
        )
        self._busy = Counter("grunlp_busy_seconds", "Seconds in which a model predicted.", ["model"], **options)
        self._tokens = Counter("grunlp_tokens", "Tokens that a model read.", ["model"], **options)
        self._dropped = Counter("grunlp_dropped_texts", "Texts whose client had disconnected.", ["model"], **options)
        self._waiting = Gauge("grunlp_waiting_tokens", "Tokens that wait for a model.", ["model"], **options)

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a response. Requests for unknown URLs share a label."""
        route = getattr(scope.get("route"), "path", "none")
        self._answers.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def observe_batch(self, model: str, texts: int, tokens: int, seconds: float) -> None:
        """Record a batch of a model."""
        self._batches.labels(model).observe(texts)
        self._tokens.labels(model).inc(tokens)
        self._busy.labels(model).inc(seconds)

    def add_dropped(self, model: str, texts: int) -> None:
        """Count texts that were removed from the queue without an answer."""
        self._dropped.labels(model).inc(texts)

    def set_queue_tokens(self, model: str, tokens: int) -> None:
        """Set the length of the queue of a model."""
        self._waiting.labels(model).set(tokens)

    def text(self) -> bytes:
        """Return all metrics in the format of Prometheus."""
        return generate_latest(self.registry)
