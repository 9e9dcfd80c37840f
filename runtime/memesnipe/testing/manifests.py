"""Manifests as a person writes them, for tests that start from YAML."""

PORTFOLIO = """
apiVersion: memesnipe.io/v1alpha1
kind: Allocation
metadata: {name: default}
spec: {capitalSol: 20}
---
apiVersion: memesnipe.io/v1alpha1
kind: RiskPolicy
metadata: {name: default}
spec: {}
"""
"""Capital and the default limits: what every folder needs beside its strategies."""


def a_strategy(name: str = "momentum", spec: str = "strategy: momentum") -> str:
    """Return one Strategy manifest; `spec` is the inside of its flow mapping."""
    return f"apiVersion: memesnipe.io/v1alpha1\nkind: Strategy\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"
