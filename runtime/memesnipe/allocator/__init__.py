"""autonomous_allocator: how much capital each strategy may use. Every decision is a versioned record of its inputs' hash.

Capital is split equally, as the applied weights say, or by results (`weighing/`), as the Allocation asks.
"""
