"""Writes manifest.json: CuPy's public names and signatures, from the real package (which imports without a GPU).

    pip install cupy-cuda12x && python tests/cupy_double/make_manifest.py

One line per name. A signature is written as `a,axis=,*,copy=,**kwargs`: `=` marks a default, a `*` alone what follows
by keyword only. `!` stands for a ufunc, with its numbers of inputs and outputs; `@` for an attribute.
"""

import inspect
import json
import re
from pathlib import Path

UFUNC = "!"
ATTRIBUTE = "@"


def encode(signature):
    parts, star = [], False
    for p in signature.parameters.values():
        if p.kind is p.VAR_POSITIONAL:
            parts.append(f"*{p.name}")
            star = True
        elif p.kind is p.VAR_KEYWORD:
            parts.append(f"**{p.name}")
        else:
            if p.kind is p.KEYWORD_ONLY and not star:
                parts.append("*")
                star = True
            parts.append(p.name + ("" if p.default is p.empty else "="))
    return ",".join(parts)


def from_docstring(function):
    """Cython methods keep their signature in the first line of the docstring: `_ndarray_base.sum(self, axis=None)`."""
    found = re.search(r"\((.*?)\)(?: ->|\n|$)", (function.__doc__ or "").split("\n\n")[0])
    if found is None:
        return None
    names = [re.sub(r"^(?:\w+ )?(\*{0,2}\w+)\s*(=.*)?$", r"\1\2", part.strip()) for part in found.group(1).split(",")]
    encoded = [name.split("=")[0].strip() + ("=" if "=" in name else "") for name in names if name]
    return ",".join(name for name in encoded if name not in ("self", "/"))


def describe(value, skip_self=False):
    import cupy

    if isinstance(value, cupy.ufunc):
        return f"{UFUNC}{value.nin},{value.nout}"
    if not callable(value) or inspect.isgetsetdescriptor(value):
        return ATTRIBUTE
    try:
        parameters = list(inspect.signature(value).parameters.values())
        return encode(inspect.Signature([p for p in parameters if not (skip_self and p.name == "self")]))
    except (TypeError, ValueError):
        return from_docstring(value)


def namespace(owner, skip_self=False, dunder=False):
    names = {name: getattr(owner, name) for name in dir(owner) if dunder or not name.startswith("_")}
    described = {n: describe(v, skip_self) for n, v in names.items() if not inspect.ismodule(v)}
    return {n: s for n, s in sorted(described.items()) if s is not None}


def manifest():
    import cupy

    methods = namespace(cupy.ndarray, skip_self=True)
    special = sorted(name for name in dir(cupy.ndarray) if re.fullmatch(r"__\w+__", name))
    return {
        "version": cupy.__version__,
        "cupy": namespace(cupy),
        "ndarray": methods,
        "ndarray_special": " ".join(special),
        "Generator": namespace(cupy.random.Generator, skip_self=True),
        "random": {"default_rng": describe(cupy.random.default_rng)},
        "lib.stride_tricks": namespace(cupy.lib.stride_tricks),
    }


def dump(content):
    return json.dumps(content, indent=1) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("manifest.json").write_text(dump(manifest()))
