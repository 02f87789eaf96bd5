"""python -m pytest lessons/10_dcgan; one task: -k batch_norm_backward, or -m task_10_2."""

import pytest

from minigen.lessons.pytest_plugin import tasks


@pytest.mark.parametrize("task", tasks(__file__))
def test_task(task, verdict):
    verdict(task)
