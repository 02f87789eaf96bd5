"""What lesson 16 concludes, for three ways to hold names out."""

import numpy as np
import pytest

import minigen as mg
from minigen.data import Dataset, load
from minigen.lessons.pictures import next_symbol
from minigen.models.sequences.ngram import PAD, NGram

PARTS = [load("names"), load("names", "test")]
NAMES = np.concatenate([part.x for part in PARTS])
SEEDS = pytest.mark.parametrize("seed", [0, 1, 2])


def parts(seed):
    order = np.random.default_rng(seed).permutation(len(NAMES))
    return NAMES[order[516:]], NAMES[order[:516]]


@SEEDS
def test_the_best_order_is_in_the_middle_and_better_than_any_number_added(seed):
    train, test = parts(seed)
    model = NGram(6, 27).fit(train)
    nats, training = model.nats(test), model.nats(train)
    assert nats.argmin() == 3
    assert nats[6] > nats[3] + 0.1
    assert (np.diff(training) < 0).all()
    assert nats[3] < min(next_symbol.best_alpha(train, test, order) for order in range(5)) - 0.03


@SEEDS
def test_about_half_of_the_names_are_impossible_with_order_3(seed):
    train, test = parts(seed)
    c, _ = next_symbol.counts_after(train, test, 3)
    name = np.nonzero(test[:, 1:] != PAD)[0]
    assert 0.35 < len(np.unique(name[c == 0])) / len(test) < 0.6


@SEEDS
def test_for_order_1_any_small_alpha_will_do_and_for_order_3_one_is_too_much(seed):
    train, test = parts(seed)
    first, third = (
        [next_symbol.adding(*next_symbol.counts_after(train, test, k), a) for a in (1, 0.1)] for k in (1, 3)
    )
    assert abs(first[0] - first[1]) < 0.02
    assert third[0] > third[1] + 0.1


@SEEDS
def test_models_of_order_3_are_better_compressors_than_bz2(seed, capsys):
    train, test = (Dataset("names", x, alphabet=PARTS[0].alphabet) for x in parts(seed))
    next_symbol.compressors(train, test, {"order 3": NGram(3, 27).fit(train.x).nats(test.x)[-1]})
    bits = {line.split("  ")[0]: float(line[18:].split()[0]) for line in capsys.readouterr().out.splitlines()}
    assert bits["order 3"] < min(bits[name] for name in ("zlib", "lzma", "bz2")) - 0.1


@SEEDS
def test_high_orders_copy(seed):
    train = Dataset("names", parts(seed)[0], alphabet=PARTS[0].alphabet)
    shares = [next_symbol.share_of_copies(NGram(k, 27).fit(train.x), train, 300) for k in (1, 3, 5)]
    assert shares[0] < shares[1] < shares[2]
    assert shares[0] < 0.15
    assert shares[2] > 0.3


@SEEDS
def test_a_net_of_one_table_learns_the_relative_frequencies(seed):
    train, _ = parts(seed)
    text = np.append(0, train[:, 1:][train[:, 1:] != PAD])
    counts = np.zeros((27, 27))
    np.add.at(counts, (text[:-1], text[1:]), 1)
    counted = -np.log((counts / counts.sum(axis=1, keepdims=True))[text[:-1], text[1:]]).mean()
    logits = mg.tensor(np.random.default_rng(seed).standard_normal((27, 27)), requires_grad=True)
    adam = mg.optim.Adam([logits], lr=0.1)
    for _ in range(400):
        loss = -(mg.log_softmax(logits) * counts).sum() / counts.sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
    assert counted < loss.item() < counted + 0.01
