"""Fixtures of the tests of training."""

import pytest


@pytest.fixture
def no_pictures(monkeypatch):
    """They take longer than the steps, and have tests of their own."""
    monkeypatch.setattr("minigen.train.start.draw", lambda *args: None)
