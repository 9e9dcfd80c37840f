"""The Kubernetes operator: reconciles Strategy, Allocation and RiskPolicy resources."""
