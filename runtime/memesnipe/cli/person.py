"""Who gives a command, and why: kept for those who read it later. Nothing here may keep a halt from being written.

What is longer than a message takes, or no text at all, would be refused by everyone who reads the stream: the halt would look done.
"""

import getpass
import os

from memesnipe.messages.bounds import LABEL_LETTERS_MAX, TEXT_LETTERS_MAX


def who() -> str:
    """Return the person's name; in a container that runs under a number without a name, that number."""
    try:
        return written(getpass.getuser(), LABEL_LETTERS_MAX)
    except (KeyError, OSError, ImportError):
        return f"uid {os.getuid()}"


def why(reason: str) -> str:
    """Return a reason as a message takes it."""
    return written(reason, TEXT_LETTERS_MAX)


def written(text: str, letters_max: int) -> str:
    """Return what can be written of a text: a command line may hold bytes that are no letters."""
    return text.encode("utf-8", "replace").decode()[:letters_max]
