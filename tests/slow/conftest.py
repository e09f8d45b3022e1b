"""The deployed system of tests/cluster."""

from tests.cluster.conftest import anna, cluster, figures, gateway, mailpit, pytest_terminal_summary

__all__ = ["anna", "cluster", "figures", "gateway", "mailpit", "pytest_terminal_summary"]
