"""The Helm chart as tests see it: rendered by the real Helm, and then judged without a cluster.

`render` gives the manifests, `pods` what runs, `network` who may talk to whom, `pod_security` what a pod may do, `metrics` what the
code measures. Product code may not import this package.
"""
