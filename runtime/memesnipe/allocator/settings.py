"""What autonomous_allocator reads from its environment."""

from memesnipe.kernel.settings import CommonSettings


class AllocatorSettings(CommonSettings, frozen=True, kw_only=True):
    """In a cluster whose chart binds the verb `golive` to the allocator it carries its own proposals out; by default a person does."""

    promote_in_namespace: str = ""
    """Where the Strategies are whose mode it writes; empty: it writes none."""
    kubernetes_url: str = "https://kubernetes.default.svc"
    """The API server, as every pod finds it."""
    account_folder: str = "/var/run/secrets/kubernetes.io/serviceaccount"
    """Its service account's `token` and the API server's `ca.crt`."""
