"""A recording moves the pools: each recorded slot is put on as one slot of ours, in order, silences shortened.

What happens is a function of (seed, recording, slot), so one recording gives one market. How far it has come is part of the chain and is
committed with the pools, so a killed localnet goes on with the next recorded slot: none is skipped, none is played twice. A recorded
state replaces whatever users' swaps did to the pool since the one before. Subscribers get each launch and trade as they get the agents'.
"""

import msgspec
from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.kernel.logs import logger
from memesnipe.localnet import seeds, synthetic
from memesnipe.localnet.chain import Chain, Progress
from memesnipe.localnet.curve import Outcome, ceil_bps
from memesnipe.localnet.market import blank_pool
from memesnipe.localnet.pools import Pool, Side
from memesnipe.localnet.tape import Row, Tape

WALLETS = 64
KEPT_BASE_UNITS = programs.PUMP_VIRTUAL_BASE_START_UNITS - programs.PUMP_REAL_BASE_START_UNITS
"""By how much a curve's virtual token reserve exceeds what it can sell."""


def act(chain: Chain, tape: Tape) -> None:
    """One slot of ours: the next recorded slot, if its time has come."""
    played = chain.progress.played
    if played == len(tape.slots) or chain.slot < chain.progress.last_slot + wait_slots(chain, tape, played):
        return
    for row in tape.slots[played]:
        _launch(chain, row) if row.kind == "launch" else _price(chain, row)
    chain.progress = Progress(tape.identity, played + 1, chain.slot)
    if played + 1 == len(tape.slots):
        logger().info("localnet_recording_finished", slots=played + 1)


def wait_slots(chain: Chain, tape: Tape, at: int) -> int:
    """Slots of ours from one recorded slot to the next: the recorded gap by the speed, at least 1 and at most the longest silence.

    The first waits the longest silence, which gives subscribers time to come.
    """
    longest = chain.settings.recording_silence_slots
    return min(-(-tape.gap(at) // chain.settings.recording_speed), longest) if at else longest


def _launch(chain: Chain, row: Row) -> None:
    if chain.market.get(row.mint):
        return
    pool = _open(chain, row)
    if pool.kind == "bonding_curve":
        synthetic.record_create(chain, pool)


def _price(chain: Chain, row: Row) -> None:
    """A token first seen in mid-life gets its pool here and no launch is told: it was not launched here."""
    before = chain.market.get(row.mint) or _open(chain, row)
    pool = _with_state(before, row, chain.slot)
    chain.market.overwrite(pool)
    if row.trade_side and row.trade_lamports and row.trade_units:
        _tell(chain, before, pool, row.trade_side, row.trade_lamports, row.trade_units)


def _tell(chain: Chain, before: Pool, pool: Pool, side: Side, lamports: int, units: int) -> None:
    """The recorded trade as a transaction of a made-up wallet: a recording's columns do not say whose it was."""
    protocol, creator = (ceil_bps(lamports, bps) for bps in (pool.protocol_fee_bps, pool.creator_fee_bps))
    if side == "buy":
        amount_in, outcome = lamports + protocol + creator, Outcome(units, lamports, -units, protocol, creator)
    else:
        amount_in, outcome = units, Outcome(max(lamports - protocol - creator, 0), -lamports, units, protocol, creator)
    wallet = seeds.pubkey(chain.settings.seed, "wallet", (chain.slot + chain.next_index()) % WALLETS)
    synthetic.record_trade(chain, before, pool, side, amount_in, outcome, str(wallet))


def _open(chain: Chain, row: Row) -> Pool:
    seed, symbol = chain.settings.seed, row.mint[:4].upper()
    creator = str(seeds.pubkey(seed, "creator", row.mint))
    pool = blank_pool(seed, Pubkey.from_string(row.mint), row.pool_kind, symbol, symbol, creator)
    born = msgspec.structs.replace(pool, decimals=row.decimals, created_slot=chain.slot, created_unix_s=chain.unix_s)
    pool = _with_state(born, row, chain.slot)
    chain.market.open(pool)
    return pool


def _with_state(pool: Pool, row: Row, slot: int) -> Pool:
    """The pool in the recorded state. A curve's real reserves are not in the columns: they follow from its fixed starting point."""
    curve = pool.kind == "bonding_curve"
    return msgspec.structs.replace(
        pool,
        virtual_quote_lamports=row.quote_lamports,
        virtual_base_units=row.base_units,
        real_quote_lamports=max(0, row.quote_lamports - programs.PUMP_VIRTUAL_QUOTE_START_LAMPORTS) if curve else row.quote_lamports,
        real_base_units=max(0, row.base_units - KEPT_BASE_UNITS) if curve else row.base_units,
        last_slot=slot,
        **_fees(pool, row.fee_bps),
    )


def _fees(pool: Pool, fee_bps: int | None) -> dict[str, int]:
    """A recording has all fees in one number: the creator's share is pump.fun's usual one. 0 is "not stated"."""
    if not fee_bps:
        return {}
    creator = min(programs.PUMP_CREATOR_FEE_BPS, fee_bps) if pool.kind == "bonding_curve" else 0
    return {"protocol_fee_bps": fee_bps - creator, "creator_fee_bps": creator}
