"""wallet_guard: the last stage before the signer, with limits of its own.

On paper it fills orders from pool reserves at the chain's costs. Live it builds the swap, checks the bytes, asks the signer for a
signature and lands the transaction, once. It alone says what happened to the wallet (`Fill`).
"""
