"""Redis Streams as this product uses them: one topology table, exactly-once effects, market frames, dead letters."""
