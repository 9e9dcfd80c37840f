"""The signer's checks, in the order they run. Each returns a Refused or None; none may approve."""

from collections.abc import Callable

from memesnipe.approvals.approve import check_context
from memesnipe.chain.token_rules import check_token, mint_facts
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ExitIntent
from memesnipe.signer.case import Case, Replayed
from memesnipe.signer.store import Signed

Check = Callable[[Case], Refused | None]


def live_is_allowed_here(case: Case) -> Refused | None:
    """The installation's own switch: a paper deployment signs nothing, whoever asks."""
    return Refused(ReasonCode.MODE_MISMATCH, "PAPER_TRADING_MODE is on for this signer") if case.rails.paper else None


def lease_is_for_live(case: Case) -> Refused | None:
    """A lease may also say paper."""
    if case.lease.mode is not Mode.LIVE:
        return Refused(ReasonCode.MODE_MISMATCH, f"the lease is for {case.lease.mode.value}")
    return None


def lease_is_for_strategy(case: Case) -> Refused | None:
    """One strategy's lease must not carry another's orders."""
    if case.lease.strategy != case.request.intent.strategy:
        return Refused(ReasonCode.LEASE_INVALID, f"the lease is for {case.lease.strategy}")
    return None


def lease_is_for_chain(case: Case) -> Refused | None:
    """A localnet's lease must never move mainnet's money."""
    if not case.lease.genesis or case.rails.genesis not in ("", case.lease.genesis):
        return Refused(
            ReasonCode.GENESIS_MISMATCH, f"the lease is for chain {case.lease.genesis!r}, this signer for {case.rails.genesis!r}"
        )
    return None


def lease_is_for_spec(case: Case) -> Refused | None:
    """The evidence behind a lease is for one spec. An exit closes what is held, whatever opened it."""
    intent = case.request.intent
    if not isinstance(intent, ExitIntent) and intent.spec_hash != case.lease.spec_hash:
        return Refused(ReasonCode.SPEC_MISMATCH, f"the lease is for spec {case.lease.spec_hash!r}, the order of {intent.spec_hash!r}")
    return None


def lease_allows_new_risk(case: Case) -> Refused | None:
    """The longer exit lease outlives the control plane; it must not open anything."""
    if case.lease.reduce_only and not case.reduces:
        return Refused(ReasonCode.REDUCE_ONLY, "the lease is for exits and sells only")
    return None


def lease_allows_the_strategy(case: Case) -> Refused | None:
    """In HALTED a strategy may not even sell; a guard that is stolen would present the exit lease, which is left then."""
    if case.lease.exits_only and not isinstance(case.request.intent, ExitIntent):
        return Refused(ReasonCode.HALTED, "the lease is for protective exits and a person's close only")
    return None


def exit_is_not_of_the_paper_book(case: Case) -> Refused | None:
    """A paper position has no tokens in this wallet: its exit would sell another book's."""
    intent = case.request.intent
    if isinstance(intent, ExitIntent) and intent.mode is Mode.PAPER:
        return Refused(ReasonCode.MODE_MISMATCH, "the exit is of a paper position")
    return None


def approvals_fit_the_lease(case: Case) -> Refused | None:
    """All three must speak of the same mode, chain and policy."""
    try:
        for approval in (case.risk, case.guard):
            check_context(approval, mode=Mode.LIVE, genesis=case.lease.genesis, policy_hash=case.lease.policy_hash)
    except Refused as refused:
        return refused
    return None


def no_halt_came_between(case: Case) -> Refused | None:
    """A halt makes a new epoch. What was approved before it is dead, except exits, which every halt short of FROZEN allows.

    Nor does an exit wait for the lease to know the newest halt: a drawdown halt while the control plane is dead would trap it.
    """
    if isinstance(case.request.intent, ExitIntent):
        return None
    lease, approved = case.lease.halt_epoch, (case.risk.halt_epoch, case.guard.halt_epoch)
    if not (approved == (lease, lease) and lease >= case.known.halt_epoch):
        return Refused(ReasonCode.HALT_EPOCH, f"lease {lease}, risk {approved[0]}, guard {approved[1]}, seen {case.known.halt_epoch}")
    return None


