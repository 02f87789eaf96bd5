"""python -m pytest lessons/11_taming_gans; one task: -k dirac_step, or -m task_11_1."""

import pytest

from minigen.lessons.pytest_plugin import tasks


@pytest.mark.parametrize("task", tasks(__file__))
def test_task(task, verdict):
    verdict(task)
