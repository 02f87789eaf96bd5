"""The tests of the gradients must be able to fail: every wrong rule has to be caught by the table of cases."""

import inspect
import sys

import pytest

from minigen.autodiff import REGISTRY, backpropagation
from minigen.autodiff.broadcast import unbroadcast
from tests.ops import mutants
from tests.ops.cases import CASES, CONVENTIONS

OPS = [
    op for op in REGISTRY.values() if op.forward.__module__.startswith("minigen.") and (op.rules or op.rule_for_each)
]
RULES = [(op, i) for op in OPS for i, rule in enumerate(op.rules or [op.rule_for_each]) if rule is not None]

# Replacements that change nothing, each with the reason. Key: operation, description.
ENGINE = "the engine sums over broadcast axes by itself"
ONE_PRODUCT = "the engine sums the products of a batch; making one matrix of it first is faster, not different"
EQUIVALENT = {
    (
        "bce_with_logits",
        "call dropped: fused.bce_with_logits_gradient(g, logits, targets)",
    ): "only CUDA arrays come there; tests/test_fused.py holds the kernel to this rule",
    (
        "batch_norm",
        "call dropped: fused.batch_norm_gradient(g, x, gamma, moments.mean, moments.var, eps)",
    ): "only CUDA arrays come there; tests/test_fused.py holds the kernel to this rule",
    ("broadcast_to", "call dropped: unbroadcast(g, x.shape)"): ENGINE,
    ("dense", "call dropped: sum(_rows(g), axis=0)"): ENGINE,
    ("dense", "call dropped: parallel.channel_sums(_rows(g))"): ENGINE,
    ("dense", "call dropped: _rows(g)"): ONE_PRODUCT,
    ("dense", "always the first: x if x.ndim == 2 else reshape(x, (-1, x.shape[-1]))"): ONE_PRODUCT,
    ("dense", "always the second: x if x.ndim == 2 else reshape(x, (-1, x.shape[-1]))"): "(N, I) stays (N, I)",
    ("transpose", "call dropped: tuple(np.argsort([a % len(axes) for a in axes]).tolist())"): "a list serves as well",
    ("dense", "call dropped: reshape(x, (-1, x.shape[-1]))"): ONE_PRODUCT,
    (
        "astype",
        "call dropped: astype(g, x.dtype)",
    ): "the check knows float64 alone; types are tested in test_backpropagation.py",
    (
        "standardize",
        "always the first: (var(x, axes, keepdims=True) + eps) ** (-0.5) if isinstance(x, Tensor) else moments[1]",
    ): "the same number, computed again",
}
EQUIVALENT["einsum", "call dropped: raw(g)"] = "on a CPU both are NumPy's; the gradient check runs on a device as well"
EQUIVALENT["einsum", "call dropped: lengths.get(index)"] = "one more vector of ones changes nothing, and takes time"
CUDA_ONLY = "only CUDA arrays come there; on a device, tests/ops/test_likelihood.py compares"
for change in (
    "call dropped: fused.bce_with_logits_gradient(xp_of(g).broadcast_to(-g, logits.shape), logits, x)",
    "call dropped: xp_of(g).broadcast_to(-g, logits.shape)",
    "call dropped: xp_of(g)",
    "minus dropped: -g",
):
    EQUIVALENT["bernoulli_log_likelihood", change] = CUDA_ONLY

# The functions that rules share and that do mathematics (and not, say, the checking of arguments).
HELPERS = {
    "_one_less",
    "_log_of_base",
    "_inside",
    "_winner",
    "_inverse",
    "_restore",
    "_count",
    "_matrices",
    "_rows",
    "_unpad",
}


def rule_of(op, i):
    return op.rule_for_each or op.rules[i]


def cases_of(op):
    """The cases and conventions of an operation."""
    return [case for case in CASES if case.op == op.name], [c for c in CONVENTIONS if c.op == op.name]


def survivors(op, i, wrong_rules, order=1):
    """Descriptions of the wrong rules that no case catches."""
    alive = []
    for name, rule in wrong_rules:
        with mutants.replaced(op, i, rule):
            if not mutants.caught(*cases_of(op), order):
                alive.append(name)
    return [name for name in alive if (op.name, name) not in EQUIVALENT]


