"""python -m pytest lessons/13_uses; one task: -k posterior_mean, or -m task_13_1."""

import pytest

from minigen.lessons.pytest_plugin import tasks


@pytest.mark.parametrize("task", tasks(__file__))
def test_task(task, verdict):
    verdict(task)
