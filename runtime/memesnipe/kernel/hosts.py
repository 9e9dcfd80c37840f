"""Which hosts are this machine."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine's loopback address, or the name that always means it.

    Another name may lead there today and elsewhere tomorrow: where it leads is not for us to say.
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
