"""python -m pytest lessons/05_autoencoders; one task: -k pca_reconstruct, or -m task_05_3."""

import pytest

from minigen.lessons.pytest_plugin import tasks


@pytest.mark.parametrize("task", tasks(__file__))
def test_task(task, verdict):
    verdict(task)
