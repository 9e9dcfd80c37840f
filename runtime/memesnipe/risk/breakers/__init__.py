"""Breakers of risk_guardian: when it stops buying by itself, and what ends that.

Falls of equity within a day, a week and from the top, losing streaks, stops in a row, losing tokens, a strategy that loops. All of it is
folded from what the book is folded from, kept in the book, and looked at before each buy. A sell or an exit is never refused here.
"""