def size_is_within_cap(case: Case) -> Refused | None:
    """Buys by what they spend. A sell has no size in lamports; its fees are capped below."""
    intent = case.request.intent
    if isinstance(intent, ExitIntent):
        return None
    if not ((intent.size_units if case.reduces else intent.size_lamports) > 0):
        return Refused(ReasonCode.BAD_INPUT, "the order's size is zero")
    cap = min(case.lease.size_lamports_max, case.rails.size_lamports_max)
    if not case.reduces and not (intent.size_lamports <= cap):
        return Refused(ReasonCode.TRADE_SIZE, f"{intent.size_lamports} lamports, cap {cap} for one transaction")
    return None


def bought_mint_is_shown(case: Case) -> Refused | None:
    """What cannot be looked at is not bought. A sell needs nothing: what is held must be sold, whatever it has become."""
    if not case.reduces and case.request.mint is None:
        return Refused(ReasonCode.TOKEN_MINT, "a buy carries no account of its mint")
    return None


def bought_token_is_harmless(case: Case) -> Refused | None:
    """A token that somebody can freeze, seize, tax or mint at will: the guard refuses it too, and may be mistaken or stolen."""
    mint = case.request.mint
    if case.reduces or mint is None:
        return None
    try:
        check_token(mint_facts(mint.program, mint.data), case.rails.token_rules)
    except Refused as refused:
        return refused
    return None


def same_attempt_is_the_same_bytes(case: Case) -> Refused | None:
    """Two messages for one attempt could both land."""
    same = _signed_as(case.request.attempt, case)
    if same is not None and same.message_digest != case.guard.message_digest:
        return Replayed(case.request.intent.id, same)
    return None


def attempt_follows_the_last(case: Case) -> Refused | None:
    """A skipped attempt is one that somebody else may have had signed elsewhere; an earlier one is a replay."""
    request, last = case.request, _last(case)
    if _signed_as(request.attempt, case) is None and request.attempt != last + 1:
        return Refused(ReasonCode.ATTEMPT, f"attempt {request.attempt} after {last}")
    return None


def attempts_are_not_used_up(case: Case) -> Refused | None:
    """What bounds the damage when a guard makes attempt after attempt of one approval."""
    if _signed_as(case.request.attempt, case) is None and not (case.request.attempt <= case.rails.attempts_max):
        return Refused(ReasonCode.ATTEMPT, f"attempt {case.request.attempt}, of at most {case.rails.attempts_max}")
    return None


def blockhash_is_no_older(case: Case) -> Refused | None:
    """A new attempt waits for the old one's expiry, so its own height is later; a smaller one is a lie about one of the two."""
    request, signed = case.request, case.known.signed
    if request.attempt > _last(case) and signed and not (request.last_valid_block_height >= signed[-1].last_valid_block_height):
        return Refused(ReasonCode.TX_BLOCKHASH, "a later attempt cannot have an older blockhash")
    return None


def _last(case: Case) -> int:
    return case.known.signed[-1].attempt if case.known.signed else 0


def _signed_as(attempt: int, case: Case) -> Signed | None:
    for each in case.known.signed:
        if each.attempt == attempt:
            return each
    return None


CHECKS: tuple[Check, ...] = (
    live_is_allowed_here,
    lease_is_for_live,
    lease_is_for_strategy,
    lease_is_for_chain,
    lease_is_for_spec,
    lease_allows_new_risk,
    lease_allows_the_strategy,
    exit_is_not_of_the_paper_book,
    approvals_fit_the_lease,
    no_halt_came_between,
    size_is_within_cap,
    same_attempt_is_the_same_bytes,
    attempt_follows_the_last,
    attempts_are_not_used_up,
    blockhash_is_no_older,
)


CHECKS_BEFORE_SIGNING: tuple[Check, ...] = (bought_mint_is_shown, bought_token_is_harmless)
"""Of new signatures alone: what was signed once is given again, whatever has become of its token."""


def spend_is_within_caps(case: Case, spend_lamports: int) -> Refused | None:
    """Sliding hour and day over ALL strategies of the wallet, under the smaller of the lease's cap and our own."""
    spent, lease, rails = case.known.spent, case.lease, case.rails
    hour, day = (spent.reducing_hour, spent.reducing_day) if case.reduces else (spent.hour, spent.day)
    windows = (
        ("hour", hour, min(lease.spend_lamports_per_hour_max, rails.spend_lamports_per_hour_max)),
        ("day", day, min(lease.spend_lamports_per_day_max, rails.spend_lamports_per_day_max)),
    )
    for name, so_far, cap in windows:
        if not (so_far + spend_lamports <= cap):
            return Refused(ReasonCode.SPEND_CAP, f"{so_far} + {spend_lamports} lamports in the last {name}, cap {cap}")
    return None
