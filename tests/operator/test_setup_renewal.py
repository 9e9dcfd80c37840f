"""The certificates between wallet_guard and signer: renewed in time, killed anywhere, and at no moment refused by the other end."""

from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import pytest

from memesnipe.testing.setting_up import NOW, SIGNER_CLIENT, SIGNER_TLS, Installation, Pair, decoded
from memesnipe_operator.setup.certificates import SERVER, Authority

TLS = (SIGNER_TLS, SIGNER_CLIENT)


async def test_certificates_near_their_end_are_renewed_and_nothing_else(installation: Installation, tmp_path: Path) -> None:
    await installation.set_up(now=NOW - timedelta(days=825 - 89))
    before = installation.objects()

    await installation.set_up()

    changed = {key.split()[2] for key, each in installation.objects().items() if each != before[key]}
    assert changed == set(TLS)
    assert installation.misfits(tmp_path) == []


async def test_certificates_with_time_left_are_not_renewed(installation: Installation) -> None:
    await installation.set_up(now=NOW - timedelta(days=825 - 92))

    mortal = await installation.set_up()

    assert mortal.times_s == []


async def test_during_a_renewal_both_ends_accept_each_other_whichever_of_its_states_each_pod_has_seen(
    installation: Installation, tmp_path: Path
) -> None:
    """The new CA has reached both, for that is waited for; a pod may be behind by all that comes after."""
    await installation.set_up(now=NOW - timedelta(days=800))
    before = installation.pair()

    mortal = await installation.set_up()

    states = {name: [decoded(each) for each in mortal.written if each["metadata"]["name"] == name] for name in TLS}
    seen = [Pair(signer, guard) for signer in states[SIGNER_TLS] for guard in states[SIGNER_CLIENT]]
    spreading = [Pair(states[SIGNER_TLS][0], before.guard), Pair(before.signer, states[SIGNER_CLIENT][0])]
    assert len(seen) == 4
    assert all(pair.accept_each_other(tmp_path, installation.server_name) for pair in [before, *spreading, *seen])


@pytest.mark.parametrize("writes", range(1, 4))
async def test_a_renewal_killed_after_any_write_leaves_ends_that_accept_each_other_and_is_done_by_the_next_run(
    writes: int, installation: Installation, tmp_path: Path
) -> None:
    await installation.set_up(now=NOW - timedelta(days=800))
    await installation.killed_after(writes)
    left = installation.pair().accept_each_other(tmp_path, installation.server_name)

    await installation.set_up()

    assert left
    assert installation.misfits(tmp_path) == []
    assert (await installation.set_up()).times_s == []


async def test_the_new_ca_is_given_time_to_spread_before_a_certificate_of_it_is_shown(installation: Installation) -> None:
    await installation.set_up(now=NOW - timedelta(days=800))

    mortal = await installation.set_up(settle_s=0.5)

    spread, shown = mortal.times_s[:2], mortal.times_s[2:]
    assert len(shown) == 2
    assert shown[0] - spread[1] >= 0.5


@pytest.mark.parametrize("gone", TLS)
async def test_one_end_that_was_deleted_is_made_anew_and_the_other_keeps_its_certificate(
    gone: str, installation: Installation, tmp_path: Path
) -> None:
    await installation.set_up()
    before = installation.pair()
    installation.delete(gone, "signer" if gone == SIGNER_TLS else "platform")

    await installation.set_up()

    after = installation.pair()
    kept = (before.guard, after.guard) if gone == SIGNER_TLS else (before.signer, after.signer)
    assert kept[0]["tls.crt"] == kept[1]["tls.crt"]
    assert installation.misfits(tmp_path) == []


async def test_two_ends_that_do_not_fit_are_made_to_fit(installation: Installation, tmp_path: Path) -> None:
    """As after a restored backup of one of them: both are ours, and neither believes the other."""
    await installation.set_up()
    path = f"/api/v1/namespaces/{installation.namespace['signer']}/secrets/{SIGNER_TLS}"
    stranger, there = Authority(NOW), installation.cluster.call("GET", path)
    leaf = stranger.leaf(("memesnipe-signer",), SERVER)
    old = {"ca.crt": stranger.certificate, "tls.crt": leaf.certificate, "tls.key": leaf.key}
    installation.cluster.call("PUT", path, there | {"data": {key: b64encode(raw).decode() for key, raw in old.items()}})

    await installation.set_up()

    assert installation.misfits(tmp_path) == []
