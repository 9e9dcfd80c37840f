"""What a transaction may do: swap the approved amount of one token through one Jupiter route, and what that needs. Nothing else.

Allow-list, instruction by instruction; each refusal has a reason code and a sentence for a person. Both wallet_guard (before it
approves) and signer (before it signs) apply it, to the same bytes. Pure.

Read `judge` first, then the program you care about. Each rule is one function with one refusal, called by its name: the corpus
(`memesnipe.testing.mutants`) takes them away one at a time and shows what would then be signed. There is no other way to take one away.

Every account whose identity matters must be a STATIC key of the message: what a lookup table holds, only the guard has seen on chain.
"""

from memesnipe.chain.policy.accounts import token_account
from memesnipe.chain.policy.judge import check
from memesnipe.chain.policy.seen import TOKEN_ACCOUNT_RENT_LAMPORTS, Summary
from memesnipe.chain.policy.terms import Limits, Terms, price_floor, sells, terms_of

__all__ = ["TOKEN_ACCOUNT_RENT_LAMPORTS", "Limits", "Summary", "Terms", "check", "price_floor", "sells", "terms_of", "token_account"]
