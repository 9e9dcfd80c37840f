"""The looks: every one reads, none writes, and each ends by itself or is ended by its time-out."""
