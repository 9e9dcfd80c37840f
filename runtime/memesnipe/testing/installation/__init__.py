"""The product installed by its chart on a real node, as a test holds it: Helm, kubectl, the page, Redis and the ledger from outside."""
