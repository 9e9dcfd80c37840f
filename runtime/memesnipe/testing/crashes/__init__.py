"""Markets that crash under a position: how each is made, what must happen, and what it came to, as a table of docs/reference/crashes.md."""
