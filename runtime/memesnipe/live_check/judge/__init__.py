"""The judgements: facts in, a finding out. No clock, no network, no file: read `table` to know what is checked."""
