"""`python -m memesnipe`: the same as the `memesnipe` command."""

from memesnipe.cli.main import main

main()
