"""What must happen before `helm uninstall` may take the services away: `python -m memesnipe_operator.drain`.

An uninstall also takes position_manager and wallet_guard, so a live position would stay in the wallet with nobody to look after it.
Therefore: refuse while one is held, or while nobody can tell; stop the operator, so that nothing comes back; take the executors, and look
again, for an order may have been on its way; then take the rest, and our finalizer off every Strategy, or they could never be deleted.
Custom resources, volumes and the Secrets of setup stay. Run again it goes on where it was.
"""
