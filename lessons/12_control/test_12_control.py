"""python -m pytest lessons/12_control; one task: -k with_class_planes, or -m task_12_1."""

import pytest

from minigen.lessons.pytest_plugin import tasks


@pytest.mark.parametrize("task", tasks(__file__))
def test_task(task, verdict):
    verdict(task)
