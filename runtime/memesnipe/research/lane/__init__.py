"""The compiled lane: a strategy that declares its signal, backtested by machine code. For parameter search alone, never to trade."""
