"""Which hosts `memesnipe up` asks when only some of them are named."""

import pytest

from memesnipe.supervisor.settings import UpSettings

LOCALNET = "http://127.0.0.1:8899"


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        (UpSettings(), LOCALNET),
        (UpSettings(rpc_url="http://localhost:9000"), "http://localhost:9000"),
        (UpSettings(rpc_url="https://rpc.example/?api-key=k"), "https://api.jup.ag"),
        (UpSettings(rpc_url="https://rpc.example", jupiter_url="https://mine.example"), "https://mine.example"),
    ],
)
def test_only_a_localnet_is_taken_for_an_aggregator(settings: UpSettings, asked: str) -> None:
    assert settings.jupiter_beside(settings.rpc_url or LOCALNET) == asked
