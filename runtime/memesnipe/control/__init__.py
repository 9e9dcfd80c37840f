"""The host's operator: reads manifests, keeps versions of what it applied, decides modes by gates, signs mode leases."""
