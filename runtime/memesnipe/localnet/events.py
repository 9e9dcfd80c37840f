"""pump.fun's events in their Borsh layout, as `Program data:` log lines and as self-CPI data.

Field order from the public IDL and from mainnet captures of mid-2026 (a create and a buy): fields are only ever appended, readers must
tolerate trailing bytes. Amounts in lamports and token units, times in unix seconds. A SOL-quoted curve has the default key as quote mint.
"""

import base64
import struct

from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.localnet.curve import Outcome
from memesnipe.localnet.pools import Pool, Side
from memesnipe.localnet.settle import Swap

FEE_RECIPIENT = Pubkey.from_string("62qc2CNXwrYqQScmEdiZFFAnJR262PxWEuNQtxfafNgV")
DEFAULT_KEY = bytes(32)


def trade_event(before: Pool, pool: Pool, side: Side, user: str, outcome: Outcome, unix_s: int) -> bytes:
    """TradeEvent: reserves are the state AFTER the trade, `sol_amount` is without fees."""
    tokens, buy = abs(outcome.base_delta_units), side == "buy"
    reserves = (pool.virtual_quote_lamports, pool.virtual_base_units, pool.real_quote_lamports, pool.real_base_units)
    name = b"buy_exact_sol_in" if buy else b"sell"
    body = _key(pool.mint) + struct.pack("<QQ?", outcome.quote_lamports, tokens, buy) + _key(user)
    body += struct.pack("<q4Q", unix_s, *reserves)
    body += bytes(FEE_RECIPIENT) + struct.pack("<QQ", pool.protocol_fee_bps, outcome.protocol_fee)
    body += _key(pool.creator) + struct.pack("<QQ", pool.creator_fee_bps, outcome.creator_fee)
    body += struct.pack("<?3Qq", False, 0, 0, 0, 0) + struct.pack("<I", len(name)) + name
    body += struct.pack("<?4Q", False, 0, 0, 0, 0) + struct.pack("<I", 0) + DEFAULT_KEY
    body += struct.pack("<3Q", outcome.quote_lamports, pool.virtual_quote_lamports, pool.real_quote_lamports)
    return programs.PUMP_TRADE_EVENT + body


def create_event(pool: Pool, unix_s: int) -> bytes:
    """CreateEvent of a curve at its starting reserves."""
    body = b"".join(struct.pack("<I", len(text)) + text for text in (pool.name.encode(), pool.symbol.encode(), pool.uri.encode()))
    body += _key(pool.mint) + _key(pool.address) + _key(pool.creator) * 2
    body += struct.pack("<q", unix_s)
    body += struct.pack("<4Q", pool.virtual_base_units, pool.virtual_quote_lamports, pool.real_base_units, pool.supply_units)
    body += _key(pool.token_program) + struct.pack("<??", False, False) + DEFAULT_KEY
    return programs.PUMP_CREATE_EVENT + body + struct.pack("<Q", pool.virtual_quote_lamports)


def data_line(event: bytes) -> str:
    """The log line an event is emitted as."""
    return f"Program data: {base64.b64encode(event).decode()}"


def swap_event(swap: Swap, unix_s: int) -> bytes | None:
    """The event a user's swap causes; only curves emit one here."""
    if swap.pool.kind != "bonding_curve":
        return None
    return trade_event(swap.before, swap.pool, swap.side, str(swap.route.user), swap.outcome, unix_s)


def swap_logs(swap: Swap, unix_s: int) -> list[str]:
    """What the curve's program logs inside a user's swap."""
    event = swap_event(swap, unix_s)
    return pump_logs("BuyExactSolIn" if swap.side == "buy" else "Sell", event, depth=2) if event else []


def pump_logs(instruction: str, event: bytes, depth: int) -> list[str]:
    """The log lines of one pump.fun instruction that emits one event."""
    program = programs.PUMP_PROGRAM
    head = [f"Program {program} invoke [{depth}]", f"Program log: Instruction: {instruction}", data_line(event)]
    return [*head, f"Program {program} success"]


def _key(address: str) -> bytes:
    return bytes(Pubkey.from_string(address))
