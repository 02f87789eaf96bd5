"""python -m pytest lessons/00_start."""

import pytest

from minigen.lessons.pytest_plugin import tasks


@pytest.mark.parametrize("task", tasks(__file__))
def test_task(task, verdict):
    verdict(task)
