"""Work on several threads: the same numbers as on one, errors that arrive, BLAS left as it was found."""

import os
import threading
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

import minigen as mg
from minigen import parallel
from minigen.ops import loops

RNG = np.random.default_rng(0)


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.fixture(params=[1, 2, 3])
def threads(request, monkeypatch):
    """As if BLAS was set to so many threads, and waking a thread cost nothing."""
    monkeypatch.setattr(parallel, "GRAIN", 1)
    monkeypatch.setattr(parallel, "SMALL_PRODUCT", 1)
    with threadpool_limits(request.param, user_api="blas"):
        yield request.param


@given(length=st.integers(1, 50), cost=st.floats(0, 1e12))
def test_the_parts_are_the_whole_in_order(length, cost):
    with threadpool_limits(3, user_api="blas"):
        parts = parallel.split(length, cost)
    assert [i for part in parts for i in range(part.start, part.stop)] == list(range(length))
    assert 1 <= len(parts) <= 3
    assert all(part.stop > part.start for part in parts)
    assert len(parts) == 1 or cost / len(parts) >= parallel.GRAIN


def test_each_piece_has_a_thread_of_its_own_and_results_keep_their_order(threads):
    names = parallel.run(lambda part: (part.start, threading.get_ident()), parallel.split(9, 1e9))
    assert len(names) == threads == len({ident for _, ident in names})
    assert names[0][1] == threading.get_ident()
    assert [start for start, _ in names] == sorted(start for start, _ in names)


