"""Makes the keys, passwords and certificates of an installation before anything of it runs.

The chart runs it at each install and upgrade: `python -m memesnipe_operator.setup`. It makes what is missing and overwrites nothing that
is secret; killed anywhere and run again, it ends with a consistent set: what is private comes first, and all that is derived is derived
from what exists.
"""
