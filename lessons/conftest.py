"""Exercises under pytest; see minigen.testing.plugin."""

from minigen.testing.plugin import (  # noqa: F401
    pytest_addoption,
    pytest_configure,
    pytest_report_teststatus,
    pytest_terminal_summary,
    verdict,
)
