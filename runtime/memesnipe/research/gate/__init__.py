"""What is demanded of evidence, what was measured, and the sealed record of both."""
