"""How much of the capital each strategy deserves, from what it earned: pure functions of a table of returns. The stage's only numpy."""
