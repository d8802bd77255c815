"""What an inventory says of performance: limits, endpoints to ask, the form of the access log, Prometheus.

Every default is meant to hold on a healthy server of any size: a limit that cries wolf is soon not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from hummii_ops.inventory import fields
from hummii_ops.inventory.fields import Frozen

Percent = Annotated[float, Field(gt=0, le=100)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Milliseconds = Annotated[float, Field(gt=0, le=3_600_000)]
Required = Literal["responses", "requests", "statements", "prometheus"]


class Limits(Frozen):
    """What performance may be at most. What has a * breaks the verdict of `fab verify`; the rest is only shown."""

    response_p95_ms: Milliseconds = Field(
        default=1000, description="* 95 of 100 answers of a critical endpoint, asked on the host itself, come sooner."
    )
    request_p95_ms: Milliseconds = Field(
        default=1000, description="* 95 of 100 requests of users, as the proxy's access log tells, take less."
    )
    errors_percent: Percent = Field(
        default=1, description="* Share of answers with 5xx, of users' requests and of our own."
    )
    window_s: Annotated[int, Field(ge=60, le=86_400)] = Field(
        default=600, description="Seconds of the access log that are looked at, never from before the release."
    )
    least_requests: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=100, description="Fewer requests than this are not judged."
    )
    disk_percent: Percent = Field(default=95, description="* Used room of a file system.")
    inodes_percent: Percent = Field(default=95, description="* Used inodes of a file system.")
    memory_percent: Percent = Field(default=95, description="Memory of the host that is not available.")
    service_memory_percent: Percent = Field(default=90, description="Memory of a container, of what it may have.")
    cpu_percent: Percent = Field(
        default=90, description="Time of all cores that a service, or what is not of the stack, takes."
    )
    load_per_core: Annotated[float, Field(gt=0, le=1000)] = Field(
        default=4, description="Load average of a minute, by core."
    )
    pressure_percent: Percent = Field(
        default=25, description="Time in which some task waits for CPU, or all of them for memory or disk (PSI)."
    )
    steal_percent: Percent = Field(default=5, description="Time that the hypervisor gives to other machines.")
    connections_percent: Percent = Field(default=95, description="* Connections of the database, of max_connections.")
    blocked_s: Seconds = Field(default=10, description="* A session waits for another one's lock for so long.")
    idle_in_transaction_s: Seconds = Field(default=60, description="A transaction is open and does nothing.")
    transaction_s: Seconds = Field(default=600, description="A transaction is open; pg_dump and ours do not count.")
    statement_ms: Milliseconds = Field(
        default=1000, description="Mean time of a statement in the seconds that are looked at (pg_stat_statements)."
    )
    required: tuple[Required, ...] = Field(
        default=(),
        description="What must be judged: responses, requests, statements, prometheus. Too little of it is "
        "inconclusive then (10); else it is skipped.",
    )


class AccessLog(Frozen):
    """How the proxy writes a request into its log, as `docker logs` shows it."""

    format: Literal["auto", "json", "combined"] = Field(
        default="auto",
        description="combined: nginx's own, which has no times. json: an object a line. auto: each line as it looks.",
    )
    status_key: fields.LogKey = Field(default="status", description="Key of the answer's status in JSON.")
    time_key: fields.LogKey = Field(default="request_time", description="Key of the request's duration in JSON.")
    time_unit: Literal["s", "ms", "us", "ns"] = Field(
        default="s", description="Unit of that duration; Traefik writes ns (DownstreamStatus, Duration)."
    )
    ignore: tuple[fields.UrlPath, ...] = Field(
        default=("/socket.io/",),
        description="Requests whose path begins so do not count, like those of health.path: a long poll lasts as long "
        "as a chat.",
    )


class PrometheusQuery(Frozen):
    """A question of your own to Prometheus."""

    query: fields.Text = Field(description="PromQL that gives one number.")
    limit: float | None = Field(default=None, description="More than this is a fail; null: only shown.")
    unit: fields.Text | None = Field(default=None, description="Unit of the number, for people.")
    critical: bool = Field(default=False, description="true: a fail breaks the verdict.")


class Prometheus(Frozen):
    """A Prometheus that knows the stack."""

    url: fields.BaseUrl = Field(description="Its address, as the one who asks reaches it.")
    asked_from: Literal["here", "host"] = Field(
        default="here", description="Who asks: this machine, or the host itself (then the URL is its own)."
    )
    labels: Mapping[fields.VariableName, fields.Text] = Field(
        default={}, description="Labels that choose the stack's series, such as {job: hummii}."
    )
    requests_metric: fields.MetricName = Field(default="http_requests_total", description="Counter of requests.")
    status_label: fields.VariableName = Field(default="status", description="Its label with the HTTP status.")
    durations_metric: fields.MetricName = Field(
        default="http_request_duration_seconds", description="Histogram of durations in seconds, without `_bucket`."
    )
    window_s: Annotated[int, Field(ge=10, le=86_400)] = Field(
        default=300, description="Seconds that a rate is made of; at least four times the scrape interval."
    )
    timeout_s: Annotated[float, Field(gt=0, le=60)] = Field(default=5, description="Seconds for each question.")
    queries: Mapping[fields.Name, PrometheusQuery] = Field(
        default={}, description="Questions of your own, by name, beside those for errors, p95 and samples."
    )
