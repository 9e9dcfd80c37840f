"""`memesnipe up`: the whole stack as processes on one machine, restarted when they die, gone when the person leaves."""
