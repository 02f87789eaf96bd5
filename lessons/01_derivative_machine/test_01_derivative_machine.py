"""python -m pytest lessons/01_derivative_machine; one task: -k unbroadcast, or -m task_01_4."""

import pytest

from minigen.lessons.pytest_plugin import tasks


@pytest.mark.parametrize("task", tasks(__file__))
def test_task(task, verdict):
    verdict(task)
