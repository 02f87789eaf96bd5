"""The reproduction: rows are listed, refused and appended; an interrupted run ends as if it had not been."""

import contextlib
import json
import re
from dataclasses import replace

import numpy as np
import pytest

import minigen as mg
from benchmarks import reproduce
from benchmarks.protocols import (
    autoregressive,
    flows,
    games,
    likelihood,
    music,
    recommendation,
    scenarios,
    text,
    trained,
    video,
    words,
)
from benchmarks.protocols.row import Both, Goal, Job
from minigen import data
from minigen.data.tastes import load_tastes
from minigen.errors import ArgumentError
from minigen.metrics import nll
from minigen.models import MADE
from minigen.models.networks import dense_decoder
from minigen.report import clips
from tests.examples import pairs

load, SIZES = data.load, (("train", 300), ("test", 200))


def test_the_list_names_paper_number_and_cost(capsys):
    assert reproduce.main(["--list"]) == 0
    shown = capsys.readouterr().out
    for name, row in reproduce.ROWS.items():
        assert f"{name}: {row.paper}: {row.reports}" in shown
        assert f"--budget {row.minutes}," in shown
        assert row.full in shown
        assert re.search(r"steps|epochs", row.full)
        assert re.search(r"\d+ (minutes|hours?)$", row.full)
        assert 0 < row.minutes <= 30


def test_every_number_that_must_be_reached_has_its_row():
    """The rows and bounds that the table must have; the fid rows are held against the plain GAN."""
    goals = {name: row.goal for name, row in reproduce.ROWS.items() if row.goal}
    assert goals["vae"] == Goal("nll_5000", "<=", 89.0)
    assert goals["iwae-5"] == Goal("nll_5000", "<=", "nll_5000", "vae")
    assert goals["parzen"] == Goal("parzen", ">=", 225)
    assert goals["infogan"] == Goal("code_error", "<=", 0.1)
    assert goals["acgan"] == Goal("accuracy", ">=", 0.985)
    assert goals["flow-mnist"] == Goal("bits_per_dim", "<=", 1.30)
    assert goals["grid-r1"] == Goal("modes", ">=", 24)
    for name in ("fid-wgan-gp", "fid-hinge-sn", "fid-r1"):
        assert goals[name] == Goal("fid_cls", "<=", "fid_cls", "fid-gan")
    assert goals["shakespeare"] == Goal("nats", "<=", 1.55)
    assert goals["shakespeare-8"] == Goal("nats", "<=", "counting")
    assert reproduce.ROWS["shakespeare-8"].minutes == 8
    assert goals["jsb"] == Goal("nats_a_frame", "<=", 8.45)
    assert goals["nottingham"] == Goal("nats_a_frame", "<=", 3.3)
    assert goals["makemore-names"] == Goal("nats", "<=", 1.96)
    assert goals["emoji"] == Both(Goal("seen", ">=", 0.9), Goal("held_out", ">=", 0.1))
    assert goals["joint-vae"] == Goal("label_to_image", ">=", 0.95)
    assert goals["adder"] == Goal("unseen", ">=", 0.99)
    assert goals["mult-vae"] == Goal("ndcg_100", ">=", "popularity")
    assert goals["car-following"] == Goal("tail_error_generated", "<=", "tail_error_nearest")
    assert goals["moving-digits"] == goals["moving-mnist"] == Goal("mean_of_guesses", ">=", "last_motion")
    assert all(goal.of in reproduce.ROWS for goal in goals.values() if isinstance(goal, Goal) and goal.of)


def entry(row, minutes, threads=1, **ours):
    machine = {"device": "cpu", "threads": threads}
    return {"row": row, "budget_minutes": minutes, "machine": machine, "ours": ours}


def test_a_goal_is_reached_or_not():
    assert Goal("a", "<=", 2).met(entry("x", 1, a=2)) is True
    assert Goal("a", "<=", 2).met(entry("x", 1, a=2.1)) is False
    assert Goal("a", ">=", "b").met(entry("x", 1, a=3, b=2)) is True
    assert Goal("a", ">=", "b").met(entry("x", 1, a=1, b=2)) is False
    assert str(Goal("a", ">=", "b", "plain")) == "a >= b of plain"


