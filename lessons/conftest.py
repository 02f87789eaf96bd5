"""Exercises under pytest; see minigen.lessons.pytest_plugin."""

from minigen.lessons.pytest_plugin import (  # noqa: F401
    pytest_addoption,
    pytest_configure,
    pytest_report_teststatus,
    pytest_terminal_summary,
    verdict,
)
