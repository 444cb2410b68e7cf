"""Kubernetes manifests of a planned run."""
