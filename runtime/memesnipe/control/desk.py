"""What control and the operator do alike once they know what is asked for: halts, the configuration in force, mode leases.

A person asks through a folder of manifests on a host, through custom resources in a cluster; from there on it is this code. Killed
at any instant it comes back to the same place: what is published is kept, what the newest publication says already is not said
again, and leases simply run out. Halts are folded and kept BEFORE any lease is granted or withdrawn by them.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from memesnipe.approvals import leases as lease_seals
from memesnipe.approvals.keys import SigningKey
from memesnipe.bus import topology
from memesnipe.bus.api import Bus, Entry
from memesnipe.bus.folds import Halts, fold_halts, is_after, just_before
from memesnipe.control.kill_switch import Said, commands, said_by
from memesnipe.control.leases import EXIT_LEASE_NS, LEASE_NS, leases, removed
from memesnipe.control.lost import said_again
from memesnipe.control.metrics import LEASES_GRANTED
from memesnipe.control.promotions import Words, fold_words, held
from memesnipe.kernel.clock import NS_PER_MS, NS_PER_S, Clock
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.manifests.models import KillSwitch
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import ConfigApplied, StrategyConfig
from memesnipe.messages.signing import Lease

RENEW_NS, EXIT_RENEW_NS = NS_PER_S, 60 * NS_PER_S
"""A lease that says the same is granted anew this often, a fifth or a tenth of its life: not at each turn for each strategy."""
log = logger()


class Memory(Protocol):
    """What is kept outside Redis: a file on a host, an object of the API server in a cluster."""

    async def halts(self) -> Halts:
        """Return the halts that were kept last."""
        ...

    async def keep_halts(self, halts: Halts) -> None:
        """Replace them."""
        ...

    async def publication(self) -> str:
        """Return the entry id of the newest configuration that was published, "0" without any."""
        ...

    async def keep_publication(self, entry_id: str) -> None:
        """Replace it."""
        ...

    async def said(self) -> Said:
        """Return what the RiskPolicy's kill switch said last."""
        ...

    async def keep_said(self, said: Said) -> None:
        """Replace it."""
        ...

    async def demoted(self) -> Words:
        """Return the demotions that were in force last."""
        ...

    async def keep_demoted(self, words: Words) -> None:
        """Replace them."""
        ...


