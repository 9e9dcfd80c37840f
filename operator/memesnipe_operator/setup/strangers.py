"""What may be said of an error that is not ours: its type and where it came from. Its text could quote a secret."""


def said(error: BaseException) -> str:
    """Return that, for a line of the log."""
    frame, last = error.__traceback__, "an unknown place"
    while frame is not None:
        last = f"{frame.tb_frame.f_globals.get('__name__')}:{frame.tb_lineno}"
        frame = frame.tb_next
    return f"{type(error).__name__} in {last}"
