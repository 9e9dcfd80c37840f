"""Reading an account that a node told us."""

import base64
import binascii

from memesnipe.chain.clients.rpc_types import Account
from memesnipe.kernel.errors import BadInput


def data_of(account: Account) -> bytes:
    """Return an account's data. Raises BadInput."""
    try:
        return base64.b64decode(account.data[0], validate=True)
    except (ValueError, binascii.Error):
        raise BadInput("rpc.data", "not base64") from None
