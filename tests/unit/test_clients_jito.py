"""Jito: bundles in base64 under an id we can compute, and words about them that decide nothing."""

import hashlib
import json
from typing import Any

import httpx
import pytest
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.transaction import VersionedTransaction
from structlog.testing import capture_logs

from memesnipe.chain.clients.jito import Jito, TipFloors, bundle_id
from memesnipe.chain.clients.limits import Rate
from memesnipe.chain.clients.transport import Transport
from memesnipe.kernel.errors import BadInput, Unavailable

KEY = Keypair.from_seed(bytes(32))


def signed(seed: int) -> VersionedTransaction:
    return VersionedTransaction(MessageV0.try_compile(KEY.pubkey(), [], [], Hash(bytes([seed]) * 32)), [KEY])


ONE, TWO = bytes(signed(1)), bytes(signed(2))


class Host:
    """Answers by path, and remembers the bodies."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.bodies = answers, list[Any]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        if request.method == "GET":
            return httpx.Response(200, json=self.answers[name])
        self.bodies.append(json.loads(request.content))
        answer = self.answers[name]
        return (
            httpx.Response(answer) if isinstance(answer, int) else httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "result": answer})
        )

    def transport(self) -> Transport:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return Transport("jito", f"https://{id(self)}.example", rate=Rate(1e6, 1_000, 0), http=http)


def test_a_bundle_s_id_is_the_hash_of_its_signatures() -> None:
    signatures = f"{signed(1).signatures[0]},{signed(2).signatures[0]}"

    assert bundle_id([ONE, TWO]) == hashlib.sha256(signatures.encode()).hexdigest()


async def test_a_bundle_is_asked_for_in_base64() -> None:
    host = Host(bundles=bundle_id([ONE]))

    assert await Jito(host.transport()).send_bundle([ONE]) == bundle_id([ONE])

    (encoded,), options = host.bodies[0]["params"]
    assert (encoded[:4], options) == ("AQ" + encoded[2:4], {"encoding": "base64"})


async def test_an_answer_under_another_id_is_logged_and_not_an_error() -> None:
    with capture_logs() as logs:
        await Jito(Host(bundles="00" * 32).transport()).send(ONE)

    assert [line["event"] for line in logs] == ["bundle_id_differs"]


async def test_the_right_id_is_no_news() -> None:
    with capture_logs() as logs:
        await Jito(Host(bundles=bundle_id([ONE])).transport()).send(ONE)

    assert logs == []


@pytest.mark.parametrize("name", ["confirmation_status", "confirmationStatus"])
async def test_a_landed_bundle_is_told_however_its_commitment_is_spelled(name: str) -> None:
    entry = {"bundle_id": bundle_id([ONE]), "transactions": [], "slot": 7, name: "confirmed", "err": {"Ok": None}}
    host = Host(getBundleStatuses={"context": {"slot": 9}, "value": [entry]})

    assert await Jito(host.transport()).told(ONE) == "Landed in 7, confirmed"


@pytest.mark.parametrize("inflight", [None, {"context": {"slot": 9}, "value": []}, {"context": {"slot": 9}, "value": [None]}])
async def test_a_bundle_that_the_host_forgot_is_told_as_vanished(inflight: Any) -> None:
    host = Host(getBundleStatuses={"context": {"slot": 9}, "value": [None]}, getInflightBundleStatuses=inflight)

    assert await Jito(host.transport()).told(ONE) == "vanished"


async def test_a_failed_bundle_is_told_in_the_host_s_word() -> None:
    entry = {"bundle_id": bundle_id([ONE]), "status": "Failed", "landed_slot": None}
    host = Host(getBundleStatuses=None, getInflightBundleStatuses={"context": {"slot": 9}, "value": [entry]})

    assert await Jito(host.transport()).told(ONE) == "Failed"


async def test_a_status_that_cannot_be_had_is_unknown() -> None:
    with pytest.raises(Unavailable):
        await Jito(Host(getBundleStatuses=503).transport()).told(ONE)


async def test_the_tip_floor_is_read_in_sol() -> None:
    floor = {f"landed_tips_{name}_percentile": sol for name, sol in {"25th": 1e-6, "50th": 1e-5, "75th": 3.6e-5, "95th": 0.0014}.items()}

    assert (await TipFloors(Host(tip_floor=[floor]).transport()).floor()).landed_tips_75th_percentile == 3.6e-5


@pytest.mark.parametrize("body", [[], {}, [{"landed_tips_50th_percentile": -1.0}], [{"landed_tips_50th_percentile": 1e9}]])
async def test_a_tip_floor_that_makes_no_sense_is_bad_input(body: Any) -> None:
    with pytest.raises(BadInput):
        await TipFloors(Host(tip_floor=body).transport()).floor()
