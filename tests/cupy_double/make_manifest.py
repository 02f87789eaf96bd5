"""Writes manifest.json: CuPy's public names and signatures, from the real package (which imports without a GPU).

    pip install cupy-cuda12x && python tests/cupy_double/make_manifest.py

One line a name. A signature is written `a,axis=,*,copy=,**kwargs`: `=` marks a default, a lone `*` that what follows
goes by keyword. `!2,1` is a ufunc with two inputs and one output, `@` an attribute, `np` NumPy's own object.
"""

import inspect
import json
import operator
import re
from pathlib import Path

PATH = Path(__file__).with_name("manifest.json")
UFUNC, ATTRIBUTE, FROM_NUMPY = "!", "@", "np"

# Where CuPy's signature only says **kwargs: the keywords that the function's source takes (CuPy 14.2).
TRANSCRIBED = {
    "einsum": "*operands,dtype=,optimize=",
    "meshgrid": "*xi,indexing=,copy=,sparse=",
    "pad": "array,pad_width,mode=,*,constant_values=,end_values=,stat_length=,reflect_type=",
}
CUDA = {
    "cuda": "Device Event Stream get_current_stream is_available",
    "cuda.runtime": "deviceSynchronize driverGetVersion getDevice getDeviceCount getDeviceProperties memGetInfo"
    " runtimeGetVersion",
    "cuda.Device": "compute_capability id mem_info synchronize use",
    "cuda.Stream": "done null record synchronize use wait_event",
}


CUPYX = {
    "scipy.special": "erf",
    "distributed": "init_process_group",
    "distributed.NCCLBackend": "all_gather all_reduce all_to_all barrier broadcast gather recv reduce reduce_scatter"
    " scatter send send_recv",
}


def encode(signature):
    """`a, axis=None, *, out=None` as "a,axis=,*,out="."""
    parts, star = [], False
    for p in signature.parameters.values():
        if p.name == "self":
            continue
        if p.kind is p.KEYWORD_ONLY and not star:
            parts.append("*")
        star |= p.kind in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)
        prefix = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        parts.append(f"{prefix}{p.name}{'' if p.default is p.empty else '='}")
    return ",".join(parts)


def from_docstring(function):
    """The same for Cython's methods, whose docstring begins `_ndarray_base.sum(self, axis=None) -> _ndarray_base`."""
    found = re.match(r"[\w.]+\((.*)\)", (function.__doc__ or "").partition("\n")[0])
    if found is None:
        return None
    parts = []
    for part in found.group(1).split(","):
        name, default, _ = part.partition("=")
        parts += [name.split()[-1] + default] if name.split() else []  # the last word: the one before is a C type
    return ",".join(part for part in parts if part not in ("self", "/"))


def describe(value):
    import cupy

    if isinstance(value, cupy.ufunc):
        return f"{UFUNC}{value.nin},{value.nout}"
    if not callable(value):
        return ATTRIBUTE
    if str(getattr(value, "__module__", "")).startswith("numpy"):
        return FROM_NUMPY
    try:
        return encode(inspect.signature(value))
    except (TypeError, ValueError):
        return from_docstring(value)


def section(owner, names=None):
    """The descriptions of an owner's public names: of all of them, or of the given ones."""
    given = names.split() if names else [name for name in dir(owner) if not name.startswith("_")]
    values = {name: getattr(owner, name) for name in given}
    described = {
        name: describe(value)
        for name, value in sorted(values.items())
        if not inspect.ismodule(value)
        and not (inspect.isclass(value) and issubclass(value, Exception))
        and type(value).__module__ != "__future__"
    }
    missing = [name for name, text in described.items() if text is None]
    assert not missing, f"no signature found, transcribe it: {owner} {missing}"
    return described


def special_methods(kind):
    """The names with two underscores that CuPy's classes define themselves."""
    names = {name for owner in kind.__mro__ if owner is not object for name in vars(owner)}
    python = ["new", "init", "doc", "module", "slots", "dict", "weakref", "static_attributes", "firstlineno"]
    return sorted(n for n in names if re.fullmatch(r"__(?!pyx_)\w+__", n) and n.strip("_") not in python)


def manifest():
    import cupy
    import cupyx.distributed
    import cupyx.scipy.special

    beside = {f"cupyx.{n}": section(operator.attrgetter(n)(cupyx), names) for n, names in CUPYX.items()}
    cuda = {name: section(operator.attrgetter(name)(cupy), names) for name, names in CUDA.items()}
    return {
        "version": cupy.__version__,
        "cupy": section(cupy) | TRANSCRIBED,
        "ndarray": section(cupy.ndarray),
        "ndarray_special": " ".join(special_methods(cupy.ndarray)),
        "ufunc": section(cupy.ufunc),
        "Generator": section(cupy.random.Generator),
        "random": section(cupy.random, "Generator default_rng"),
        "lib.stride_tricks": section(cupy.lib.stride_tricks),
        **cuda,
        **beside,
    }


def dump(content):
    return json.dumps(content, indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(dump(manifest()))
