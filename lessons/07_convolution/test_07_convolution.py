"""python -m pytest lessons/07_convolution; one task: -k conv_dx, or -m task_07_3."""

import pytest

from minigen.lessons.pytest_plugin import tasks


@pytest.mark.parametrize("task", tasks(__file__))
def test_task(task, verdict):
    verdict(task)
