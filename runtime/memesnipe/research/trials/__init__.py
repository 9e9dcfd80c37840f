"""Every trial of every search, kept before it runs."""
