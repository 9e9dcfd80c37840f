"""strategy_factory: finds the strategies that are installed and tells everyone what they are and how they may hurt."""
