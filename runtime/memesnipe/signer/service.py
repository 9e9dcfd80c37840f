"""The signer's edge: HTTP in, HTTP out.

`POST /sign` (msgpack SwapTransaction) -> 200 msgpack SignedTransaction | 403 msgpack {code, detail}, and with `replayed` the earlier
signature | 400 bad input | 503 the store does not serve. `GET /pubkey` -> the wallet's address as text. Nothing else, and no other
door: no Redis, no way out. In a cluster the door is TLS, open to the guard's certificate alone (`signer.tls`).
"""

import gc
from pathlib import Path

import msgspec

from memesnipe.approvals import certificates
from memesnipe.approvals.keys import TrustedKeys
from memesnipe.kernel import service as kernel
from memesnipe.kernel.errors import BadInput, ConfigError, Refused, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.kernel.metrics import BAD_INPUT
from memesnipe.kernel.settings import load
from memesnipe.messages import codec
from memesnipe.messages.signing import EarlierSignature, SwapTransaction
from memesnipe.signer.case import Rails, Replayed
from memesnipe.signer.server import Answer, serve
from memesnipe.signer.settings import SignerSettings
from memesnipe.signer.signing import Signer
from memesnipe.signer.store import Store
from memesnipe.signer.wallet import Wallet

_encode = msgspec.msgpack.Encoder().encode


class Door:
    """Turns HTTP into requests and outcomes into status codes."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def __call__(self, method: str, path: str, body: bytes) -> Answer:
        """Answer one request; never raises."""
        if (method, path) == ("POST", "/sign"):
            return self._sign(body)
        if (method, path) == ("GET", "/pubkey"):
            return Answer(200, self._signer.address.encode(), b"text/plain")
        return Answer(404, b"paths: POST /sign, GET /pubkey\n", b"text/plain")

    def _sign(self, body: bytes) -> Answer:
        try:
            return Answer(200, codec.encode(self._signer.sign(codec.decode(SwapTransaction, body))))
        except Refused as refused:
            return Answer(403, _encode({"code": refused.code.value, "detail": refused.detail[:512]} | _evidence(refused)))
        except BadInput as bad:
            BAD_INPUT.labels("signer", "request").inc()
            logger().warning("bad_input", field=bad.field, reason=bad.reason)
            return Answer(400, _encode({"field": bad.field, "reason": bad.reason}))
        except Unavailable as error:
            logger().error("store_unavailable", detail=str(error))
            return Answer(503, _encode({"part": error.part, "detail": str(error)}))
        except Exception:
            # Unknown is not refused: the caller keeps the order in flight and asks again.
            logger().exception("sign_failed")
            return Answer(500, _encode({"part": "signer", "detail": "internal error; see the signer's log"}))


def _evidence(refused: Refused) -> dict[str, EarlierSignature]:
    """Return what the caller must know beside the reason: a signature of ours that may still land."""
    return {"earlier": refused.earlier} if isinstance(refused, Replayed) else {}


def rails_of(settings: SignerSettings, wallet: Wallet, trusted: TrustedKeys) -> Rails:
    """Return the signer's own limits and pins."""
    return Rails(
        wallet=wallet.pubkey,
        trusted=trusted,
        paper=settings.paper_trading_mode,
        genesis=settings.genesis,
        size_lamports_max=settings.size_lamports_max,
        tip_lamports_max=settings.tip_lamports_max,
        priority_fee_lamports_max=settings.priority_fee_lamports_max,
        spend_lamports_per_hour_max=settings.spend_lamports_per_hour_max,
        spend_lamports_per_day_max=settings.spend_lamports_per_day_max,
        attempts_max=settings.attempts_max,
        impact_bps_max=settings.impact_bps_max,
    )


def settle_memory() -> None:
    """Take what was loaded at start out of the garbage collector's rounds: a full round would hold up a signature for milliseconds."""
    gc.collect()
    gc.freeze()


async def run(running: kernel.Running, settings: SignerSettings) -> None:
    """Serve until asked to stop. Raises ConfigError for a bad key file, Unavailable when another signer holds the store."""
    if not settings.wallet_file:
        raise ConfigError("MEMESNIPE_WALLET_FILE: must name the wallet's keypair file")
    files = settings.tls_files()
    contexts = certificates.Following(files, certificates.server) if files else None
    wallet = Wallet.load(Path(settings.wallet_file))
    trusted = TrustedKeys.load(settings.trusted_path)
    store = Store.open(settings.store_path)
    try:
        signer = Signer(wallet, store, rails_of(settings, wallet, trusted), running.clock)
        serving = await serve(Door(signer), settings.signer_host, settings.signer_port, contexts)
        logger().info(
            "listening",
            port=serving.port,
            tls=files is not None,
            wallet=signer.address,
            audit_lines=store.lines,
            audit_head=store.head.hex(),
        )
        settle_memory()
        running.health.ready(True, "paper: signs nothing" if settings.paper_trading_mode else "")
        await running.stop.wait()
        await serving.close()
    finally:
        store.close()


def main() -> int:
    """Run the signer; return the exit code."""
    try:
        settings = load(SignerSettings)
    except ConfigError as error:
        logger().error("config_error", detail=str(error))
        return kernel.EXIT_CONFIG
    return kernel.run("signer", settings, lambda running: run(running, settings))


if __name__ == "__main__":
    kernel.exit_with(main())
