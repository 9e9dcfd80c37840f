"""Spans -> a collector, by OTLP over HTTP: the protocol's own messages, loaded here alone, carried by httpx.

https://opentelemetry.io/docs/specs/otlp/#otlphttp says what is sent and which answers are final. OpenTelemetry's SDK stays away on purpose:
redis-py loads it wherever it is installed, into every process that opens Redis, and its exporter tells no more of an answer than yes or no.
"""

import asyncio
import gzip
import ssl
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import httpx
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2 as otlp

from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.settings import variable
from memesnipe.tracing.settings import TracingSettings
from memesnipe.tracing.spans import ROOT_SERVICE, Span, Value

FINAL = (400, 413, 415, 422)
"""What is in the batch is at fault: it would be refused for ever. Any other answer may be put right by a person, or by time."""
ANSWER_BYTES_MAX = 65_536
FLAGS = otlp.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK | 1
"""Sampled, as W3C Trace Context has it, and its parent is known to be ours."""
HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip", "User-Agent": "memesnipe"}


class Answer(NamedTuple):
    """What became of a batch. `why` says, without a word of the collector's, how it failed: `unreachable` or `http_<status>`."""

    taken: bool
    final: bool = True
    why: str = ""
    rejected: int = 0
    """Spans that the collector left out of a batch it took."""
    after_s: float = 0.0
    """How long it asked to be left alone."""


class Collector:
    """One collector; its address and headers are never shown. Neither a proxy nor a .netrc was named to us, so none is looked for."""

    def __init__(self, settings: TracingSettings) -> None:
        self._url, self._timeout_s = settings.url(), settings.otlp_timeout_s
        self._http = httpx.AsyncClient(
            headers={**settings.headers(), **HEADERS}, verify=_trusted(settings.ca_file()), timeout=self._timeout_s, trust_env=False
        )

    def __repr__(self) -> str:
        return "Collector(...)"

    async def export(self, spans: Sequence[Span]) -> Answer:
        """Hand spans over, once."""
        body = gzip.compress(request_of(spans).SerializeToString(), 6)
        try:
            async with asyncio.timeout(self._timeout_s), self._http.stream("POST", self._url, content=body) as response:
                said = await _begin_of(response)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            return Answer(taken=False, final=False, why="unreachable")
        if 200 <= response.status_code < 300:
            return Answer(taken=True, rejected=_rejected(said))
        final = response.status_code in FINAL
        return Answer(False, final, f"http_{response.status_code}", after_s=_seconds(response.headers.get("retry-after", "")))

    async def close(self) -> None:
        """Close the connection."""
        await self._http.aclose()


def request_of(spans: Sequence[Span]) -> ExportTraceServiceRequest:
    """Return the protocol's message: spans by the stage whose they are."""
    by_service = groupby(sorted(spans, key=lambda span: span.service), key=lambda span: span.service)
    return ExportTraceServiceRequest(resource_spans=[_of_service(service, [*group]) for service, group in by_service])


def _of_service(service: str, spans: Sequence[Span]) -> otlp.ResourceSpans:
    found = otlp.ResourceSpans(scope_spans=[otlp.ScopeSpans(spans=[_span(span) for span in spans])])
    found.resource.attributes.extend([_attribute("service.name", service), _attribute("service.namespace", ROOT_SERVICE)])
    found.scope_spans[0].scope.name = "memesnipe.tracing"
    return found


def _span(span: Span) -> otlp.Span:
    return otlp.Span(
        trace_id=bytes.fromhex(span.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent),
        name=span.name,
        kind=otlp.Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=span.start_ns,
        end_time_unix_nano=span.end_ns,
        attributes=[_attribute(name, value) for name, value in span.attributes.items()],
        status=otlp.Status(code=otlp.Status.STATUS_CODE_ERROR if span.error else otlp.Status.STATUS_CODE_OK, message=span.error),
        flags=FLAGS,
    )


def _attribute(name: str, value: Value) -> KeyValue:
    if isinstance(value, str):
        return KeyValue(key=name, value=AnyValue(string_value=value))
    return KeyValue(key=name, value=AnyValue(int_value=value) if isinstance(value, int) else AnyValue(double_value=value))


def _trusted(ca_file: str) -> ssl.SSLContext:
    """Raises ConfigError where the file holds no certificate."""
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (ssl.SSLError, OSError):
        raise ConfigError(f"{variable('otlp_ca_file')}: {ca_file} holds no certificate") from None


async def _begin_of(response: httpx.Response) -> bytes:
    """A stranger's answer may have no end."""
    said = b""
    async for piece in response.aiter_bytes():
        said += piece
        if len(said) > ANSWER_BYTES_MAX:
            break
    return said


def _rejected(said: bytes) -> int:
    """Return how many spans the answer says were left out; one that is not the protocol's says nothing."""
    try:
        return max(0, ExportTraceServiceResponse.FromString(said).partial_success.rejected_spans)
    except DecodeError:
        return 0


def _seconds(text: str) -> float:
    """A date, which it may be as well, is not worth its reading: the next one asked for comes soon enough."""
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0.0