class Desk:
    """Halts, configuration and leases of one installation. `by` is the name in the topology under which it speaks."""

    def __init__(self, bus: Bus, clock: Clock, key: SigningKey, memory: Memory, *, by: str, paper_switch: bool) -> None:
        self._bus, self._clock, self._key, self._memory = bus, clock, key, memory
        self._by, self._paper_switch = by, paper_switch
        self._opened = False
        self._said, self._published = Said(), "0"
        self._gone: tuple[StrategyConfig, ...] = ()
        self._leases: dict[str, Lease | None] = {}
        """By key: what was granted last; None: taken back. Not in it: nobody knows what Redis holds."""
        self._words_to = "0"
        self.words: Words = {}
        """autonomous_allocator's newest on each strategy."""
        self.halts = Halts()
        self.config: ConfigApplied | None = None

    async def open(self) -> None:
        """Take up what was kept; the first step of a turn."""
        if not self._opened:
            self.halts, self._published, self._said = (
                await self._memory.halts(),
                await self._memory.publication(),
                await self._memory.said(),
            )
            self.words = await self._memory.demoted()
            self._opened = True

    async def fold_halts(self) -> None:
        """Take in new commands and keep them, before any lease is granted or withdrawn by them."""
        new = await self._since(topology.KILL_SWITCH.name, self.halts.after)
        if await self._since(topology.CONFIG.name, self._published) is None:
            self.config, new = None, None  # all is lost, and perhaps a command that we never saw: its epoch must not come twice
            self._leases = {}
        if new is None:
            await self._keep(await self._say_halts_again())
            self._published = "0"  # the loss is dealt with: it must not be found again at each turn until something is published
            await self._memory.keep_publication("0")
        elif new:
            await self._keep(fold_halts(self.halts, new))

    async def fold_words(self) -> bool:
        """Take in what is said of promotions, and keep the demotions before anything is done by them; return whether it was news."""
        new = await self._since(topology.PROMOTIONS.name, self._words_to)
        entries = await self._bus.fold(topology.PROMOTIONS.name) if new is None else new
        words = fold_words(self.words, entries, again=new is None or self._words_to == "0")
        if held(words) != held(self.words):
            failpoint("control.before_demoted_kept")
            await self._memory.keep_demoted(held(words))
        news, self.words = words != self.words, words
        self._words_to = entries[-1].id if entries else ("0" if new is None else self._words_to)
        return news

    async def say(self, switch: KillSwitch | None, origin: str) -> bool:
        """Publish what a person changed in the RiskPolicy's kill switch; return whether that was anything.

        It is kept afterwards, so that a kill in between says it again.
        """
        if (said := said_by(switch, self._said)) == self._said:
            return False
        for command in commands(self._said, said, origin, self._clock.now_ns()):
            log.warning("kill_switch", scope=command.scope, state=command.state.value, reason=command.reason)
            await self._bus.publish(topology.KILL_SWITCH.name, command, command.id)
        failpoint("control.before_said_kept")
        await self._memory.keep_said(said)
        self._said = said
        return True

    async def put_in_force(self, config: ConfigApplied, ever: Iterable[str]) -> None:
        """Publish a configuration, unless the newest one says the same. `ever`: every Strategy that ever was, by id."""
        failpoint("control.before_publish")
        self._published = await self._in_force(config) or await self._bus.publish(topology.CONFIG.name, config)
        await self._memory.keep_publication(self._published)
        failpoint("control.after_publish")
        self.config, self._gone = config, removed(config, frozenset(ever))

    async def renew_leases(self) -> None:
        """Grant what is due now and take back at once what no longer is, rather than let it run out."""
        if self.config is None:
            return
        halt_of = {s.id: self.halts.effective(s.id) for s in (*self.config.strategies, *self._gone)}
        now_ns, epoch = self._clock.now_ns(), self.halts.epoch
        due = {
            (topology.EXIT_LEASE_KEY if for_exits else topology.LEASE_KEY).format(strategy=lease.strategy): (lease, for_exits)
            for lease, for_exits in leases(self.config, halt_of, epoch, now_ns, paper_switch=self._paper_switch, gone=self._gone)
        }
        await self._withdraw({*due, *self._left_to_run_out(halt_of)})  # before any grant: a halt must not wait for a thousand of them
        for key, (lease, for_exits) in due.items():
            if _is_news(self._leases.get(key), lease, now_ns, EXIT_RENEW_NS if for_exits else RENEW_NS):
                await self._grant(key, lease, for_exits=for_exits)

    def _left_to_run_out(self, halt_of: Mapping[str, HaltState]) -> set[str]:
        """Exit leases that are not due only because the chain cannot be asked now: unknown is not "no longer due".

        Without this, a restart while the RPC is away would take the exits from every open position.
        """
        if self._paper_switch or (self.config and self.config.genesis):
            return set()
        return {topology.EXIT_LEASE_KEY.format(strategy=name) for name, halt in halt_of.items() if halt is not HaltState.FROZEN}

    async def _grant(self, key: str, lease: Lease, *, for_exits: bool) -> None:
        life_ns = EXIT_LEASE_NS if for_exits else LEASE_NS
        await self._bus.put(key, lease_seals.grant(lease, self._key), ttl_ms=life_ns // NS_PER_MS)
        self._leases[key] = lease
        LEASES_GRANTED.labels(lease.strategy, "exit" if for_exits else "full").inc()

    async def _withdraw(self, due: set[str]) -> None:
        """Drop each lease that is not due, once: what another process granted before we started goes, too."""
        known = [strategy.id for strategy in (*self.config.strategies, *self._gone)] if self.config else []
        keys = {template.format(strategy=name) for name in known for template in (topology.LEASE_KEY, topology.EXIT_LEASE_KEY)}
        for key in sorted({*keys, *self._leases} - due):
            if self._leases.get(key, ...) is not None:
                await self._bus.drop(key)
                self._leases[key] = None

    async def _in_force(self, config: ConfigApplied) -> str:
        """Return the newest publication's id if it says the same, else "": a restart must not look like a new configuration."""
        newest = (await self._bus.fold(topology.CONFIG.name))[-1:]
        same = [entry.id for entry in newest if msgspec.structs.replace(entry.message, time_ns=config.time_ns) == config]
        return same[0] if same else ""

    async def _since(self, stream: str, known: str) -> list[Entry] | None:
        """Return what came after an entry we know; None where it is gone: Redis was lost, or fell back to an older copy of itself."""
        entries = await self._bus.fold(stream, just_before(known))
        if known == "0":
            return entries
        return entries[1:] if entries and entries[0].id == known else None

    async def _say_halts_again(self) -> Halts:
        """The channel lost its end, perhaps all: on top of what we knew comes what was said since, then everyone hears all of it.

        Nothing is kept before all of it is said: killed in between, we find the loss again.
        """
        left = await self._bus.fold(topology.KILL_SWITCH.name)
        halts = fold_halts(self.halts, [entry for entry in left if is_after(entry.id, self.halts.after)])
        again = said_again(halts, self._clock.now_ns(), self._by)
        log.error("kill_switch_lost", epoch=halts.epoch, said_again={one.scope: one.state.value for one in again})
        for command in again:
            failpoint("control.before_said_again")
            await self._bus.publish(topology.KILL_SWITCH.name, command, command.id)
        return fold_halts(halts, await self._bus.fold(topology.KILL_SWITCH.name, left[-1].id if left else "0"))

    async def _keep(self, halts: Halts) -> None:
        failpoint("control.before_halts_kept")
        await self._memory.keep_halts(halts)
        self.halts = halts


def _is_news(before: Lease | None, lease: Lease, now_ns: int, renew_ns: int) -> bool:
    """Whether a lease has to be granted now: it says something new, or the one before grows old."""
    if before is None or not (now_ns - before.issued_ns < renew_ns):
        return True
    return msgspec.structs.replace(lease, issued_ns=before.issued_ns, expires_ns=before.expires_ns) != before
