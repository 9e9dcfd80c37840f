"""A collector of traces as tracer meets it: a real HTTP server that reads OTLP's protobuf, or answers what a test wants it to."""

import gzip
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from memesnipe.testing.loopback import Loopback, Silent

KEY = "k3yOfTheCollector"


class Seen(NamedTuple):
    """One span as it came over the wire."""

    trace_id: str
    span_id: str
    parent: str
    name: str
    service: str
    start_ns: int
    end_ns: int
    attributes: dict[str, str | int | float]
    failed: str
    """Its status' message where that is an error, else ""."""


class TraceCollector(Loopback):
    """Listens on loopback while it is entered. `status`: what it answers; `rejects`: spans that it says it left out of each batch."""

    def __init__(self) -> None:
        self.spans: list[Seen] = []
        self.keys: set[str] = set()
        self.asked, self.status, self.rejects, self.retry_after = 0, 200, 0, ""
        super().__init__(self._door())

    @property
    def url(self) -> str:
        """Where it takes traces."""
        return f"http://{self.place}/v1/traces"

    def of(self, trace_id: str) -> list[Seen]:
        """Return a trace's spans by their start, each once: a span that comes twice is the same span."""
        found = {span.span_id: span for span in self.spans if span.trace_id == trace_id}
        return sorted(found.values(), key=lambda span: (span.start_ns, span.end_ns))

    def hear(self, body: bytes, key: str) -> tuple[int, bytes]:
        """Take a request; return status and body."""
        self.asked += 1
        self.keys.add(key)
        answer = ExportTraceServiceResponse()
        if self.status == 200:
            self.spans += _seen(body)
            answer.partial_success.rejected_spans = self.rejects
        return self.status, answer.SerializeToString()

    def _door(self) -> type[Silent]:
        collector = self

        class Door(Silent):
            def do_POST(self) -> None:  # noqa: N802 - the name is the standard library's
                """Answer a batch."""
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                body = gzip.decompress(raw) if self.headers.get("Content-Encoding") == "gzip" else raw
                right = self.path == "/v1/traces" and self.headers["Content-Type"] == "application/x-protobuf"
                status, answer = collector.hear(body, self.headers.get("X-Key", "")) if right else (404, b"")
                self.send_response(status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                if collector.retry_after:
                    self.send_header("Retry-After", collector.retry_after)
                self.end_headers()
                self.wfile.write(answer)

        return Door


def _seen(body: bytes) -> list[Seen]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        Seen(
            span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.name,
            str(_value(next(one.value for one in batch.resource.attributes if one.key == "service.name"))),
            span.start_time_unix_nano, span.end_time_unix_nano, {one.key: _value(one.value) for one in span.attributes},
            span.status.message if span.status.code == span.status.STATUS_CODE_ERROR else "",
        )
        for batch in request.resource_spans for scope in batch.scope_spans for span in scope.spans
    ]  # fmt: skip


def _value(value: AnyValue) -> str | int | float:
    found = getattr(value, value.WhichOneof("value") or "string_value")
    return found if isinstance(found, int | float) else str(found)
