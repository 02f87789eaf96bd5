"""python -m pytest lessons/06_vae; one task: -k gaussian_kl, or -m task_06_1."""

import pytest

from minigen.lessons.pytest_plugin import tasks


@pytest.mark.parametrize("task", tasks(__file__))
def test_task(task, verdict):
    verdict(task)
