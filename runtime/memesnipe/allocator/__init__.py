"""autonomous_allocator: how much capital each strategy may use. Every decision is a versioned record of its inputs' hash.

For now capital is split equally, or as the applied weights say; results of each strategy are counted for what comes next.
"""
