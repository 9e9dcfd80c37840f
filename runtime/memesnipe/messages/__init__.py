"""One frozen type per hop. Only the stage that owns a hop constructs its message; everyone else can only read it.

Wire form: msgpack arrays, tag first, then `schema`, then the fields in order. Rules that keep old and new readers talking:
fields are only ever appended, each with a default; a reader ignores fields it does not know; a meaning never changes under
the same tag. A removed field keeps its place for one release (expand first, contract later).
"""
