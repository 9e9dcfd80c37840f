"""The only holder of the wallet key. It trusts nobody's word: it checks two approvals, a lease and the bytes themselves, keeps
what it signed in a store of its own before the signature leaves, and speaks HTTP to wallet_guard and to nothing else.
"""
