"""The signer's edge: HTTP in, HTTP out.

`POST /sign` (msgpack SwapTransaction) -> 200 msgpack SignedTransaction | 403 msgpack {code, detail}, and with `replayed` the earlier
signature | 400 bad input | 503 store or key does not serve. `GET /pubkey` -> the wallet's address as text. `POST /jito-challenge`
(msgpack JitoChallenge) -> 200 msgpack JitoProof | 403 | 400. Nothing else, and no other door: no Redis, and no way out but to Vault
where that holds the key. In a cluster the door is TLS, open to the guard's certificate alone (`signer.tls`).
"""

import gc
from collections.abc import Callable

import msgspec

from memesnipe.approvals import certificates
from memesnipe.approvals.keys import TrustedKeys
from memesnipe.kernel import service as kernel
from memesnipe.kernel.errors import BadInput, ConfigError, Refused, Unavailable
from memesnipe.kernel.logs import configure, logger
from memesnipe.kernel.metrics import BAD_INPUT
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.kernel.settings import environment, load
from memesnipe.messages import codec
from memesnipe.messages.signing import EarlierSignature, JitoChallenge, SwapTransaction
from memesnipe.signer import memory
from memesnipe.signer.case import Rails, Replayed
from memesnipe.signer.environment import refuse_keys_in
from memesnipe.signer.jito import JitoAuth
from memesnipe.signer.keys import KeySource
from memesnipe.signer.opening import jito_of, key_of
from memesnipe.signer.server import Answer, serve
from memesnipe.signer.settings import SignerSettings
from memesnipe.signer.signing import Signer
from memesnipe.signer.store import Store

_encode = msgspec.msgpack.Encoder().encode


class Door:
    """Turns HTTP into requests and outcomes into status codes."""

    def __init__(self, signer: Signer, jito: JitoAuth | None = None) -> None:
        self._signer, self._jito = signer, jito
        self._doors = {"/sign": self._signature, "/jito-challenge": self._proof}

    def __call__(self, method: str, path: str, body: bytes) -> Answer:
        """Answer one request; never raises."""
        if method == "POST" and path in self._doors:
            return self._answered(self._doors[path], body)
        if (method, path) == ("GET", "/pubkey"):
            return Answer(200, self._signer.address.encode(), b"text/plain")
        return Answer(404, b"paths: POST /sign, POST /jito-challenge, GET /pubkey\n", b"text/plain")

    def _signature(self, body: bytes) -> bytes:
        return codec.encode(self._signer.sign(codec.decode(SwapTransaction, body)))

    def _proof(self, body: bytes) -> bytes:
        if self._jito is None:
            raise Refused(ReasonCode.JITO_CHALLENGE, "MEMESNIPE_JITO_AUTH_FILE is not set for this signer")
        return codec.encode(self._jito.answer(codec.decode(JitoChallenge, body).challenge))

    def _answered(self, ask: Callable[[bytes], bytes], body: bytes) -> Answer:
        try:
            return Answer(200, ask(body))
        except Refused as refused:
            return Answer(403, _encode({"code": refused.code.value, "detail": refused.detail[:512]} | _evidence(refused)))
        except BadInput as bad:
            BAD_INPUT.labels("signer", "request").inc()
            logger().warning("bad_input", field=bad.field, reason=bad.reason)
            return Answer(400, _encode({"field": bad.field, "reason": bad.reason}))
        except Unavailable as error:
            logger().error("part_unavailable", part=error.part, detail=str(error))
            return Answer(503, _encode({"part": error.part, "detail": str(error)}))
        except Exception:
            # Unknown is not refused: the caller keeps the order in flight and asks again.
            logger().exception("sign_failed")
            return Answer(500, _encode({"part": "signer", "detail": "internal error; see the signer's log"}))


def _evidence(refused: Refused) -> dict[str, EarlierSignature]:
    """Return what the caller must know beside the reason: a signature of ours that may still land."""
    return {"earlier": refused.earlier} if isinstance(refused, Replayed) else {}


def rails_of(settings: SignerSettings, wallet: KeySource, trusted: TrustedKeys) -> Rails:
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
        token_rules=settings.token_rules(),
    )


def settle_memory() -> None:
    """Take what was loaded at start out of the garbage collector's rounds: a full round would hold up a signature for milliseconds."""
    gc.collect()
    gc.freeze()


async def run(running: kernel.Running, settings: SignerSettings) -> None:
    """Serve until asked to stop. Raises ConfigError for a bad key, Unavailable for a held store or a Vault that does not answer."""
    files = settings.tls_files()
    contexts = certificates.Following(files, certificates.server) if files else None
    memory.harden()
    wallet, trusted = key_of(settings), TrustedKeys.load(settings.trusted_path)
    jito = jito_of(settings, running.clock, wallet, trusted)
    store = Store.open(settings.store_path)
    try:
        signer = Signer(wallet, store, rails_of(settings, wallet, trusted), running.clock)
        serving = await serve(Door(signer, jito), settings.signer_host, settings.signer_port, contexts)
        logger().info(
            "listening",
            port=serving.port,
            tls=files is not None,
            key_source=settings.key_source,
            wallet=signer.address,
            jito_key=str(jito.pubkey) if jito else "",
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
    configure("signer")
    try:
        refuse_keys_in(environment())
        settings = load(SignerSettings)
    except ConfigError as error:
        logger().error("config_error", detail=str(error))
        return kernel.EXIT_CONFIG
    return kernel.run("signer", settings, lambda running: run(running, settings))


if __name__ == "__main__":
    kernel.exit_with(main())
