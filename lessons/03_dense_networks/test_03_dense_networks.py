"""python -m pytest lessons/03_dense_networks; one task: -k he_weights, or -m task_03_4."""

import pytest

from minigen.lessons.pytest_plugin import tasks


@pytest.mark.parametrize("task", tasks(__file__))
def test_task(task, verdict):
    verdict(task)
