"""Strategy, Allocation and RiskPolicy as models: the same YAML on a host and in a cluster, validated by the same code."""
