"""Who said yes to what: Ed25519 signatures in DSSE envelopes over small fixed structs, with keys pinned by role."""
