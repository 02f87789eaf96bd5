"""The double keeps the contract, real CuPy keeps what is shared of it, and the double's own checks bite."""

import ast
import inspect
import json
import warnings

import numpy as np
import pytest

import minigen as mg
from minigen import backend
from tests.cupy_double import contract, double, make_manifest
from tests.cupy_double.array import MANIFEST, signature


def evaluate(code, scope):
    """Run the statements of `code`; the value of the last one."""
    *statements, last = ast.parse(code).body
    exec(compile(ast.Module(statements, []), code, "exec"), scope)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), code, "eval"), scope)
    exec(compile(ast.Module([last], []), code, "exec"), scope)
    return None


@pytest.fixture
def xp():
    with double.installed() as xp:
        yield xp


def check(value, expected, xp):
    """A value is what the contract says: of this type, dtype and shape, and equal up to rounding."""
    if type(expected) in (tuple, list):
        assert type(value) is type(expected)
        assert len(value) == len(expected)
        for v, e in zip(value, expected, strict=True):
            check(v, e, xp)
    elif isinstance(expected, contract.Host):
        assert type(value) is type(expected.value)
        assert value == expected.value
    else:
        assert type(value) is xp.ndarray
        assert (value.dtype, value.shape) == (expected.dtype, expected.shape)
        np.testing.assert_allclose(value.get(), expected, rtol=1e-6)


def keeps(case, xp):
    """Evaluate the case's expression and compare."""
    scope = contract.names(xp)
    if isinstance(case.expected, contract.Raises):
        with pytest.raises(case.expected.errors):
            evaluate(case.code, scope)
    else:
        check(evaluate(case.code, scope), case.expected, xp)


# ----------------------------------------------------------------------------------------------------- the contract


@pytest.mark.parametrize("case", contract.SHARED + contract.STRICTER, ids=lambda case: case.code)
def test_the_double_keeps_the_contract(xp, case):
    keeps(case, xp)


@pytest.mark.parametrize("case", contract.SHARED, ids=lambda case: case.code)
def test_the_double_counts_who_waits(xp, case):
    scope = contract.names(xp)
    xp.reset()
    try:
        evaluate(case.code, scope)
    except Exception:
        assert isinstance(case.expected, contract.Raises)
    assert bool(xp.syncs) == case.waits, xp.syncs
    if case.waits:
        with pytest.raises(AssertionError, match="hidden synchronisation"), xp.forbid_sync(transfers=True):
            evaluate(case.code, contract.names(xp))


@pytest.fixture(scope="module")
def cupy():
    status = backend.cuda_status()
    if status.fault:
        pytest.skip(f"no usable CUDA device: {status.fault}")
    return backend._import_cupy()


def test_cupy_keeps_the_contract(cupy):
    broken = {}
    for case in contract.SHARED:
        try:
            keeps(case, cupy)
        except (Exception, pytest.fail.Exception) as error:
            broken[case.code] = repr(error)
    assert not broken


def test_cupy_waits_where_the_contract_says(cupy):
    import cupyx

    broken = []
    for case in contract.SHARED:
        scope = contract.names(cupy)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            block = cupyx.allow_synchronize(False)
        with block:
            try:
                evaluate(case.code, scope)
                waited = False
            except cupyx.DeviceSynchronized:
                waited = True
            except Exception:
                waited = False  # test_cupy_keeps_the_contract looks at the error
        broken += [case.code] if waited != case.waits else []
    assert not broken


def test_the_contract_can_be_broken(xp):
    for wrong in (
        contract.Case("v.sum()", contract.device(3)),
        contract.Case("v.sum()", contract.device([2])),
        contract.Case("v.sum()", contract.device(2, "float64")),
        contract.Case("v.sum()", contract.Host(2.0)),
        contract.Case("v.sum().item()", contract.device(2)),
        contract.Case("v.sum().item()", contract.Host(2)),
        contract.Case("xp.prod(v), v", (contract.device(-6),)),
    ):
        with pytest.raises(AssertionError):
            keeps(wrong, xp)
    with pytest.raises(pytest.fail.Exception):
        keeps(contract.Case("v.sum()", contract.raises(TypeError)), xp)


