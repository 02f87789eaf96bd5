"""Fixtures that the tests of runs share with those of training."""

from tests.train.conftest import no_pictures  # noqa: F401
