"""python -m pytest lessons/08_conv_vae; one task: -k log_weights, or -m task_08_1."""

import pytest

from minigen.lessons.pytest_plugin import tasks


@pytest.mark.parametrize("task", tasks(__file__))
def test_task(task, verdict):
    verdict(task)
