"""data_consumers: everything the product knows of the world outside comes in here, and only here.

Sources (chain, Jupiter, recordings) say what they saw; one intake decides what may be believed; frames of what arrived together go to
the market streams, then to the recorder, and only then does a source's cursor move. Nothing else constructs market frames.
"""
