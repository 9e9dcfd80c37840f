"""From returns to what the gate looks at. What is demanded, and the sealed record of it, is in `memesnipe.evidence`."""
