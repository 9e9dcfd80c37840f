"""docs/reference/reasons.md, made from the table: `python -m memesnipe.kernel.reasons_page > docs/reference/reasons.md` renews it."""

import sys

from memesnipe.kernel.reasons import REMEDY, ReasonCode

HEAD = """# Reasons

Every reason an order may be refused for, or end without a fill. The code is the label `reason` of `memesnipe_rejections_total`, what
a `Rejection` carries and what the page shows. Made from `memesnipe/kernel/reasons.py`; do not edit here.

| reason | what to do |
|---|---|
"""


def render() -> str:
    """Return the page as Markdown."""
    return HEAD + "".join(f"| `{code.value}` | {REMEDY[code]} |\n" for code in ReasonCode)


if __name__ == "__main__":
    sys.stdout.write(render())
