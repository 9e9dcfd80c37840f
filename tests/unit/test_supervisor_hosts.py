"""Which hosts `memesnipe up` asks when only some of them are named."""

import pytest

from memesnipe.supervisor.plan import UpSettings

LOCALNET = "http://127.0.0.1:8899"


@pytest.mark.parametrize(
    ("named", "chain", "asked"),
    [
        ({}, LOCALNET, LOCALNET),
        ({"rpc_url": "http://localhost:9000"}, "http://localhost:9000", "http://localhost:9000"),
        ({"rpc_url": "https://rpc.example/?api-key=k"}, "https://rpc.example/?api-key=k", "https://api.jup.ag"),
        ({"rpc_url": "https://rpc.example", "jupiter_url": "https://mine.example"}, "https://rpc.example", "https://mine.example"),
    ],
)
def test_only_a_localnet_is_taken_for_an_aggregator(named: dict[str, str], chain: str, asked: str) -> None:
    assert UpSettings(**named).jupiter_beside(chain) == asked
