"""Token checks of a launch, over RPC and Jupiter. A check that cannot be made stays None, and None is not a pass.

Mint authority, freeze authority and Token-2022 extensions from the mint's account; the largest holder beside the curve; and whether
anyone would buy the token back. Identity is the mint and its owner program, never the symbol.
"""

import asyncio
from typing import Any

import msgspec
from solders.pubkey import Pubkey

from memesnipe.chain.accounts import data_of
from memesnipe.chain.clients.jupiter import Jupiter
from memesnipe.chain.clients.rpc_types import Account
from memesnipe.chain.programs import (
    ATA_PROGRAM,
    PUMP_BONDING_CURVE_SEED,
    PUMP_PROGRAM,
    PUMP_SUPPLY_UNITS,
    TOKEN_2022_PROGRAM,
    TOKEN_PROGRAM,
    WRAPPED_SOL_MINT,
)
from memesnipe.chain.token_rules import MintFacts, mint_facts
from memesnipe.consumers.chain_reader import ChainReader, Holder
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.kernel.metrics import BAD_INPUT
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.market import Launch

BPS = 10_000
SELL_PROBE_UNITS = 1_000_000_000
"""A thousand tokens: small against any pool, large against rounding."""
SELL_PROBE_SLIPPAGE_BPS = 1_000


class TokenChecks:
    """Looks at a fresh token from outside; never raises for what the outside did."""

    def __init__(self, reader: ChainReader, jupiter: Jupiter, taker: str, wait_s_max: float) -> None:
        self._reader, self._jupiter, self._taker, self._wait_s_max = reader, jupiter, taker, wait_s_max

    async def checked(self, launch: Launch) -> Launch:
        """Return the launch with every check that could be made in time."""
        facts, holders, sellable = await asyncio.gather(
            self._made(self._facts(launch)),
            self._made(self._reader.largest_holders(launch.mint)),
            self._made(self._sellable(launch.mint)),
        )
        known: dict[str, Any] = {"sell_route_ok": sellable}
        if facts is not None:
            known |= {
                "token_program": facts.program,
                "mint_authority_revoked": facts.mint_authority is None,
                "freeze_authority_revoked": facts.freeze_authority is None,
                "extensions": tuple(facts.extensions),
            }
        if holders is not None:
            program = facts.program if facts else launch.token_program
            supply = facts.supply_units if facts else PUMP_SUPPLY_UNITS
            known["top_holder_bps"] = top_holder_bps(holders, curve_account(launch.mint, program), supply)
        return msgspec.structs.replace(launch, **known)

    async def _made(self, check: Any) -> Any:
        """Return what a check found, None when it could not be made."""
        try:
            async with asyncio.timeout(self._wait_s_max):
                return await check
        except (BadInput, Refused, Unavailable, TimeoutError):
            return None

    async def _facts(self, launch: Launch) -> MintFacts:
        account = await self._reader.account(launch.mint)
        try:
            return same_token(launch, account)
        except BadInput as error:
            BAD_INPUT.labels("token_checks", error.field).inc()
            logger().warning("bad_input", source="token_checks", field=error.field, reason=error.reason[:256], mint=launch.mint)
            raise

    async def _sellable(self, mint: str) -> bool:
        """Return whether somebody quotes a price for it. No route is an answer; silence is not."""
        try:
            build = await self._jupiter.build(
                input_mint=mint,
                output_mint=WRAPPED_SOL_MINT,
                amount=SELL_PROBE_UNITS,
                taker=self._taker,
                slippage_bps=SELL_PROBE_SLIPPAGE_BPS,
            )
        except Refused as error:
            if error.code is ReasonCode.NO_ROUTE:
                return False
            raise
        return int(build.out_amount) > 0


def same_token(launch: Launch, account: Account | None) -> MintFacts:
    """Return what the mint's account says if it is the token that was launched. Raises BadInput where it is none, or a look-alike.

    Decimals that differ would misprice it by powers of ten; an owner that is no token program may move its balances as it likes.
    """
    if account is None:
        raise BadInput("mint", "there is no such account")
    if account.owner not in (TOKEN_PROGRAM, TOKEN_2022_PROGRAM):
        raise BadInput("owner", f"the mint belongs to {account.owner}, which is no token program")
    try:
        facts = mint_facts(account.owner, data_of(account))
    except Refused as refused:
        raise BadInput("mint", refused.detail) from None
    if facts.decimals != launch.decimals:
        raise BadInput("decimals", f"{facts.decimals} on chain, {launch.decimals} at the launch")
    return facts


def top_holder_bps(holders: tuple[Holder, ...], curve: str, supply_units: int) -> int | None:
    """Return the largest holder's share beside the curve, rounded up; None where the supply is not known."""
    if not supply_units > 0:
        return None
    largest = max((int(holder.amount) for holder in holders if holder.address != curve), default=0)
    return min(BPS, -(-largest * BPS // supply_units))


def curve_account(mint: str, program: str) -> str:
    """Return the token account of a mint's bonding curve: the associated account of the curve's program address."""
    key, owner = Pubkey.from_string(mint), Pubkey.from_string(program or TOKEN_PROGRAM)
    curve, _ = Pubkey.find_program_address([PUMP_BONDING_CURVE_SEED, bytes(key)], Pubkey.from_string(PUMP_PROGRAM))
    account, _ = Pubkey.find_program_address([bytes(curve), bytes(owner), bytes(key)], Pubkey.from_string(ATA_PROGRAM))
    return str(account)
