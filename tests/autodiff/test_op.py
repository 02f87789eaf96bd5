"""Operations that are defined wrongly: one line that names the operation and the array, where it is defined or used."""

import numpy as np
import pytest

import minigen as mg
from minigen.autodiff import REGISTRY
from minigen.autodiff.op import differentiable
from minigen.errors import ArgumentError, GraphError, MinigenError


@pytest.fixture
def scale():
    """An operation of two arrays and a setting, without rules."""

    @differentiable
    def scale(a, b, /, factor=1.0):
        return a * b * factor

    yield scale
    del REGISTRY["scale"]


@pytest.fixture
def total():
    """An operation of any number of arrays, without a rule."""

    @differentiable
    def total(*xs):
        return sum(xs)

    yield total
    del REGISTRY["total"]


def first(g, y, a, b, factor=1.0):
    return g * b * factor


def second(g, y, a, b, factor=1.0):
    return g * a * factor


def test_a_right_definition(scale):
    scale.gradients(first, second)
    mg.gradcheck(lambda a, b: scale(a, b, 3.0), np.ones(2), np.ones(2))
    mg.gradcheck(lambda a, b: scale(a, b, factor=3.0), np.ones(2), np.ones(2))
    scale.gradients(first, lambda *args, **settings: second(*args, **settings))
    scale.gradients(lambda g, y, *arrays, factor=1.0: g, None)


@pytest.mark.parametrize("rules", [(), (first,), (first, second, second)])
def test_too_few_or_too_many_rules(scale, rules):
    with pytest.raises(ArgumentError, match=rf"scale.gradients: .* arrays \(a, b\), got {len(rules)}; write None"):
        scale.gradients(*rules)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: 0,
        lambda g, y, a: g,
        lambda g, y, a, b: g,  # no place for the setting
        lambda g, y, a, b, scale=1.0: g,  # of another name
        lambda g, y, a, b, factor, more: g,
        3.0,
        np.multiply,
    ],
)
def test_a_rule_that_cannot_be_called(scale, wrong):
    for rules, name in (((wrong, second), "a"), ((first, wrong), "b")):
        with pytest.raises(
            ArgumentError, match=rf"scale: the gradient rule for {name} .* \(g, y, a, b, factor\)"
        ) as caught:
            scale.gradients(*rules)
        assert "\n" not in str(caught.value)
    assert scale.rules is None


def test_no_rule_at_all_is_told_where_it_is_used(scale, total):
    x, y = mg.tensor([1.0], requires_grad=True), mg.tensor([2.0])
    with pytest.raises(GraphError, match=r"scale: .* no gradient rule; give it one by scale.gradients\(...\)"):
        scale(x, y)
    with pytest.raises(GraphError, match=r"total: .* total.gradient_for_each\(...\)"):
        total(x, y)
    assert scale(y, y).item() == 4.0
    with mg.no_grad():
        assert scale(x, y).item() == 2.0
    scale.gradients(None, None)
    assert not scale(x, y).requires_grad


def test_a_rule_without_a_return(scale):
    def forgetful(g, y, a, b, factor=1.0):
        g * b * factor

    scale.gradients(forgetful, second)
    a, b = mg.tensor([1.0], requires_grad=True), mg.tensor([2.0], requires_grad=True)
    with pytest.raises(GraphError, match="scale: the gradient rule for a returned None; return the gradient"):
        scale(a, b).backward()


def test_rules_one_by_one_for_any_number_of_arrays(total):
    with pytest.raises(ArgumentError, match=r"total.gradients: it takes any number of arrays; use gradient_for_each"):
        total.gradients(lambda g, y, x: g)
    total.gradient_for_each(lambda i, g, y, *xs: g)
    mg.gradcheck(lambda a, b: total(a, b), np.ones(2), np.ones(2))


@pytest.mark.parametrize("wrong", [lambda i, g: g, lambda *, i, g, y: g, lambda i, g, y: g, 3.0])
def test_a_rule_for_each_that_cannot_be_called(total, wrong):
    with pytest.raises(ArgumentError, match=r"total: the gradient rule for each array must take \(i, g, y, \*xs\)"):
        total.gradient_for_each(wrong)


def test_arrays_stand_before_a_slash():
    with pytest.raises(
        ArgumentError, match=r"forgot\(x, factor=1.0\) has no arrays: those stand before a slash"
    ) as caught:

        @differentiable
        def forgot(x, factor=1.0):
            return x * factor

    assert "\n" not in str(caught.value)
    assert "forgot" not in REGISTRY


def test_it_is_a_public_name():
    assert mg.differentiable is differentiable
    assert issubclass(ArgumentError, MinigenError)
