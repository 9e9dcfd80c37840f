"""Pure market knowledge: pool arithmetic, event decoding, recordings, and what our own fills would have moved. No I/O but files."""
