"""Keys: are they there, closed to others, and whose they should be? Pure; nothing here has ever seen a secret."""

from memesnipe.live_check.facts import Facts, Silent, Unseen, Unused
from memesnipe.live_check.finding import Finding, fail, hangs_on, ok, untold, warn

DAY_S = 86_400
ENDS_SOON_S, RENEWED_S = 7 * DAY_S, 90 * DAY_S
"""An upgrade renews what has fewer than 90 days left."""
ROLES = ("risk", "guard", "lease")
DOOR_FIX = "look whether the signer runs (shared/logs/signer.log; kubectl -n memesnipe-signer get pods) and MEMESNIPE_SIGNER_URL"
VAULT = "Vault"
"""The path of a key that lies in no file."""
VAULT_FIX = "docs/howto/keys.md#the-wallets-key-in-vault has the settings, and what Vault must allow the signer"
NAME_ONE = "name a Solana keypair file by MEMESNIPE_WALLET_FILE (`solana-keygen new -o my_wallet.json` makes one)"


def wallet_file(facts: Facts) -> Finding:
    """The one key that money hangs on."""
    seen = facts.wallet_file
    if isinstance(seen, Silent | Unseen):
        return untold(seen, f"{NAME_ONE}; one in Vault: {VAULT_FIX}")
    if seen.problem:
        return fail(seen.problem, _wallet_fix(seen.problem, seen.path))
    if facts.wallet and facts.wallet != seen.public:
        fix = "use the file of the wallet that the services trade for, or set MEMESNIPE_WALLET_PUBKEY (chart: wallet.pubkey) to this one's"
        return fail(f"{seen.path} is the key of {seen.public}, the services trade for {facts.wallet}", fix)
    return ok(
        f"Vault holds the key of {seen.public}"
        if seen.path == VAULT
        else f"{seen.path} is the key of {seen.public}, readable by its owner alone"
    )


def _wallet_fix(problem: str, path: str) -> str:
    if "chmod" in problem:
        return f"chmod 600 {path}; if others could read it, move the funds to a new wallet first"
    if path == VAULT:
        return VAULT_FIX
    if "No such file" in problem:
        return NAME_ONE
    return "give a Solana keypair file: a JSON array of 64 integers whose second half is the public key"


def jito_key(facts: Facts) -> Finding:
    """By which Jito knows us; it must have no other use, so that nothing else can be had signed as a challenge."""
    seen = facts.jito_key
    if isinstance(seen, Silent | Unseen):
        return untold(seen, "correct MEMESNIPE_JITO_AUTH_FILE, or unset it to go without")
    if isinstance(seen, Unused):
        return ok("none: Jito's default rate")
    if seen.problem:
        return fail(
            seen.problem,
            f"chmod 600 {seen.path}" if "chmod" in seen.problem else "make one with `solana-keygen new`, or unset MEMESNIPE_JITO_AUTH_FILE",
        )
    others = [] if isinstance(facts.wallet_file, Silent | Unseen) else [facts.wallet_file.public]
    if seen.public in [*others, facts.wallet]:
        return fail("it is the wallet's own key: the signer does not start with it", "make one for Jito alone with `solana-keygen new`")
    return ok(f"{seen.path} is the key of {seen.public}, and of nothing else")


def role_keys(facts: Facts) -> Finding:
    """Risk and guard must be two words, not one said twice, and the signer believes only the pinned ones."""
    seen = facts.role_keys
    if isinstance(seen, Silent | Unseen):
        return untold(seen, "start the stack once: control makes the keys of the roles (in a cluster: the chart's setup job)")
    if seen.trusted_problem:
        return fail(
            seen.trusted_problem,
            "start control again: it writes trusted.json from the keys (in a cluster: run setup again, docs/howto/upgrade.md#certificates)",
        )
    for role, key in sorted(seen.keys.items()):
        if key.problem:
            return fail(
                key.problem,
                f"chmod 600 {key.path}, or restore the {role} key and restart control" if "chmod" in key.problem else _key_fix(role),
            )
        if key.public != seen.trusted.get(role, ""):
            return fail(f"the {role} key is not the one pinned in trusted.json: nothing it approves is signed", _key_fix(role))
    doubled = len({key.public for key in seen.keys.values()}) != len(seen.keys)
    if doubled:
        return fail("two roles share one key: one stolen key would say yes twice", "remove one of the two key files and restart control")
    missing = [role for role in ROLES if role not in seen.keys]
    elsewhere = f"; {', '.join(missing)} lie with their own services" if missing else ""
    return ok(f"{', '.join(sorted(seen.keys))}: distinct and pinned{elsewhere}")


def _key_fix(role: str) -> str:
    return f"restore the {role} key from where it was, or restart control (in a cluster: the setup job), which pins the keys that are there"


def door(facts: Facts) -> Finding:
    """The signer is reached, under TLS where it must be, and signs for the wallet that the rest of the stack believes in."""
    seen = facts.door
    if isinstance(seen, Silent | Unseen):
        return hangs_on(seen, facts.certificates, "keys: certificates", DOOR_FIX)
    if not facts.wallet:
        return warn(
            f"it signs for {seen.wallet}; which wallet the services expect is not set",
            f"set MEMESNIPE_WALLET_PUBKEY={seen.wallet} for position_manager",
        )
    if seen.wallet != facts.wallet:
        fix = "give both the same wallet: MEMESNIPE_WALLET_FILE at the signer, MEMESNIPE_WALLET_PUBKEY (chart: wallet.pubkey) elsewhere"
        return fail(f"it signs for {seen.wallet}, the services trade for {facts.wallet}", fix)
    return ok(f"it signs for {seen.wallet} ({seen.latency_ms} ms)")


def certificates(facts: Facts) -> Finding:
    """When they end nothing is signed, exits included."""
    seen = facts.certificates
    if isinstance(seen, Silent | Unseen):
        return untold(seen, "run setup again (docs/howto/upgrade.md#certificates): it makes certificates for both ends")
    if not seen:
        return ok("plain HTTP on loopback: none needed")
    first = min(seen, key=lambda each: each.ends_s)
    left_s = first.ends_s - facts.now_s
    text = f"{first.path} ends in {int(left_s // DAY_S)} days"
    renew = "renew them: run setup again (docs/howto/upgrade.md#certificates), which does so when fewer than 90 days are left"
    if not (left_s > ENDS_SOON_S):
        return fail(text if left_s > 0 else f"{first.path} has expired", renew)
    return ok(text) if left_s > RENEWED_S else warn(text, renew)
