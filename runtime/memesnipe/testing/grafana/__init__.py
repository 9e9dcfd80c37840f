"""The Grafana dashboards, as tables of queries. `python -m memesnipe.testing.grafana` writes them for chart and compose alike."""
