"""From a study to its sealed record: what was walked is measured, judged, written down and drawn. Judging again is `memesnipe.evidence`."""
