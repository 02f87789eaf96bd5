"""python -m pytest lessons/02_gradient_check; one task: -k softmax_backward, or -m task_02_3."""

import pytest

from minigen.lessons.pytest_plugin import tasks


@pytest.mark.parametrize("task", tasks(__file__))
def test_task(task, verdict):
    verdict(task)