@pytest.mark.parametrize(("op", "i"), RULES, ids=lambda v: getattr(v, "name", v))
def test_general_mistakes(op, i):
    assert survivors(op, i, mutants.general(rule_of(op, i))) == []


@pytest.mark.parametrize(("op", "i"), RULES, ids=lambda v: getattr(v, "name", v))
def test_missing_terms_and_factors(op, i):
    tree = mutants.trees_of(op)[i]
    assert survivors(op, i, mutants.from_source(rule_of(op, i), tree), order=2) == []


def wrong_helpers(op, i):
    """(helper, description, wrong helper) for each mutation of the functions that a rule calls."""
    definitions = mutants.ast.parse(inspect.getsource(sys.modules[op.forward.__module__]))
    trees = {n.name: n for n in mutants.ast.walk(definitions) if isinstance(n, mutants.ast.FunctionDef)}
    for helper_name, helper in mutants.helpers_of(rule_of(op, i), HELPERS).items():
        for name, wrong in mutants.from_source(helper, trees[helper_name]):
            yield helper_name, name, wrong


def helper_is_caught(op, helper_name, wrong, monkeypatch):
    """Whether a case notices that a helper is wrong."""
    with monkeypatch.context() as patch:
        patch.setattr(sys.modules[op.forward.__module__], helper_name, wrong)
        return mutants.caught(*cases_of(op), 2)


@pytest.mark.parametrize(("op", "i"), RULES, ids=lambda v: getattr(v, "name", v))
def test_mistakes_in_the_helpers_of_a_rule(op, i, monkeypatch):
    alive = [
        f"{helper_name}: {name}"
        for helper_name, name, wrong in wrong_helpers(op, i)
        if (op.name, name) not in EQUIVALENT and not helper_is_caught(op, helper_name, wrong, monkeypatch)
    ]
    assert alive == []


@pytest.mark.parametrize(("name", "change"), EQUIVALENT, ids=str)
def test_what_is_listed_as_changing_nothing_exists_and_changes_nothing(name, change, monkeypatch):
    """A list of exceptions goes stale: the rule is rewritten, or a new case tells the difference."""
    found = []
    for op, i in RULES:
        if op.name != name:
            continue
        for description, rule in mutants.from_source(rule_of(op, i), mutants.trees_of(op)[i]):
            if description == change:
                with mutants.replaced(op, i, rule):
                    found.append(mutants.caught(*cases_of(op), 2))
        for helper_name, description, wrong in wrong_helpers(op, i):
            if description == change:
                found.append(helper_is_caught(op, helper_name, wrong, monkeypatch))
    assert found, "no such mutation is made any more; take it off the list"
    assert not all(found), "the cases catch it now; take it off the list"


@pytest.mark.parametrize(
    "op", [op for op in OPS if any(c.smooth for c in CASES if c.op == op.name)], ids=lambda op: op.name
)
def test_a_rule_that_loses_its_history(op):
    """It passes the first order and must fail the second."""
    for i, rule in enumerate(op.rules or [op.rule_for_each]):
        if rule is None:
            continue
        with mutants.replaced(op, i, mutants.detached(rule)):
            assert not mutants.caught(*cases_of(op), order=1)
            assert mutants.caught(*cases_of(op), order=2)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda g, shape: g[tuple(slice(0, n) for n in (1,) * (g.ndim - len(shape)) + shape)].reshape(shape),
        lambda g, shape: unbroadcast(g, shape) / (g.size / max(1, unbroadcast(g, shape).size)),
        lambda g, shape: g,
    ],
    ids=["the first slice", "a mean", "not summed"],
)
def test_broadcasting_that_is_not_undone(monkeypatch, wrong):
    monkeypatch.setitem(vars(backpropagation), "unbroadcast", wrong)
    broadcasting = [c for c in CASES if c.op in ("add", "multiply", "divide", "where", "maximum", "add_bias")]
    for name in {case.op for case in broadcasting}:
        assert mutants.caught([case for case in broadcasting if case.op == name], [], order=1), name
