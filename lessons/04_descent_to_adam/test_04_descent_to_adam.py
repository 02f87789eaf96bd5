"""python -m pytest lessons/04_descent_to_adam; one task: -k adam_step, or -m task_04_3."""

import pytest

from minigen.lessons.pytest_plugin import tasks


@pytest.mark.parametrize("task", tasks(__file__))
def test_task(task, verdict):
    verdict(task)
