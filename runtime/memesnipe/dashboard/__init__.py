"""dashboard: one page that shows what the system holds, does and refuses, and lets a person halt, resume or close.

It reads the ledger and the streams and writes two things only: HaltCommand and CloseRequest.
"""
