"""What a Strategy becomes, as pure builders: a view in, dicts out. Tested without a cluster."""
