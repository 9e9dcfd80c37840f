"""Custom resource definitions, admission policies and their reference page, made from the models that validate manifests on a host.

`python -m memesnipe_operator.crds` renews the files in a checkout; a test holds them against the models. Nothing here runs in a cluster.
"""
