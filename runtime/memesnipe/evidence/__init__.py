"""What is demanded of evidence, what was measured, and the sealed record of both.

Apart from `research`, which makes records: the manifests hold the demands as data, and control, the operator and the supervisor open
records and judge them anew. None of them may need numpy or the engine for that.
"""
