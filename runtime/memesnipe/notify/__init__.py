"""notifier: tells a person, where they are, what happened to their money: fills, halts, promotions, alerts, a daily summary.

It reads streams and ledger and owns no consumer group: a chat that does not answer must never keep an order stream from being trimmed,
nor any stage from its work. Destinations are apprise URLs in a secret file; without the file it is not started.
"""
