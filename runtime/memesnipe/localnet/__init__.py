"""A Solana memecoin market in a box: the peer of every live-path test and the chain behind a host's first run.

One port speaks the parts of Solana RPC, Helius, Jupiter and Jito that MemeSnipe uses, on top of LiteSVM, with pools moved by seeded
agents or by a recording. It shares no code with the clients it tests, only the public constants of `memesnipe.chain.programs`.
"""
