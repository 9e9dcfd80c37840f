"""Can everything that must be remembered be remembered? Pure."""

from memesnipe.live_check.facts import Facts, Silent, Unseen
from memesnipe.live_check.finding import Finding, fail, hangs_on, ok, untold, warn

MIB = 1 << 20
FREE_MIN, FREE_WARN = 200 * MIB, 2_048 * MIB
"""Recordings take some hundred MiB a day; the signer's store fails closed when the disk is full."""


def folder(facts: Facts) -> Finding:
    """A full disk stops the signer at once and the ledger soon after."""
    seen = facts.folder
    if isinstance(seen, Silent | Unseen):
        return untold(seen, "make the folder that MEMESNIPE_DATA_DIR names, owned by the user that runs the services")
    if not seen.writable:
        return fail(f"{seen.path} cannot be written by this user", "run this as the user that runs the services, or give them the folder")
    free = f"{seen.path}: {seen.free_bytes // MIB:,} MiB free"
    room = "make room: old recordings in its folder `recordings` and logs may go"
    if not (seen.free_bytes >= FREE_MIN):
        return fail(free, room)
    return ok(free) if seen.free_bytes >= FREE_WARN else warn(free, room)


def audit(facts: Facts) -> Finding:
    """The chain of every signature ever made; a break means that somebody changed the store."""
    seen = facts.audit
    if isinstance(seen, Silent | Unseen):
        return untold(seen, "run this where signer.db lies, as the user that owns it")
    if seen.broken:
        return fail(seen.broken, "`memesnipe kill --freeze`, keep the file, and find out who wrote to it before anything is signed again")
    return ok(f"{seen.lines} signatures, each follows the one before" if seen.lines else "nothing was signed yet")


def ledger(facts: Facts) -> Finding:
    """Reached, and of this release's schema."""
    seen = facts.ledger
    if isinstance(seen, Silent | Unseen):
        return untold(seen, "correct DATABASE_URL, or look whether the database runs")
    if not seen.exists:
        return warn("there is none yet", "nothing to do: position_manager makes it at its first start")
    if seen.revision != seen.wanted:
        return fail(
            f"schema {seen.revision or 'unknown'}, this release wants {seen.wanted}",
            "start position_manager of this release: it migrates the ledger at its start",
        )
    return ok(f"schema {seen.revision}")


def redis(facts: Facts) -> Finding:
    """Every stage lives on it."""
    seen = facts.redis
    return (
        untold(seen, "look whether Redis runs, and MEMESNIPE_REDIS_URL")
        if isinstance(seen, Silent | Unseen)
        else ok(f"our user works ({seen} ms)")
    )


def redis_keeps(facts: Facts) -> Finding:
    """An evicted key is a lost order; without the append-only file a restart forgets the halts."""
    seen = facts.redis_server
    if isinstance(seen, Silent | Unseen):
        return hangs_on(seen, facts.redis, "stores: redis", "let this be run where its administrator's password is")
    if seen.policy != "noeviction":
        return fail(
            f"maxmemory-policy is {seen.policy}: it drops orders when memory is short", "set maxmemory-policy noeviction on the server"
        )
    if not seen.append_only or seen.fsync == "no":
        return fail(
            f"appendonly {'yes' if seen.append_only else 'no'}, appendfsync {seen.fsync}: a restart loses orders and halts",
            "set appendonly yes and appendfsync everysec on the server",
        )
    if not seen.write_ok:
        return fail("the last write of its append-only file failed", "make room on the server's disk")
    return ok(f"noeviction, append-only file synced {seen.fsync}")
