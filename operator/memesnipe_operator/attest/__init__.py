"""attest: takes the record that a study left on its volume, opens it, and puts it where the operator reads evidence.

Apart from the study on purpose: a study runs a strategy's code, and that code must hold no token and reach nobody. What this program may do
in the cluster is to write one ConfigMap, and to vouch for one Strategy (the verb `attest`).
"""
