"""The pools and the accounts that show them: every change of a pool writes its vaults and its curve account in the same breath."""

import msgspec
from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.localnet import accounts, pools, seeds
from memesnipe.localnet.bank import Bank
from memesnipe.localnet.curve import Outcome
from memesnipe.localnet.pools import Kind, Pool, Side

RESERVED_BASE_UNITS = programs.PUMP_SUPPLY_UNITS - programs.PUMP_REAL_BASE_START_UNITS
"""Tokens of a curve that are kept for its migration and never sold by it."""


class Market:
    """All pools, by mint. `dirty` are the mints to persist."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        self._by_mint: dict[str, Pool] = {}
        self.by_address: dict[str, Pool] = {}
        self.dirty: set[str] = set()
        self.before: dict[str, Pool | None] = {}

    def all(self) -> list[Pool]:
        """Pools in the order they were created."""
        return list(self._by_mint.values())

    def get(self, mint: str) -> Pool | None:
        """The pool of a mint."""
        return self._by_mint.get(mint)

    def remember(self, pool: Pool) -> None:
        """Set a pool's state without moving any vault: a landed swap or a load already moved them."""
        self.before.setdefault(pool.mint, self._by_mint.get(pool.mint))
        self._by_mint[pool.mint] = self.by_address[pool.address] = pool
        self.dirty.add(pool.mint)
        if pool.kind == "bonding_curve":
            self._bank.put(Pubkey.from_string(pool.address), accounts.bonding_curve_account(pool))
        else:
            self._show_product(pool)

    def _show_product(self, pool: Pool) -> None:
        """Write a constant-product pool's account and its LP mint, all of it burnt, once: nothing in them moves with a trade."""
        address = Pubkey.from_string(pool.address)
        lp_mint = Pubkey.find_program_address([b"pool_lp_mint", bytes(address)], accounts.CPMM)[0]
        shown = accounts.cpmm_pool_account(pool, lp_mint)
        if (there := self._bank.get(address)) is None or there.data != shown.data:
            self._bank.put(address, shown)
            self._bank.put(lp_mint, accounts.mint_account(0, 9))

    def open(self, pool: Pool) -> None:
        """Create a pool's mint, vaults and lookup table, and list it."""
        bank, owner, token = self._bank, Pubkey.from_string(pool.address), Pubkey.from_string(pool.token_program)
        mint = Pubkey.from_string(pool.mint)
        bank.put(mint, accounts.mint_account(pool.supply_units, pool.decimals, token))
        bank.put(Pubkey.from_string(pool.base_vault), accounts.token_account(mint, owner, vault_base_units(pool), token))
        bank.put(Pubkey.from_string(pool.quote_vault), accounts.token_account(accounts.WRAPPED_SOL, owner, pool.real_quote_lamports))
        table = [owner, Pubkey.from_string(pool.base_vault), Pubkey.from_string(pool.quote_vault), *table_tail(pool)]
        bank.put(Pubkey.from_string(pool.lookup_table), accounts.lookup_table_account(table))
        self.remember(pool)

    def overwrite(self, pool: Pool) -> None:
        """Set a pool to a recorded state, vaults included."""
        self._set_vault(pool.base_vault, vault_base_units(pool))
        self._set_vault(pool.quote_vault, pool.real_quote_lamports)
        self.remember(pool)

    def agent_swap(self, pool: Pool, side: Side, amount_in: int, outcome: Outcome, slot: int) -> Pool:
        """Move pool and vaults by an agent's trade; the agents' own holdings are one number per pool."""
        base_in, quote_in = (-outcome.amount_out, amount_in) if side == "buy" else (amount_in, -outcome.amount_out)
        self._move_vault(pool.base_vault, base_in)
        self._move_vault(pool.quote_vault, quote_in)
        moved = msgspec.structs.replace(pools.after(pool, outcome, slot), agent_base_units=pool.agent_base_units - base_in)
        self.remember(moved)
        return moved

    def restore(self, saved: dict[str, Pool]) -> None:
        """Put pools back to a snapshot (their accounts are the bank's to restore)."""
        for pool in saved.values():
            if self._by_mint.get(pool.mint) != pool:
                self.remember(pool)

    def put_back(self, pools: dict[str, Pool | None]) -> None:
        """Undo: set pools to what they were, and forget those that were not there."""
        for mint, pool in pools.items():
            if pool is not None:
                self.remember(pool)
            elif (made := self._by_mint.pop(mint, None)) is not None:
                self.by_address.pop(made.address, None)
                self.dirty.add(mint)

    def snapshot(self) -> dict[str, Pool]:
        """All pools by mint, as they are."""
        return dict(self._by_mint)

    def _move_vault(self, vault: str, delta: int) -> None:
        account = self._bank.get(Pubkey.from_string(vault))
        holding = accounts.parse_holding(account)
        if holding is not None:
            self._set_vault(vault, holding.amount + delta)

    def _set_vault(self, vault: str, amount: int) -> None:
        key = Pubkey.from_string(vault)
        if account := self._bank.get(key):
            self._bank.put(key, accounts.with_amount(account, amount))


def vault_base_units(pool: Pool) -> int:
    """Tokens in the pool's vault: a curve also holds what it keeps for its migration."""
    return pool.real_base_units + (RESERVED_BASE_UNITS if pool.kind == "bonding_curve" else 0)


def table_tail(pool: Pool) -> list[Pubkey]:
    """The read-only addresses of a pool's lookup table, after pool and vaults."""
    amm = programs.PUMP_PROGRAM if pool.kind == "bonding_curve" else programs.RAYDIUM_CPMM_PROGRAM
    return [Pubkey.from_string(key) for key in (amm, programs.JUPITER_EVENT_AUTHORITY)]


def blank_pool(seed: int, mint: Pubkey, kind: Kind, symbol: str, name: str, creator: str, token_program: Pubkey = accounts.TOKEN) -> Pool:
    """A pool at its starting reserves with every address derived from its mint."""
    if kind == "bonding_curve":
        address = Pubkey.find_program_address([programs.PUMP_BONDING_CURVE_SEED, bytes(mint)], Pubkey.from_string(programs.PUMP_PROGRAM))[0]
    else:
        address = seeds.pubkey(seed, "pool", str(mint))
    curve = kind == "bonding_curve"
    return Pool(
        mint=str(mint),
        kind=kind,
        address=str(address),
        base_vault=str(accounts.associated(address, mint, token_program)),
        quote_vault=str(accounts.associated(address, accounts.WRAPPED_SOL)),
        lookup_table=str(seeds.pubkey(seed, "lookup-table", str(mint))),
        token_program=str(token_program),
        creator=creator,
        symbol=symbol,
        name=name,
        uri=f"https://localnet.invalid/{symbol.lower()}.json",
        decimals=programs.PUMP_DECIMALS,
        supply_units=programs.PUMP_SUPPLY_UNITS,
        virtual_quote_lamports=programs.PUMP_VIRTUAL_QUOTE_START_LAMPORTS if curve else 0,
        virtual_base_units=programs.PUMP_VIRTUAL_BASE_START_UNITS if curve else 0,
        real_quote_lamports=0,
        real_base_units=programs.PUMP_REAL_BASE_START_UNITS if curve else 0,
        protocol_fee_bps=programs.PUMP_PROTOCOL_FEE_BPS if curve else 25,
        creator_fee_bps=programs.PUMP_CREATOR_FEE_BPS if curve else 0,
    )
