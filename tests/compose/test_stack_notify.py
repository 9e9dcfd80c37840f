"""The profile `notify` on a real engine: its container, confined as the others, tells a web hook of the person's of a fill."""

import os

from memesnipe.testing.chats import Chat
from memesnipe.testing.images.compose import ComposeStack
from memesnipe.testing.stacks import until

APPUSER = 10_001


def test_a_fill_is_told_to_the_address_in_the_persons_file(stack: ComposeStack) -> None:
    with Chat(stack.gateways()["outside"]) as chat:
        file = stack.folder / "notify_urls.txt"
        file.write_text(chat.url + "\n")
        file.chmod(0o400)
        os.chown(file, APPUSER, APPUSER)

        stack.set(COMPOSE_PROFILES="localnet,notify")
        stack.up()
        until(lambda: any({"bought", "sold"} & set(title.split()) for title in chat.titles()), 180, "a fill")

        assert stack.is_confined("notifier")
