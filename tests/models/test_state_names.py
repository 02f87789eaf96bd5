"""The names and shapes of every model's state: files of weights depend on them.

After a change that is meant: python -m tests.models.test_state_names
"""

import json
from pathlib import Path

from minigen import Generator
from minigen.models import RECIPES
from tests.examples import first_for, own

FILE = Path(__file__).parent / "state_names.json"


def names():
    """Name and shape of each tensor of each model, built for the first kind of data that it takes."""
    found = {}
    for model, recipe in sorted(RECIPES.items()):
        examples = first_for(recipe)
        settings = recipe.settings(examples, **own(recipe, width=4, latent_dim=2))
        state = recipe.build(settings, examples.shape, Generator(0)).state_dict()
        found[model] = {name: list(array.shape) for name, array in state.items()}
    return found


def test_names_are_stable():
    assert names() == json.loads(FILE.read_text()), "files of weights could not be read any more: see above"


if __name__ == "__main__":
    FILE.write_text(json.dumps(names(), indent=1) + "\n")
