"""Prometheus metrics. Requests are counted in process; task figures are read from the rows when scraped."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Avg, Count, ExpressionWrapper, F, Min
from django.db.models.fields import DurationField
from prometheus_client import REGISTRY, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

REQUESTS = Counter("plugzero_http_requests", "Answered requests", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "plugzero_http_request_seconds",
    "Time to answer",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    REQUESTS.labels(method, route, str(status)).inc()
    REQUEST_SECONDS.labels(route).observe(seconds)


class TaskCollector(Collector):
    """Runs by kind and state, depth and age of each queue, mean duration by kind."""

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return []

    def collect(self) -> Iterable[GaugeMetricFamily]:
        from plugzero_api.kernel.clock import database_now
        from plugzero_api.kernel.models import WAITING_STATES, TaskRun, TaskState

        rows = TaskRun._base_manager.all()
        runs = GaugeMetricFamily("plugzero_task_runs", "Task runs", labels=["kind", "state"])
        for kind, state, count in rows.values_list("kind", "state").annotate(count=Count("pk")).order_by():
            runs.add_metric([kind, state], count)
        yield runs

        depth = GaugeMetricFamily("plugzero_task_queue_depth", "Waiting runs", labels=["queue"])
        age = GaugeMetricFamily(
            "plugzero_task_queue_oldest_seconds", "Age of the oldest waiting run", labels=["queue"]
        )
        now = database_now()
        waiting = rows.filter(state__in=WAITING_STATES).values_list("queue")
        for queue, count, oldest in waiting.annotate(count=Count("pk"), oldest=Min("created_at")).order_by():
            depth.add_metric([queue], count)
            age.add_metric([queue], (now - oldest).total_seconds())
        yield depth
        yield age

        beat = GaugeMetricFamily("plugzero_task_running", "Runs now executing", labels=["queue"])
        for queue, count in (
            rows.filter(state=TaskState.STARTED).values_list("queue").annotate(n=Count("pk")).order_by()
        ):
            beat.add_metric([queue], count)
        yield beat

        duration = GaugeMetricFamily(
            "plugzero_task_mean_seconds", "Mean time from start to end", labels=["kind"]
        )
        spent = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())
        done = rows.filter(state=TaskState.SUCCESS, started_at__isnull=False).values_list("kind")
        for kind, mean in done.annotate(mean=Avg(spent)).order_by():
            duration.add_metric([kind], mean.total_seconds() if mean else 0.0)
        yield duration


REGISTRY.register(TaskCollector())
