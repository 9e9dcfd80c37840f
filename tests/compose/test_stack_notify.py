"""The profile `notify` on a real engine: its container, confined as the others, tells a web hook of the person's of a fill and an alert."""

import os
from collections.abc import Iterator

import pytest

from memesnipe.testing.chats import Chat
from memesnipe.testing.images.compose import ComposeStack
from memesnipe.testing.stacks import until

APPUSER = 10_001


@pytest.fixture(scope="module")
def chat(stack: ComposeStack) -> Iterator[Chat]:
    """Whom the person's file names; the stack runs notifier for it from now on."""
    with Chat(stack.gateways()["outside"]) as chat:
        file = stack.folder / "notify_urls.txt"
        file.write_text(chat.url + "\n")
        file.chmod(0o400)
        os.chown(file, APPUSER, APPUSER)
        stack.set(COMPOSE_PROFILES="localnet,notify")
        stack.up()
        yield chat


def test_a_fill_is_told_to_the_address_in_the_persons_file(stack: ComposeStack, chat: Chat) -> None:
    until(lambda: any({"bought", "sold"} & set(title.split()) for title in chat.titles()), 180, "a fill")

    assert stack.is_confined("notifier")


def test_an_alert_reaches_the_person_without_an_alertmanager(stack: ComposeStack, chat: Chat) -> None:
    stack.must("run", "--rm", "cli", "kill", "--reason", "an alert is wanted")
    try:
        # In a title of its own, or in a list beside fills that came meanwhile.
        until(lambda: "warning: MemeSnipeHalted" in str(chat.told), 180, "the alert")
    finally:
        stack.must("run", "--rm", "cli", "resume", "--yes", "--reason", "it was told")