def test_of_two_goals_both_must_be_reached():
    both = Both(Goal("a", ">=", 2), Goal("b", "<=", "b", "plain"))
    others = [entry("plain", 8, b=1)]
    assert both.met(entry("x", 8, a=2, b=1), others) is True
    assert both.met(entry("x", 8, a=1, b=1), others) is both.met(entry("x", 8, a=2, b=2), others) is False
    assert both.met(entry("x", 8, a=2, b=1), []) is None
    assert str(both) == "a >= 2, b <= b of plain"


def test_a_row_is_held_against_another_with_the_same_means_only():
    goal, ours = Goal("a", "<=", "a", "plain"), entry("x", 8, a=3)
    assert goal.met(ours, [entry("plain", 4, a=9), entry("plain", 8, 2, a=9), entry("other", 8, a=9)]) is None
    assert goal.met(ours, [entry("plain", 8, a=2), entry("plain", 8, a=4)]) is True  # the last one counts
    assert goal.met(ours, [entry("plain", 8, a=4), entry("plain", 8, a=2)]) is False


def test_an_unknown_row_gets_the_nearest_name(capsys):
    assert reproduce.main(["vea"]) == 2
    assert "did you mean 'vae'" in capsys.readouterr().err


def test_entries_are_appended(tmp_path, monkeypatch):
    row = reproduce.Row("someone", "1.0", "quick", 1, "slow", lambda job: {"value": job.seed})
    monkeypatch.setitem(reproduce.ROWS, "mock", row)
    file = tmp_path / "results.json"
    for seed in (3, 4):
        reproduce.reproduce("mock", 0.5, seed, "cpu", file, tmp_path)
    entries = json.loads(file.read_text())
    assert [entry["ours"]["value"] for entry in entries] == [3, 4]
    assert entries[0]["machine"]["cpu_cores"] >= 1
    assert not entries[0]["resumed"]
    with pytest.raises(ArgumentError, match="budget: expected minutes > 0, got 0"):
        reproduce.reproduce("mock", 0, 1, "cpu", file, tmp_path)


def test_the_schedule_of_the_paper():
    plan = likelihood.paper_plan(60_000)
    assert (plan.epochs, plan.batch) == (3280, 20)
    epochs = [plan.rate(3000 * epoch) for epoch in range(3280)]
    assert [epochs.count(rate) for rate in sorted(set(epochs), reverse=True)] == [3**i for i in range(8)]
    assert np.allclose(sorted(set(epochs), reverse=True), [1e-3 * 10 ** (-i / 7) for i in range(8)])


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch):
    x = np.random.default_rng(0).random((300, 4, 4, 1)).astype(np.float32)
    monkeypatch.setattr(likelihood, "short_plan", lambda *_: likelihood.planned(4, 100, x, 2))
    epoch, calls = likelihood.one_epoch, []

    def counted(*args):
        calls.append(args[0].model.samples)
        return epoch(*args)

    monkeypatch.setattr(likelihood, "one_epoch", counted)
    whole, done = likelihood.trained(Job(1.0, 0, "cpu", tmp_path / "whole"), 3, x)
    assert (done["epochs"], done["epochs_with_one_sample"]) == (4, 2)
    assert calls == [1, 1, 3, 3]
    calls.clear()

    def interrupted(*args):
        calls.append(args[0].model.samples)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return epoch(*args)

    monkeypatch.setattr(likelihood, "one_epoch", interrupted)
    job = Job(1.0, 0, "cpu", tmp_path / "parts")
    with pytest.raises(KeyboardInterrupt):
        likelihood.trained(job, 3, x)
    parts, _ = likelihood.trained(job, 3, x)
    assert calls == [1, 1, 3, 3, 3]
    ours, theirs = whole.state_dict(), parts.state_dict()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_so_does_one_of_a_grid_model_and_the_best_epoch_is_kept(tmp_path, monkeypatch):
    x = np.random.default_rng(0).integers(0, 2, (200, 4, 4, 1)).astype(np.float32)
    of = autoregressive.Protocol(lambda rng: MADE((4, 4, 1), 2, [8], rng=rng), 50, 1e-2, 4)
    nats, calls = autoregressive.mean_nll, []
    monkeypatch.setattr(autoregressive, "seconds_an_epoch", lambda *_: 1.0)

    def run(job, at=None):
        def judged(*args):
            calls.append(args)
            if len(calls) == at:
                raise KeyboardInterrupt
            return [9.0, 5.0, 6.0, 7.0][(len(calls) - 1) % 4], 0.0

        calls.clear()
        monkeypatch.setattr(autoregressive, "mean_nll", judged)
        return autoregressive.trained(job, of, x, x)

    whole, done = run(Job(1.0, 0, "cpu", tmp_path / "whole"))
    assert (done["epochs"], done["best_epoch"], done["valid"]) == (4, 2, 5.0)
    job = Job(1.0, 0, "cpu", tmp_path / "parts")
    with pytest.raises(KeyboardInterrupt):
        run(job, at=4)
    calls[:] = calls[:3]
    monkeypatch.setattr(autoregressive, "mean_nll", lambda *_: (7.0, 0.0))
    parts, again = autoregressive.trained(job, of, x, x)
    assert (again["best_epoch"], again["valid"]) == (2, 5.0)
    ours, theirs = whole.state_dict(), parts.state_dict()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    mean, error = nats(parts, x, "cpu")
    each = -parts.log_prob(mg.Tensor(x)).numpy()
    assert (mean, error) == pytest.approx((each.mean(), each.std() / 200**0.5), rel=1e-5)