def test_blas_has_one_thread_meanwhile_and_gets_back_what_it_had(threads):
    before = blas_threads()
    assert parallel.run(lambda part: blas_threads(), [0])[0] == [1] * len(before)
    with pytest.raises(ZeroDivisionError):
        parallel.run(lambda part: 1 // 0, [0])
    assert blas_threads() == before


@pytest.mark.parametrize("culprit", [0, 1])
def test_an_error_arrives_and_only_when_nobody_works_any_more(culprit):
    done = []

    def work(i):
        if i == culprit:
            raise ValueError(f"piece {i}")
        threading.Event().wait(0.05)
        done.append(i)

    with threadpool_limits(2, user_api="blas"), pytest.raises(ValueError, match=f"piece {culprit}"):
        parallel.run(work, [0, 1])
    assert done == [1 - culprit]


def test_an_answer_that_was_not_waited_for_is_not_the_next_one(monkeypatch):
    """Ctrl-C while waiting, as in a notebook: the next work is waited for all the same."""

    def interrupted(self):
        raise KeyboardInterrupt

    def work(i):
        threading.Event().wait(0.05 * i)
        return i

    with threadpool_limits(2, user_api="blas"):
        with monkeypatch.context() as patch:
            patch.setattr(parallel._Worker, "wait", interrupted)
            with pytest.raises(KeyboardInterrupt):
                parallel.run(work, [0, 1])
        threading.Event().wait(0.2)  # the answer is there now
        assert [parallel.run(work, [0, i]) for i in (2, 3)] == [[0, 2], [0, 3]]


def test_work_inside_of_work_stays_on_its_thread(threads):
    counts = parallel.run(lambda i: len(parallel.split(100, 1e12)), list(range(threads)))
    assert counts == [1] * threads


@pytest.mark.parametrize(("n", "k", "m"), [(70, 5, 9), (3, 40, 65), (128, 1, 64), (1, 7, 1), (0, 3, 4)])
def test_products_of_matrices(threads, n, k, m):
    a, b = RNG.standard_normal((n, k)), RNG.standard_normal((k, m))
    assert np.allclose(parallel.matmul(a, b), a @ b, rtol=1e-13, atol=1e-13)
    assert np.allclose(parallel.matmul(b.T, a.T), (a @ b).T, rtol=1e-13, atol=1e-13)


def test_channels(threads):
    x, y, v = RNG.standard_normal((4, 3, 5, 6)), RNG.standard_normal((4, 3, 5, 6)), RNG.standard_normal(6)
    assert np.allclose(parallel.channel_sums(x), x.sum((0, 1, 2)))
    assert np.allclose(parallel.channel_sums(x, y), (x * y).sum((0, 1, 2)))
    rows, long = parallel.by_channel(x, v)
    assert np.array_equal((rows + long).reshape(x.shape), x + v)


@pytest.mark.parametrize("settings", [(1, 0, 1, 1), (2, 1, 1, 1), (2, 1, 1, 2), (1, 2, 2, 1), (3, 0, 1, 1)])
@pytest.mark.parametrize("kernel", [2, 4])
def test_convolutions_of_a_split_batch_agree_with_the_loops(threads, settings, kernel, monkeypatch):
    """A few images at a time, and these on several threads, give what the plain loops give."""
    monkeypatch.setattr("minigen.ops.conv.ROWS", 1)
    monkeypatch.setattr("minigen.ops.conv.CACHE", 1)
    groups = settings[3]
    x, w = RNG.standard_normal((5, 8, 7, 4)), RNG.standard_normal((kernel, kernel, 4 // groups, 6))
    y = mg.conv2d(x, w, *settings)
    g = RNG.standard_normal(y.shape)
    dx, dw = loops.conv2d_gradients(g, x, w, *settings)
    assert np.allclose(y, loops.conv2d(x, w, *settings))
    assert np.allclose(mg.conv2d_transpose(g, w, *settings, output_size=(8, 7)), dx)
    weight = mg.tensor(w, requires_grad=True)
    mg.conv2d(mg.tensor(x), weight, *settings).backward(g)
    assert np.allclose(weight.grad.numpy(), dw)


def test_operations_that_share_out_their_rows_agree_with_their_definitions(threads):
    """Batch norm, whose parts are combined, and the Bernoulli likelihood, with their gradients."""
    x, gamma, beta, g = (RNG.standard_normal(shape) for shape in ((5, 3, 3, 4), 4, 4, (5, 3, 3, 4)))
    x += 100  # far from 0: squares of the values would lose the variance
    given = [mg.tensor(a, requires_grad=True) for a in (x, gamma, beta)]
    y, mean, var = mg.ops.batch_norm(*given)
    y.backward(g)
    m, v = x.mean((0, 1, 2)), x.var((0, 1, 2))
    standard, r = (x - m) / np.sqrt(v + 1e-5), 1 / np.sqrt(v + 1e-5)
    assert np.allclose(mean.reshape(4), m)
    assert np.allclose(var.reshape(4), v)
    assert np.allclose(y.numpy(), standard * gamma + beta)
    dx = gamma * r * (g - g.mean((0, 1, 2)) - standard * (g * standard).mean((0, 1, 2)))
    for tensor, right in zip(given, (dx, (g * standard).sum((0, 1, 2)), g.sum((0, 1, 2))), strict=True):
        assert np.allclose(tensor.grad.numpy(), right)

    g *= 3  # in place, and once more through the same graph
    for tensor in given:
        tensor.grad = None
    y, _, _ = mg.ops.batch_norm(*given)
    y.backward(g, retain_graph=True)
    first = [tensor.grad.numpy().copy() for tensor in given]
    g *= 2
    y.backward(g)
    for tensor, once in zip(given, first, strict=True):
        assert np.allclose(tensor.grad.numpy(), 3 * once)

    logits, targets = mg.tensor(RNG.standard_normal((7, 5)), requires_grad=True), RNG.random((7, 5))
    nats = mg.ops.bernoulli_log_likelihood(logits, targets)
    nats.backward(np.arange(7.0))
    assert np.allclose(nats.numpy(), -mg.ops.bce_with_logits(logits.data, targets).sum(1))
    assert np.allclose(logits.grad.numpy(), np.arange(7.0)[:, None] * (targets - mg.ops.sigmoid(logits.data)))


def test_the_parts_of_a_transformer_agree_with_their_definitions(threads):
    """Layer norm, GELU and attention, with their gradients: the same while a graph of the gradients is recorded."""
    cases = [
        (mg.ops.layer_norm, [RNG.standard_normal(shape) for shape in ((5, 3, 4), 4, 4)]),
        (mg.ops.gelu, [3 * RNG.standard_normal((7, 5))]),
        (mg.ops.attention, list(RNG.standard_normal((3, 5, 6, 2, 4)))),
    ]
    for operation, arrays in cases:
        given = [mg.tensor(a, requires_grad=True) for a in arrays]
        y = operation(*given)
        g = RNG.standard_normal(y.shape)
        recorded = mg.grad(y, given, g, create_graph=True)  # by the definition, on one thread
        y = operation(*given)
        y.backward(g, retain_graph=True)
        first = [tensor.grad.numpy().copy() for tensor in given]
        for found, right in zip(first, recorded, strict=True):
            assert np.allclose(found, right.numpy())
        g *= 2  # in place, and once more through the same graph
        y.backward(g)
        for tensor, once in zip(given, first, strict=True):
            assert np.allclose(tensor.grad.numpy(), 3 * once)


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_an_optimizer_on_several_threads_gives_the_bytes_of_one(size, monkeypatch):
    monkeypatch.setattr(parallel, "GRAIN", 1)
    monkeypatch.setattr("minigen.optim.optimizers.CHUNK", 64)
    start, gradients = RNG.standard_normal(size).astype(np.float32), RNG.standard_normal((3, size)).astype(np.float32)
    results = []
    for count in (1, 2, 3):
        w = mg.tensor(start.copy(), requires_grad=True)
        optimizer = mg.optim.AdamW([w], lr=0.1)
        with threadpool_limits(count, user_api="blas"):
            for g in gradients:
                w.grad = mg.tensor(g)
                optimizer.step()
        results.append([w.numpy().tobytes(), *(m.tobytes() for m in optimizer.memory.values())])
    assert results[0] == results[1] == results[2]


def test_two_threads_of_a_program_may_work_at_the_same_time():
    """One gets the workers; the other does its pieces by itself instead of waiting."""
    both_inside = threading.Barrier(2, timeout=10)

    def work(i):
        if i == 0:
            both_inside.wait()
        return i * i

    def caller():
        answers.append(parallel.run(work, [0, 1, 2]))

    answers = []
    with threadpool_limits(3, user_api="blas"):
        callers = [threading.Thread(target=caller) for _ in range(2)]
        for thread in callers:
            thread.start()
        for thread in callers:
            thread.join()
    assert answers == [[0, 1, 4]] * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_has_threads_of_its_own():
    with threadpool_limits(2, user_api="blas"):
        parallel.run(lambda i: i, [0, 1])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads about: what is tested here
            child = os.fork()
        if not child:
            os._exit(0 if parallel.run(lambda i: i, [0, 1]) == [0, 1] else 1)
        assert os.waitpid(child, 0)[1] == 0


def test_one_thread_and_as_many_as_before_afterwards(threads):
    with parallel.one_thread():
        assert set(blas_threads()) == {1}
        assert len(parallel.split(100, 1e9)) == 1
    assert set(blas_threads()) == {threads}


def test_parts_of_several_arrays_go_together(monkeypatch):
    monkeypatch.setattr(parallel, "split", lambda n, cost: [slice(0, 2), slice(2, n)])
    x, y = np.arange(40_000.0).reshape(5, 8000), np.empty((5, 8000))
    parallel.run_in_parts(lambda a, b: np.multiply(a, 2, out=b), x, y, cost=1e6)
    np.testing.assert_array_equal(y, 2 * x)
    number, result = np.array(3.0), np.array(0.0)
    parallel.run_in_parts(lambda a, b: np.multiply(a, 2, out=b), number, result)
    assert result == 6


def test_small_work_is_done_in_one_piece_and_nobody_is_asked(monkeypatch):
    monkeypatch.setattr(parallel, "_blas", None)
    assert parallel.run_split(lambda n: n, 7, cost=1000) == [slice(0, 7)]
    assert parallel.split(7, parallel.GRAIN) == [slice(0, 7)]
