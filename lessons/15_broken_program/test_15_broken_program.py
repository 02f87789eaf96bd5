"""python -m pytest lessons/15_broken_program; one task: -k repaired_vae_loss, or -m task_15_2."""

import pytest

from minigen.lessons.pytest_plugin import tasks


@pytest.mark.parametrize("task", tasks(__file__))
def test_task(task, verdict):
    verdict(task)
