"""Libraries that are not needed: importing them costs nothing, using one in an answer is told by its name."""

import contextlib
import sys

import pytest

from minigen.lessons.worker.libraries import Finder, NotHere, Usage, tried_imports

LEFT_OVER = [
    "import matplotlib.pyplot as plt\nplt.rcParams['figure.dpi'] = 90\nplt.style.use('ggplot')",
    "from scipy.signal import convolve2d, correlate\nfrom torch.nn import functional as F",
    "from minigen import *\nimport minigen as mg\nmg.seed(1)",
    "import numba\n@numba.njit(parallel=True)\ndef other(x): return x",
    "import torch\nclass Net(torch.nn.Module):\n    layer: torch.Tensor\n    def f(self, x: torch.Tensor | None): pass",
    "import tqdm, pandas as pd\nfor i in tqdm.trange(9): pass\nTABLE = pd.DataFrame({'a': [1]}) + 2 * pd.NA",
    "import numpy as np, cupy\nx = np.exp(cupy.ones(3)) + np.sum(cupy.ones(3))\nif cupy.cuda.is_available(): 1 / 0",
    "import tensorflow as tf\nwith tf.device('/cpu:0'): tf.config.x = 3\nisinstance(3, tf.Tensor) or float(tf.ones(1))",
    "import helpers.mine\nhelpers.mine.setup()",
]
USED = {
    "from scipy.signal import convolve2d\ndef f(x): return convolve2d(x, x)": "scipy.signal.convolve2d",
    "import scipy.constants as c\ndef f(x): return x * c.pi": "scipy.constants.pi",
    "import torch\ndef f(x): return torch.tensor(x).exp()": "torch.tensor",
    "import numpy as np, cupy\ndef f(x): return np.add(x, cupy.one)": "cupy.one",
    "import numba\n@numba.njit\ndef f(x): return x": "numba.njit()",
    "def f(x):\n    import jax.numpy as jnp\n    return jnp.exp(x)": "jax.numpy.exp",
    "from tqdm import tqdm\ndef f(x):\n    for i in tqdm([1]): pass": "tqdm.tqdm",
    "import torch\ndef f(x):\n    try: torch.exp(x)\n    except Exception: pass\n    return 1": "torch.exp",
}


@pytest.fixture
def run(monkeypatch):
    """Runs a text with stand-ins for libraries; gives its namespace and what is noted."""
    known = dict(sys.modules)

    def run(text):
        for name in [name for name in sys.modules if name.split(".")[0] not in {*sys.stdlib_module_names, "numpy"}]:
            del sys.modules[name]
        usage, namespace = Usage(), {"__name__": "exercises"}
        monkeypatch.setattr(sys, "meta_path", [Finder(usage, tried_imports(text)), *sys.meta_path])
        exec(text, namespace)
        usage.reading = False
        return namespace, usage.used

    yield run
    sys.modules.clear()
    sys.modules.update(known)


@pytest.mark.parametrize("text", LEFT_OVER)
def test_what_is_left_over_does_no_harm(run, text):
    assert run(text)[1] == []


@pytest.mark.parametrize("text", USED)
def test_what_is_used_is_named(run, text):
    namespace, used = run(text)
    with contextlib.suppress(NotHere, AttributeError):
        namespace["f"](2.0)
    assert used == [USED[text]]


def test_who_is_prepared_for_absence_is_told_of_it(run):
    text = "try:\n    import cupy as xp\nexcept ImportError:\n    import numpy as xp\ndef f(x): return xp.exp(x)"
    namespace, used = run(text)
    assert (namespace["f"](0.0), used) == (1.0, [])
    assert tried_imports("def f(:") == set()
