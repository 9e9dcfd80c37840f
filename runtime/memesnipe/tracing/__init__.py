"""tracer: makes of each order one OpenTelemetry trace, from the event that caused it to its fill or refusal, and hands it to a collector.

The trace is in the message: every outcome carries its hops (`messages.way`) and the order's id is the trace's. So one service that only
reads makes all spans, no stage does anything more for them, and a collector that is slow or away costs no order. It owns no consumer
group. Without MEMESNIPE_OTLP_URL it is not started.
"""
