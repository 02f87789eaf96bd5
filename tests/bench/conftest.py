"""A double in the place of a GPU."""

import pytest

from tests.cupy_double import double


@pytest.fixture
def gpu():
    """The double, in the place of CuPy and of a device."""
    with double.installed() as xp:
        yield xp
