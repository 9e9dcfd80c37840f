"""Public constants of the chain, in one place: program ids, tip accounts, mints and instruction discriminators.

Sources: the programs' published IDLs and the vendors' own documentation. Nothing here is a secret and nothing here is code, so the
localnet may share it with the clients it tests. Addresses are base58 strings, discriminators the first 8 bytes of Anchor data.
"""

from typing import Final

LAMPORTS_PER_SOL: Final = 1_000_000_000
SIGNATURE_FEE_LAMPORTS: Final = 5_000
BLOCKHASH_LIFE_BLOCKS: Final = 150
BPS: Final = 10_000

JUPITER_URL: Final = "https://api.jup.ag"

SYSTEM_PROGRAM: Final = "11111111111111111111111111111111"
COMPUTE_BUDGET_PROGRAM: Final = "ComputeBudget111111111111111111111111111111"
TOKEN_PROGRAM: Final = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"  # noqa: S105  an address, published
TOKEN_2022_PROGRAM: Final = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"  # noqa: S105  as above
ATA_PROGRAM: Final = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"
MEMO_PROGRAM: Final = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"
ALT_PROGRAM: Final = "AddressLookupTab1e1111111111111111111111111"
JUPITER_PROGRAM: Final = "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4"
PUMP_PROGRAM: Final = "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P"
PUMPSWAP_PROGRAM: Final = "pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA"
PUMP_FEES_PROGRAM: Final = "pfeeUxB6jkeY1Hxd7CsFCAjcbHA9rWtchMGdZ6VojVZ"
RAYDIUM_V4_PROGRAM: Final = "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8"
RAYDIUM_CPMM_PROGRAM: Final = "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C"
RAYDIUM_CLMM_PROGRAM: Final = "CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK"
METEORA_DLMM_PROGRAM: Final = "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo"
OPENBOOK_PROGRAM: Final = "srmqPvymJeFKQ4zGQed1GFppgkRHL9kaELCbyksJtPX"
INCINERATOR: Final = "1nc1nerator11111111111111111111111111111111"
"""Nobody's address: what is sent there is out of circulation."""
SYSVAR_OWNER: Final = "Sysvar1111111111111111111111111111111111111"
LOADERS: Final = (
    "NativeLoader1111111111111111111111111111111",
    "BPFLoader1111111111111111111111111111111111",
    "BPFLoader2111111111111111111111111111111111",
    "BPFLoaderUpgradeab1e11111111111111111111111",
    "LoaderV411111111111111111111111111111111111",
)
"""Owners of programs."""

WRAPPED_SOL_MINT: Final = "So11111111111111111111111111111111111111112"
WRAPPED_SOL_DECIMALS: Final = 9

# Cluster genesis hashes: what decides which gates apply. A localnet's is derived from its seed and is never one of these.
MAINNET_GENESIS: Final = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"
DEVNET_GENESIS: Final = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"
TESTNET_GENESIS: Final = "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY"
NETWORKS: Final = {MAINNET_GENESIS: "mainnet", DEVNET_GENESIS: "devnet", TESTNET_GENESIS: "testnet"}
"""The public chains by name."""

