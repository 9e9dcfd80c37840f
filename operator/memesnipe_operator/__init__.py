"""The operator: Strategy, Allocation and RiskPolicy as custom resources; everything that a cluster runs is made from them here."""
