"""python -m pytest lessons/09_gan_ring; one task: -k best_discriminator, or -m task_09_2."""

import pytest

from minigen.lessons.pytest_plugin import tasks


@pytest.mark.parametrize("task", tasks(__file__))
def test_task(task, verdict):
    verdict(task)