JITO_TIP_ACCOUNTS: Final = (
    "96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5",
    "HFqU5x63VTqvQss8hp11i4wVV8bD44PvwucfZ2bU7gRe",
    "Cw8CFyM9FkoMi7K7Crf6HNQqf4uEMzpKw6QNghXLvLkY",
    "ADaUMid9yfUytqMBgopwjb2DTLSokTSzL1zt6iGPaS49",
    "DfXygSm4jCyNCybVYYK6DwvWqjKee8pbDmJGcLWNDXjh",
    "ADuUkR4vqLUMWXxW9gh6D6L8pMSawimctcNZ5pGwDcEt",
    "DttWaMuVvTiduZRnguLF7jNxTgiMBZ1hyAumKUiL2KRL",
    "3AVi9Tg9Uo68tJfuvoKvqKNWKkC5wPdSSdeBnizKZ6jT",
)
JITO_TIP_LAMPORTS_MIN: Final = 1_000
HELIUS_TIP_ACCOUNTS: Final = (
    "4ACfpUFoaSD9bfPdeu6DBt89gB6ENTeHBXCAi87NhDEE",
    "D2L6yPZ2FmmmTKPgzaMKdhu6EWZcTpLy1Vhx8uvZe7NZ",
    "9bnz4RShgq1hAnLnZbP8kbgBg1kEmcJBYQq3gQbmnSta",
    "5VY91ws6B2hMmBFRsXkoAAdsPHBJwRfBht4DXox3xkwn",
    "2nyhqdwKcJZR2vcqCyrYsaPVdAnFoJjiksCXJ7hfEYgD",
    "2q5pghRs6arqVjRvT5gfgWfWcHWmw1ZuCzphgd5KfWGJ",
    "wyvPkWjVZz1M8fHQnMMCDTQDbkManefNNhweYk5WkcF",
)
HELIUS_TIP_LAMPORTS_MIN: Final = 1_000_000
HELIUS_SWQOS_TIP_LAMPORTS_MIN: Final = 5_000

JUPITER_EVENT_AUTHORITY: Final = "D8cy77BBepLMngZx6ZukaTff5hCt1HrWyKk3Hnd9oitf"
JUPITER_ROUTE: Final = bytes.fromhex("e517cb977ae3ad2a")
JUPITER_SHARED_ACCOUNTS_ROUTE: Final = bytes.fromhex("c1209b3341d69c81")
JUPITER_EXACT_OUT_ROUTE: Final = bytes.fromhex("d033ef977b2bed5c")
JUPITER_ROUTE_V2: Final = bytes.fromhex("bb64facc31c4af14")
JUPITER_SHARED_ACCOUNTS_ROUTE_V2: Final = bytes.fromhex("d19853937cfed8e9")
JUPITER_ERROR_SLIPPAGE: Final = 6001
JUPITER_ERROR_INSUFFICIENT_FUNDS: Final = 6024

PUMP_BONDING_CURVE_SEED: Final = b"bonding-curve"
PUMP_BONDING_CURVE: Final = bytes.fromhex("17b7f83760d8ac60")
PUMP_SELL: Final = bytes.fromhex("33e685a4017f83ad")
PUMP_BUY_EXACT_SOL_IN: Final = bytes.fromhex("38fc74089edfcd5f")
PUMP_CREATE_V2: Final = bytes.fromhex("d6904cec5f8b31b4")
PUMP_TRADE_EVENT: Final = bytes.fromhex("bddb7fd34ee661ee")
PUMP_CREATE_EVENT: Final = bytes.fromhex("1b72a94ddeeb6376")
PUMP_SELF_CPI_TAG: Final = bytes.fromhex("e445a52e51cb9a1d")
PUMP_DECIMALS: Final = 6
PUMP_SUPPLY_UNITS: Final = 1_000_000_000_000_000
PUMP_VIRTUAL_BASE_START_UNITS: Final = 1_073_000_000_000_000
PUMP_VIRTUAL_QUOTE_START_LAMPORTS: Final = 30_000_000_000
PUMP_REAL_BASE_START_UNITS: Final = 793_100_000_000_000
PUMP_PROTOCOL_FEE_BPS: Final = 95
PUMP_CREATOR_FEE_BPS: Final = 30

PUMP_POOL_AUTHORITY_SEED: Final = b"pool-authority"
"""Seed (with the mint) of the address in whose name pump.fun makes a migrated token's PumpSwap pool; its LP tokens are burnt then."""
PUMPSWAP_POOL: Final = bytes.fromhex("f19a6d0411b16dbc")
RAYDIUM_CPMM_POOL: Final = bytes.fromhex("f7ede3f5d7c3de46")
