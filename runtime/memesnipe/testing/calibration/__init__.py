"""How often noise passes the gate and how often a modest edge does, measured through the engine that judges strategies."""
