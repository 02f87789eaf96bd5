"""Fixtures of the tests of training."""

import pytest

from .runs import without_pictures


@pytest.fixture
def no_pictures(monkeypatch):
    """They take longer than the steps, and have tests of their own."""
    without_pictures(monkeypatch.setattr)