def test_the_measure_is_the_nll():
    """5000 samples on all images, and on some of them with 100 on all: the same number, within its standard error."""
    x = np.random.default_rng(0).integers(0, 2, (60, 4, 4, 1)).astype(np.float32)
    model = likelihood.network(1, x, 0)
    model.encoder[-1].w.data[...] = 0  # the codes come from the prior
    whole, part = likelihood.measured(model, x, 60, 0), likelihood.measured(model, x, 20, 0)
    assert whole["standard_error_of_5000"] == 0
    assert part["nll_5000"] == pytest.approx(whole["nll_5000"], abs=4 * part["standard_error_of_5000"] + 0.02)
    assert part["nll_5000"] < part["nll_100"] + 0.02
    assert nll(model, x, 5000).mean() == pytest.approx(whole["nll_5000"], abs=0.05)


# ------------------------------------------------------------------------------------------------ rows of `train`


def quick(monkeypatch, steps):
    """Every budget of a minute suffices for so many steps, at most."""
    monkeypatch.setattr(trained, "seconds_a_step", lambda *_: 60 / steps)


def test_the_steps_fill_the_share_of_the_budget(tmp_path, monkeypatch):
    quick(monkeypatch, 40)
    ring = data.load("ring"), data.load("ring", "test")
    run = trained.trained(Job(1.0, 3, "cpu", tmp_path), "a", "gan", *ring, 0.5, 9, width=4)
    assert (run.settings.steps, run.settings.seed, run.settings.width) == (20, 3, 4)
    monkeypatch.undo()
    assert trained.seconds_a_step(run.settings, ring[0], steps=3) > 0
    run = trained.trained(Job(None, 3, "cpu", tmp_path), "in full", "gan", *ring, 0.5, 9, width=4)
    assert run.settings.steps == 9


def test_a_pause_does_not_count(monkeypatch):
    """The steps that fit are told by the median: a machine that stands still for a minute is not a slow one."""
    clock, steps = [0.0], iter([0.1] * 6 + [60.0] + [0.1] * 20)

    def step(*_):
        clock[0] += next(steps)
        return {"loss": np.float32(0)}

    recipe = trained.recipe_of("gan")
    still = type("Still", (), {"step": staticmethod(step)})
    monkeypatch.setattr(trained, "recipe_of", lambda _: replace(recipe, trainer=lambda *_: still))
    monkeypatch.setattr(trained.time, "perf_counter", lambda: clock[0])
    ring = data.load("ring")
    assert trained.seconds_a_step(recipe.settings(ring), ring, steps=9) == pytest.approx(0.1)


