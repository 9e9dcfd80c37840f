"""What `memesnipe up` hands to the signer about its keys, and to nobody else."""

from typing import Any

from memesnipe.kernel.settings import load
from memesnipe.supervisor import plan
from memesnipe.supervisor.plan import STAGES, Surroundings
from memesnipe.supervisor.settings import UpSettings

VAULT = {
    "MEMESNIPE_KEY_SOURCE": "vault",
    "MEMESNIPE_WALLET_ADDRESS": "5Q544fKrFoe6tsEbD7S8EmxGTJYAKtTVhAW5Q5pge4j1",
    "MEMESNIPE_VAULT_URL": "https://vault.example:8200",
    "MEMESNIPE_VAULT_KEY": "memesnipe-wallet",
    "MEMESNIPE_VAULT_KEY_VERSION": "2",
    "MEMESNIPE_VAULT_TOKEN_FILE": "/run/vault/token",
    "MEMESNIPE_JITO_AUTH_FILE": "jito_auth.json",
}


def around(**changes: Any) -> Surroundings:
    given = {
        "redis_url_of": {name: f"redis://{name}" for name in ("default", *STAGES)},
        "rpc_url": "https://rpc.example",
        "ws_url": "wss://rpc.example",
        "jupiter_url": "https://jup.example",
        "signer_port": 8091,
        "wallet_file": "",
        "wallet": VAULT["MEMESNIPE_WALLET_ADDRESS"],
    }
    return Surroundings(**{**given, **changes})


def test_the_signer_is_told_where_in_vault_the_key_is() -> None:
    settings = load(UpSettings, {**VAULT, "MEMESNIPE_RPC_URL": "https://rpc.example"})

    env = plan.signer(settings, around(), 1).env

    assert settings.key_in_vault
    assert {name: env.get(name) for name in VAULT} == VAULT
    assert env["MEMESNIPE_WALLET_FILE"] == ""


def test_the_embedded_market_goes_on_with_its_own_wallet() -> None:
    settings = load(UpSettings, VAULT)

    env = plan.signer(settings, around(wallet_file="shared/keys/localnet_wallet.json"), 1).env

    assert not settings.key_in_vault
    assert env["MEMESNIPE_WALLET_FILE"] == "shared/keys/localnet_wallet.json"
    assert "MEMESNIPE_KEY_SOURCE" not in env


def test_no_other_service_is_told_anything_of_the_keys() -> None:
    settings = load(UpSettings, {**VAULT, "MEMESNIPE_RPC_URL": "https://rpc.example"})

    named = {name for stage in STAGES for name in plan.stage(stage, settings, around(), 1).env}

    assert named.isdisjoint(VAULT)
