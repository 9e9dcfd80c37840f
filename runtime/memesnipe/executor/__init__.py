"""One strategy in its own process: events in, order intents out.

The executor routes the events a strategy subscribed to, checks its answers, gives intents ids that a replay makes again,
and keeps the strategy's own book. It knows neither mode nor keys; risk_guardian decides what becomes of an intent.
"""
