"""Swap transactions made to steal: each kind with what it would gain and the one check that refuses it. See `corpus`."""
