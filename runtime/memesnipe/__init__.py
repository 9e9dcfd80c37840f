"""MemeSnipe runtime: the services that turn market events into fills, each restartable at any instant."""
