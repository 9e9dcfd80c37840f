"""Strategies that ship with MemeSnipe: one module each, its manifest and document beside it."""
