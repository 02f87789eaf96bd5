"""python -m pytest lessons/14_cpu_to_gpu; one task: -k crossover_batch, or -m task_14_3."""

import pytest

from minigen.lessons.pytest_plugin import tasks


@pytest.mark.parametrize("task", tasks(__file__))
def test_task(task, verdict):
    verdict(task)
