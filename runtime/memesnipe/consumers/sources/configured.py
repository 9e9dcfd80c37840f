"""The sources that the settings ask for, each with the check that its launches pass before they go out."""

from collections.abc import Iterator

import msgspec

from memesnipe.chain.clients.jupiter import Jupiter
from memesnipe.chain.clients.limits import Rate
from memesnipe.chain.clients.transport import Transport
from memesnipe.consumers.api import Source
from memesnipe.consumers.chain_reader import ChainReader
from memesnipe.consumers.decide import Bounds
from memesnipe.consumers.launches import Check
from memesnipe.consumers.settings import ConsumerSettings
from memesnipe.consumers.sources import chain
from memesnipe.consumers.sources.chain import ChainFeed
from memesnipe.consumers.sources.jetstream import Jetstream
from memesnipe.consumers.sources.jupiter import Asking, JupiterDepth, JupiterPrices
from memesnipe.consumers.sources.outside import guarded
from memesnipe.consumers.sources.pool_depth import PoolDepth
from memesnipe.consumers.sources.pumpportal import PumpPortal
from memesnipe.consumers.sources.sessions import Pauses, Wire
from memesnipe.consumers.sources.wormholescan import Wormholescan
from memesnipe.consumers.watch import Watch
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.errors import ConfigError
from memesnipe.messages.market import Launch

WORMHOLESCAN_RATE = Rate(per_s=1.0, burst=10, reserved=0)


class Feeding(msgspec.Struct, frozen=True):
    """A source, and what its launches must pass."""

    source: Source
    check: Check


class Parts(msgspec.Struct, frozen=True):
    """What sources are made of. `check`: the token checks of a launch."""

    settings: ConsumerSettings
    clock: Clock
    bounds: Bounds
    reader: ChainReader
    jupiter: Jupiter
    watch: Watch
    check: Check


def sources(parts: Parts) -> Iterator[Feeding]:
    """Yield every source: those of our own chain always, those outside only where an address is set."""
    settings = parts.settings
    asking = asking_of(settings)
    wire = Wire(settings.ws_url, settings.ws_idle_s_max, settings.seed, backoff_s=chain.BACKOFF_S)
    for source in (
        ChainFeed(wire, parts.reader, settings.commitment, settings.gap_transactions_max),
        PoolDepth(parts.watch, parts.clock, asking),
        JupiterPrices(parts.jupiter, parts.watch, parts.clock, asking),
        JupiterDepth(parts.jupiter, parts.watch, parts.clock, asking),
    ):
        yield Feeding(source, parts.check)
    yield from _outside(parts)


def _outside(parts: Parts) -> Iterator[Feeding]:
    settings = parts.settings
    if url := settings.jetstream_url:
        jetstream = Jetstream(_wire(url, settings), parts.clock, parts.bounds, settings.social_backlog_s_max)
        yield Feeding(guarded(jetstream, url, parts.reader), parts.check)
    if url := settings.wormholescan_url:
        transport = Transport("wormholescan", url, rate=WORMHOLESCAN_RATE)
        pauses = Pauses(_wire(url, settings))
        bounds = Bounds(settings.bridge_lookback_s * NS_PER_S, parts.bounds.future_ns_max)
        bridge = Wormholescan(transport, parts.clock, pauses, bounds, settings.bridge_interval_s)
        yield Feeding(guarded(bridge, url, parts.reader), parts.check)
    if url := settings.pumpportal_url:
        portal = PumpPortal(_wire(url, settings), parts.clock, parts.reader, settings.launch_confirm_s_max)
        yield Feeding(guarded(portal, url, parts.reader), _confirmed_first(portal, parts.check))


def _confirmed_first(portal: PumpPortal, check: Check) -> Check:
    async def checked(claim: Launch) -> Launch:
        return await check(await portal.confirmed(claim))

    return checked


def _wire(url: str, settings: ConsumerSettings) -> Wire:
    return Wire(url, settings.ws_idle_s_max, settings.seed)


def asking_of(settings: ConsumerSettings) -> Asking:
    """Return how Jupiter is asked. Raises ConfigError for sizes that are none."""
    return Asking(
        price_interval_s=settings.price_interval_s,
        depth_interval_s=settings.depth_interval_s,
        depth_active_s=settings.depth_active_s,
        depth_mints_max=settings.depth_mints_max,
        depth_sizes_lamports=_sizes(settings.depth_sizes_lamports),
        taker=settings.quote_taker,
    )


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(int(part) for part in text.split(",") if part.strip().isdigit())
    if not 1 <= len(sizes) <= 16 or not all(0 < size < 2**63 for size in sizes) or len(sizes) != len(text.split(",")):
        raise ConfigError("MEMESNIPE_DEPTH_SIZES_LAMPORTS: must be 1 to 16 whole numbers of lamports, comma-separated")
    return sizes