# ----------------------------------------------------------------------------------------------------- the manifest


def test_manifest_is_that_of_the_real_package():
    cupy = pytest.importorskip("cupy", reason="cupy is not installed: the manifest cannot be made anew")
    if cupy.__version__ != MANIFEST["version"]:
        pytest.skip(f"the manifest is that of cupy {MANIFEST['version']}, installed is {cupy.__version__}")
    assert json.loads(make_manifest.dump(make_manifest.manifest())) == MANIFEST


def test_the_double_has_nothing_that_cupy_has_not(xp):
    def public(kind):
        return {name for name in dir(kind) if not name.startswith("_")}

    assert public(double.CuPy) - {"syncs", "transfers", "reset", "forbid_sync", "little_memory"} <= set(
        MANIFEST["cupy"]
    ) | {
        "cuda",
        "lib",
        "random",
    }
    assert public(xp.ndarray) <= set(MANIFEST["ndarray"])
    assert {n for n in vars(xp.ndarray) if n.endswith("__")} <= {
        *MANIFEST["ndarray_special"].split(),
        *(f"__{name}__" for name in ("doc", "firstlineno", "getattr", "init", "module", "slots", "weakref")),
        "__static_attributes__",
    }
    assert public(double.Ufunc("add", 2, 1)) <= set(MANIFEST["ufunc"])
    assert public(xp.random.default_rng(0)) <= set(MANIFEST["Generator"])
    for section in ("random", "lib.stride_tricks", "cuda", "cuda.runtime", "cuda.Device", "cuda.Stream"):
        owner = xp
        for name in section.split("."):
            owner = getattr(owner, name)
        known = {*MANIFEST[section], *(["runtime"] if section == "cuda" else [])}
        assert public(owner(0) if section == "cuda.Device" else owner) <= known, section


def test_of_cupyx_distributed_the_double_has_what_is_needed_as_the_real_one_has_it(xp):
    start, connection = double.DISTRIBUTED.init_process_group, double.NCCLBackend
    assert make_manifest.encode(inspect.signature(start)) == MANIFEST["cupyx.distributed"]["init_process_group"]
    sections = MANIFEST["cupyx.distributed.NCCLBackend"]
    for name in {name for name in vars(connection) if not name.startswith("_")}:
        assert make_manifest.encode(inspect.signature(getattr(connection(1, 0), name))) == sections[name]
    alone = start(1, 0)
    with pytest.raises(NotImplementedError, match="all_reduce"):
        alone.all_reduce(xp.ones(2), xp.ones(2))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = alone.no_such_name
    with pytest.raises(AttributeError, match="data"):
        alone.send_recv(np.ones(2), xp.ones(2), 0)
    with pytest.raises(RuntimeError, match="contiguous"):
        alone.send_recv(xp.ones(6)[::2], xp.ones(3), 0)
    for wrong in ((0, 0), (2, 2)):
        with pytest.raises(ValueError, match="Invalid number"):
            start(*wrong)
    with pytest.raises(RuntimeError, match="one device"):
        start(2, 0)


def test_signatures_of_the_doubles_own_functions(xp):
    for section, owner in (("cupy", xp), ("ndarray", xp.ndarray)):
        for name, encoded in MANIFEST[section].items():
            if inspect.isroutine(vars(type(xp) if owner is xp else owner).get(name)):
                ours = inspect.signature(getattr(xp.zeros(1) if owner is xp.ndarray else xp, name))
                assert make_manifest.encode(ours) == encoded, name


@pytest.mark.parametrize("encoded", ["", "a,axis=,*,out=", "*operands,dtype=", "a,b,**kwargs", "*,order="])
def test_signatures_are_read_as_written(encoded):
    assert make_manifest.encode(signature(encoded)) == encoded


