"""The statistics behind the gate: pure functions of returns, each with its published source, all seeded. Floats only live here."""