def test_the_epochs_fill_the_budget_half_of_it_with_one_sample(monkeypatch):
    """An epoch with k samples that takes 1 + k seconds: 30 s with one are 15 epochs, 30 s with five 5."""
    x = np.zeros((200, 2, 2, 1), np.float32)
    monkeypatch.setattr(likelihood, "seconds_an_epoch", lambda model, k, *_: 1.0 + k)
    plan = likelihood.short_plan(60, likelihood.network(5, x, 0), x, "cpu")
    assert (plan.epochs, plan.single) == (20, 15)
    plan = likelihood.short_plan(60, likelihood.network(1, x, 0), x, "cpu")
    assert (plan.epochs, plan.single) == (30, 0)
    monkeypatch.undo()
    assert likelihood.seconds_an_epoch(likelihood.network(2, x, 0), 2, x, 100, "cpu") > 0


def test_a_killed_row_goes_on_and_a_finished_part_is_not_repeated(tmp_path, monkeypatch):
    quick(monkeypatch, 20)
    ring = data.load("ring"), data.load("ring", "test")

    def row(folder):
        return trained.trained(Job(1.0, 3, "cpu", folder), "a", "gan", *ring, 1.0, 9, width=4)

    whole = row(tmp_path / "whole")
    monkeypatch.setattr("minigen.train.begin_and_resume.results", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        row(tmp_path / "parts")
    monkeypatch.undo()
    monkeypatch.setattr(trained, "seconds_a_step", lambda *_: pytest.fail("the number of steps was laid down"))
    for _ in range(2):
        parts = row(tmp_path / "parts")
        assert parts.metrics()[-1] == whole.metrics()[-1]


@pytest.mark.long
def test_modes_are_counted_for_each_seed(tmp_path, monkeypatch):
    quick(monkeypatch, 40)
    ours = reproduce.ROWS["ring-pacgan2"].run(Job(1.0, 0, "cpu", tmp_path))
    assert len(ours["modes_of_each"]) == games.TRIALS
    assert ours["modes"] == pytest.approx(np.mean(ours["modes_of_each"]), abs=0.01)
    assert 0 <= ours["high_quality"] <= 1
    assert ours["steps"] == int(40 * 0.9 / games.TRIALS)


def test_the_measures_of_images(tmp_path, monkeypatch):
    """On the small digits: the row's floor is below an untrained generator's distance; blurred images win at Parzen."""
    quick(monkeypatch, 4)
    load = data.load
    monkeypatch.setenv("MINIGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(games, "data", type("Digits", (), {"load": lambda name, part="train": load("digits", part)}))
    monkeypatch.setitem(games.classifier.EPOCHS, "digits", 2)
    monkeypatch.setitem(games.classifier.MUST_REACH, "digits", 0.3)
    monkeypatch.setattr(games, "COUNT", 700)
    monkeypatch.setattr(games, "KEPT_ASIDE", 300)
    ours = reproduce.ROWS["fid-r1"].run(Job(1.0, 0, "cpu", tmp_path / "fid"))
    assert ours["fid_cls"] > 3 * ours["floor"] > 0
    ours = reproduce.ROWS["parzen"].run(Job(1.0, 0, "cpu", tmp_path / "parzen"))
    assert ours["parzen"] < ours["real"]


def test_restoring_is_measured_beside_its_baselines(tmp_path, monkeypatch):
    quick(monkeypatch, 5)
    load = data.load
    small = type("Digits", (), {"load": lambda name, part="train": load("digits", part)})
    monkeypatch.setattr("benchmarks.protocols.restoration.data", small)
    ours = reproduce.ROWS["super-resolve-4"].run(Job(1.0, 0, "cpu", tmp_path))
    assert ours["psnr_bicubic"] > ours["psnr_blocks"] - 3
    assert ours["psnr"] > 0
    assert ours["steps"] == 4


def test_words_and_pictures_are_measured_beside_their_baselines(tmp_path, monkeypatch):
    """On coloured squares, and on the small digits whose classifier is quickly trained."""
    quick(monkeypatch, 300)
    load, squares = data.load, pairs(10)
    monkeypatch.setenv("MINIGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(words, "data", type("Squares", (), {"load": lambda name, part="train": squares}))
    monkeypatch.setattr(words, "trained", lambda *about: trained.trained(*about, batch_size=20, width=4))
    ours = reproduce.ROWS["emoji"].run(Job(1.0, 0, "cpu", tmp_path / "emoji"))
    assert ours["seen"] == min(ours["seen_name_recall"], ours["seen_picture_recall"])
    assert ours["held_out"] > 2 * ours["chance"] == 2 * round(10 / 90, 4)
    monkeypatch.setattr(words, "data", type("Digits", (), {"load": lambda name, part="train": load("digits", part)}))
    monkeypatch.setattr(words, "trained", trained.trained)
    monkeypatch.setattr(words, "SETTINGS", {"width": 32, "lr": 5e-3})
    monkeypatch.setitem(games.classifier.EPOCHS, "digits", 3)
    monkeypatch.setitem(games.classifier.MUST_REACH, "digits", 0.3)
    ours = reproduce.ROWS["joint-vae"].run(Job(1.0, 0, "cpu", tmp_path / "joint"))
    assert ours["image_to_label"] > 0.6
    assert ours["image_to_label_of_nearest"] > 0.95
    assert ours["one_nn_error_of_means"] < 0.3
    assert 0 < ours["label_to_image"] <= 1


def test_bits_of_a_flow_are_of_the_mean_weight():
    """Two images of which each draw's weight is known; the bound from one draw is never better than that from all."""
    log_w = np.log([[0.5, 0.1], [0.25, 0.3]])
    assert flows.bits_per_dim(log_w, 4) == pytest.approx(-(np.log2(0.375) + np.log2(0.2)) / 8)
    assert flows.bits_per_dim(log_w[:1], 4) == pytest.approx(-(np.log2(0.5) + np.log2(0.1)) / 8)


def test_a_flow_is_measured_in_bits(tmp_path, monkeypatch):
    quick(monkeypatch, 4)
    load = data.load
    monkeypatch.setattr(flows, "data", type("Digits", (), {"load": lambda name, part="train": load("digits", part)}))
    monkeypatch.setattr(flows, "SETTINGS", {"width": 4, "depth": 1})
    monkeypatch.setattr(flows, "PART", 100)  # the last part is smaller
    ours = reproduce.ROWS["flow-mnist"].run(Job(1.0, 0, "cpu", tmp_path))
    assert ours["steps"] == 3
    assert 1 < ours["bits_per_dim_8"] < ours["bits_per_dim"] < 4
    assert ours["nats"] == pytest.approx(ours["bits_per_dim"] * 64 * np.log(2), rel=1e-3)


def test_a_net_of_text_stands_beside_counting(tmp_path, monkeypatch):
    """On the small names: a few steps lose to it."""
    quick(monkeypatch, 4)
    names = type("Names", (), {"load": lambda name, part="train": data.load("names", part)})
    monkeypatch.setattr(text, "data", names)
    ours = reproduce.ROWS["makemore-names"].run(Job(1.0, 0, "cpu", tmp_path))
    assert ours["counting"] == pytest.approx(1.986, abs=0.001)  # order 3
    assert ours["counting"] < ours["nats"] < 3.5
    assert ours["steps"] == 3


class Adds:
    """A model that adds: the likeliest next symbol of a sum is the right one, but for sums that begin with 9."""

    body = None

    def __init__(self, alphabet):
        self.alphabet = alphabet

    def evaluating(self):
        return contextlib.nullcontext()

    def __call__(self, asked):
        logits = np.zeros((*asked.shape, len(self.alphabet)), np.float32)
        for row, line in zip(logits, asked, strict=True):
            sum_of = "".join(self.alphabet[s] for s in line[1:])
            answer = f"{int(sum_of[:2]) + int(sum_of[3:5]):03}"[::-1] + "\n"
            right = self.alphabet.index(answer[len(sum_of) - 6])
            row[-1, (right + (sum_of[0] == "9")) % len(self.alphabet)] = 1
        return mg.tensor(logits)


def test_a_sum_is_right_if_all_its_digits_are(monkeypatch):
    train, test = data.load("adder"), data.load("adder", "test")
    run = type("Run", (), {"settings": type("Settings", (), {"device": "cpu"})})
    monkeypatch.setattr(text, "model_of", lambda _: type("Of", (), {"model": Adds(train.alphabet)}))
    begin_with_9 = np.mean(test.x[:, 1] == train.alphabet.index("9"))
    assert text.right_answers(run, test) == pytest.approx(1 - begin_with_9)
    assert 0.05 < begin_with_9 < 0.15


def test_the_row_of_sums_trains_and_asks(tmp_path, monkeypatch):
    quick(monkeypatch, 4)
    few = {part: replace(data.load("adder", part), x=data.load("adder", part).x[:200]) for part in ("train", "test")}
    monkeypatch.setattr(text, "data", type("Few", (), {"load": lambda name, part="train": few[part]}))
    ours = reproduce.ROWS["adder"].run(Job(1.0, 0, "cpu", tmp_path))
    assert 0 <= ours["unseen"] < 0.2
    assert ours["steps"] == 3


def pieces(seed, n=9, longest=40):
    """Short piano rolls of different lengths."""
    rng = np.random.default_rng(seed)
    return [(rng.random((int(rng.integers(5, longest)), 88)) < 0.05).astype(np.uint8) for _ in range(n)]


def test_an_epoch_of_music_predicts_each_frame_but_the_first_once(monkeypatch):
    monkeypatch.setattr(music, "FRAMES", 12)
    rolls = pieces(0)
    for i, roll in enumerate(rolls):
        roll[1:, :] = 0
        roll[np.arange(1, len(roll)), np.arange(1, len(roll))] = 1  # frame t is told by key t
        roll[:, 87] = i % 2
    for seed in (0, 1):
        times = np.zeros(88)
        for x in music.batches(rolls, np.random.default_rng(seed)):
            assert x.shape[1] <= 13
            times += ((x[:, 1:] == 1) * (x[:, 1:] != 255)).sum(axis=(0, 1))
        np.testing.assert_array_equal(times[:87], sum(roll[1:, :87].sum(axis=0, dtype=int) for roll in rolls))


def test_nats_of_music_are_of_whole_pieces_and_a_mean_over_frames(monkeypatch):
    monkeypatch.setattr(music, "BATCH", 4)
    monkeypatch.setitem(music.SIZES, "jsb", (6, 0.5, 1e-2, 3))
    rolls, model = pieces(1), music.network("jsb", 0)
    model.prepare(music.packed(rolls))
    alone = [-float(model.eval().log_prob(mg.Tensor(roll[None])).item()) for roll in rolls]
    expected = sum(alone) / sum(len(roll) - 1 for roll in rolls)
    assert music.nats_a_frame(model.train(), rolls) == pytest.approx(expected, rel=1e-5)


def test_an_interrupted_row_of_music_goes_on_and_its_best_epoch_is_tested(tmp_path, monkeypatch):
    monkeypatch.setitem(music.SIZES, "jsb", (6, 0.5, 3e-2, 3))
    monkeypatch.setattr(music, "pieces", lambda name, part: pieces(len(part)))
    monkeypatch.setattr(music, "roll_baselines", lambda *rolls: {"keys_independent": 15.0})
    whole = music.ROWS["jsb"].run(Job(None, 0, "cpu", tmp_path / "whole"))
    kept = Job(None, 0, "cpu", tmp_path / "cut")
    saved, save = [], Job.save

    def stop(job, state):
        save(job, state)
        saved.append(state)
        if len(saved) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Job, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            music.ROWS["jsb"].run(kept)
    again = music.ROWS["jsb"].run(kept)
    for name in ("nats_a_frame", "valid", "best_epoch", "epochs"):
        assert again[name] == whole[name]
    assert whole["epochs"] == 3
    assert (whole["nats_a_frame"] < 30, whole["keys_independent"]) == (True, 15.0)


def test_the_row_of_recommendation_is_a_mean_over_splits_and_takes_no_more_steps_than_help(tmp_path, monkeypatch):
    monkeypatch.setattr(recommendation, "load_movielens", lambda part, seed: load_tastes(part, seed))
    monkeypatch.setattr(recommendation, "SPLITS", 2)
    monkeypatch.setattr(recommendation, "FULL", 3)
    monkeypatch.setattr(recommendation, "SETTINGS", {"width": 4, "latent_dim": 2})
    run = recommendation.ROWS["mult-vae"].run
    whole, cut = run(Job(None, 0, "cpu", tmp_path / "whole")), run(Job(60.0, 0, "cpu", tmp_path / "cut"))
    assert whole == cut
    assert whole["steps"] == 3
    splits = [json.loads((tmp_path / f"whole/split-{i}/metrics.jsonl").read_text().splitlines()[-1]) for i in (0, 1)]
    assert splits[0]["popularity"] != splits[1]["popularity"]
    for name in ("ndcg_100", "recall_50", "popularity", "ease"):
        assert whole[name] == pytest.approx(np.mean([split[name] for split in splits]), abs=1e-4)
    gap = [split["ndcg_100"] - split["ease"] for split in splits]
    assert whole["to_ease"] == pytest.approx(np.mean(gap), abs=1e-4)
    assert whole["to_ease_error"] == pytest.approx(abs(gap[0] - gap[1]) / 2, abs=1e-4)


def test_near_collisions_are_told_of_all_drivers(tmp_path, monkeypatch):
    """The model's drivers are the simulator's here: the ratio is 1 at each threshold, and others are farther off."""
    sets = {split: replace(load("car-following", split), x=load("car-following", split).x[:n]) for split, n in SIZES}
    monkeypatch.setattr(scenarios.data, "load", lambda name, split="train": sets[split])
    monkeypatch.setattr(scenarios, "SETTINGS", {"width": 3, "batch_size": 10})
    monkeypatch.setattr(scenarios, "FULL", 2)
    monkeypatch.setattr(trained.Trained, "continued", lambda self, given, rng: given)
    found = scenarios.scenario_row(Job(None, 0, "cpu", tmp_path))
    assert found["tail_error_generated"] == 0
    assert found["share_generated"] == found["share_simulated"]
    assert all(ratio == 1 and low < 1 < high for ratio, low, high in found["ratios"].values())
    assert found["tail_error_gaussian"] > found["tail_error_simulated_again"] >= 0
    assert found["steps"] == 2
    assert found["nats_gaussian"] > 0


def test_continuations_are_told_beside_what_needs_no_learning(tmp_path, monkeypatch):
    sets = {split: replace(load("moving-digits", split), x=load("moving-digits", split).x[:n]) for split, n in SIZES}
    monkeypatch.setattr(video.data, "load", lambda name, split="train": sets[split])
    monkeypatch.setattr(video, "TESTED", 6)
    monkeypatch.setattr(clips, "GUESSES", 2)
    run = video.video_row("moving-digits", width=4, depth=1, batch_size=4, words=8)
    monkeypatch.setattr(video, "FULL", 2)
    found = run(Job(None, 0, "cpu", tmp_path))
    assert found["steps"] == 2
    assert {"last_frame", "mean_frame", "last_motion", "one_guess", "words", "nats_a_word"} < found.keys()
    truth = sets["test"].x[:6, 5:] / 255
    expected = 10 * np.log10(1 / np.square(truth - sets["test"].x[:6, 4:5] / 255).mean())
    assert found["last_frame"] == pytest.approx(expected, abs=0.01)


def test_a_decoder_begins_with_the_mean_pixels(device):
    x = np.random.default_rng(0).random((50, 4, 4, 1)).astype(np.float32)
    x[:, 0, 0] = 0  # clipped to 0.001
    decoder = dense_decoder(2, (4, 4, 1), [8], mg.Generator(0))
    decoder[-2].w.data[...] = 0
    likelihood.start_at_mean_pixels(decoder, x)
    shown = mg.sigmoid(decoder(mg.zeros((1, 2), device=device))).numpy()[0]
    np.testing.assert_allclose(shown, x.mean(0).clip(0.001, 0.999), atol=1e-6)