def test_a_name_or_argument_that_only_numpy_has_is_caught(xp, monkeypatch):
    x = xp.ones(3)
    assert xp.sum(x, axis=0).item() == 3
    monkeypatch.setitem(MANIFEST["cupy"], "sum", "a,out=")  # as if CuPy had no axis
    with pytest.raises(TypeError, match="axis"):
        xp.sum(x, axis=0)
    monkeypatch.delitem(MANIFEST["cupy"], "sum")
    with pytest.raises(AttributeError, match="sum"):
        xp.sum(x)
    monkeypatch.delitem(MANIFEST["ndarray"], "sum")
    with pytest.raises(AttributeError, match="sum"):
        x.sum()


# ----------------------------------------------------------------------------------------------------- what is counted


def test_counts_by_reason(xp):
    x = xp.asarray(np.ones(3))
    assert xp.transfers == {"array of ndarray": 1}
    xp.array([1.0]), xp.asarray(x), xp.asarray(x, dtype="float32"), xp.array(x)
    assert xp.transfers == {"array of ndarray": 1, "array of list": 1}
    assert not xp.syncs
    float(x[0]), float(x[1]), x.get(), bool(x.all()), xp.cuda.Device().synchronize(), x[x > 0]
    assert xp.syncs == {"float()": 2, "get": 1, "bool()": 1, "synchronize": 1, "boolean index": 1}
    xp.reset()
    assert not xp.syncs
    assert not xp.transfers


def test_forbidden_in_a_block_and_allowed_after_it(xp):
    x = xp.ones(3)
    with xp.forbid_sync():
        x += 1
        with pytest.raises(AssertionError, match=r"synchronisation: float\(\)"):
            float(x[0])
        with pytest.raises(AssertionError, match="hidden transfer from the host to the device: array of list"):
            xp.asarray([1.0])
        with xp.forbid_sync(transfers=True), pytest.raises(AssertionError, match="transfer"):
            xp.asarray([1.0])  # what the outer block forbids stays forbidden
    with xp.forbid_sync(transfers=True):
        xp.asarray([1.0])
        with pytest.raises(AssertionError, match="synchronisation: get"):
            x.get()
    assert float(x[0]) == 2


# ------------------------------------------------------------------------------------------- minigen on the double


def test_installed_and_taken_out_again():
    before = backend._import_cupy, dict(backend._module_of), backend._default_device, mg.random.default_generator()
    with double.installed() as xp:
        assert backend.module_for("cuda") is xp
        assert "cupy" in backend.cuda_status().found
        assert backend.device_name() == "CuPy double"
        with backend.device("cuda"):
            t = mg.tensor([1.0, 2.0]) * 2
            assert type(t.data) is xp.ndarray
        x = backend.to_device(np.arange(3), "cuda")
        assert backend.xp_of(x) is xp
        assert backend.device_of(x) == "cuda"
        assert backend.to_device(x, "cuda") is x
        np.testing.assert_array_equal(backend.to_numpy(x), np.arange(3))
        assert type(backend.to_device(x, "cpu")) is np.ndarray
        xp.reset()
        backend.synchronize("cuda")
        assert xp.syncs == {"synchronize": 1}
        backend.use_device("cuda")
    after = backend._import_cupy, dict(backend._module_of), backend._default_device, mg.random.default_generator()
    assert after == before


def test_an_array_met_before_cupy_was():
    """minigen asks for CuPy when it is handed one of its arrays."""
    with double.installed() as xp:
        x = xp.ones(2)
        assert xp.ndarray not in backend._module_of
        assert backend.xp_of(x) is xp
        assert xp.ndarray in backend._module_of


def test_cuda_status_sees_a_device_that_cannot_compute(xp, monkeypatch):
    def broken(*args, **named):
        raise RuntimeError("nvrtc missing")

    monkeypatch.setattr(xp.ndarray, "item", broken, raising=False)
    assert "cannot run a kernel (nvrtc missing)" in backend.cuda_status().fault
