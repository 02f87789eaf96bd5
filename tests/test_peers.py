"""The side-by-side benchmark: its arithmetic on known numbers, and that contenders which differ are not timed."""

import dataclasses
import itertools
import json
import math
from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks import breakdown, changes, peers, report, rounds, tables, workloads
from benchmarks.workers import serve
from benchmarks.workloads import MODELS, Workload, flops
from minigen import Generator, models, nn
from minigen.autodiff.op import REGISTRY, Op
from minigen.models import networks as library
from minigen.models.gans.networks import dcgan_discriminator, dcgan_generator
from minigen.models.sequences.language import LanguageModel
from minigen.models.sequences.transformer import Transformer
from minigen.optim import Optimizer

# -------------------------------------------------------------------------------------------------------- numbers


def test_a_ratio_is_made_round_by_round():
    assert report.ratio([2.0, 9.0, 4.0], [4.0, 3.0, 4.0]) == (1.0, 0.5, 3.0)  # and not 4 / 4, the medians
    assert str(report.Spread(0.846, 0.8, 1.234)) == "0.85 [0.80-1.23]"


def test_geometric_mean_and_growth():
    assert report.geometric_mean([0.5, 2.0, 8.0]) == pytest.approx(2.0)
    sizes = [16, 64, 256]
    assert report.growth(sizes, [3 * n**1.5 for n in sizes]) == pytest.approx(1.5)
    found = report.growth_of([1, 2, 4], [1.0, 1.0, 4.0])
    assert found["overall"] == pytest.approx(1.0)
    assert found["steepest"] == pytest.approx(2.0)


def test_the_better_contender_has_the_smaller_median():
    ms = {"torch": [1.0, 5.0, 5.0], "torch-fused": [4.0, 4.0, 9.0]}
    assert report.better(ms, report.TORCH) == "torch-fused"
    assert report.better({"jax": [1.0]}, report.TORCH) is None


def test_the_summary_of_a_workload():
    ms = {
        "minigen": [2.0, 2.0, 4.0],
        "torch": [9.0, 9.0, 9.0],
        "torch-fused": [4.0, 2.0, 4.0],
        "jax": [1.0, 1.0, 1.0],
        "sgemm-numpy": [1.0, 1.0, 2.0],
        "sgemm-torch": [8.0, 8.0, 8.0],
    }
    summary = report.summarise(100_000_000, ms, 200_000_000)
    assert summary["ms"]["minigen"] == 2.0
    assert summary["torch"] == "torch-fused"
    assert summary["ratios"] == {"torch-fused": (1.0, 0.5, 1.0), "jax": (2.0, 2.0, 4.0)}
    assert summary["gflops"]["minigen"] == pytest.approx(50)  # 0.1 GFLOP in 2 ms
    assert summary["sgemm"] == {"contender": "sgemm-numpy", "gflops": pytest.approx(200)}
    assert summary["share"]["minigen"] == pytest.approx((0.25, 0.25, 0.25))


def test_a_summary_without_peers():
    summary = report.summarise(0, {"minigen": [1.0]}, 1)
    assert summary["ratios"] == {}
    assert summary["torch"] is None
    assert "gflops" not in summary


# -------------------------------------------------------------------------------------------- shapes and arithmetic


def test_the_arithmetic_of_a_small_vae_by_hand():
    workload = Workload("small", "mlp-vae", batch=2, side=2, width=3, latent=1)
    forward = 4 * 3 + 3 * 2 + 1 * 3 + 3 * 4  # 4 pixels, 3 hidden units, a mean and a log-variance
    assert flops(workload) == 2 * 2 * (3 * forward - 4 * 3)  # no gradient for the pixels


def test_the_arithmetic_of_single_convolutions_by_hand():
    conv = Workload("conv", "convolution", 5, side=6, channels=2, width=7, variant="conv")
    assert flops(conv) == 3 * 2 * 5 * (3 * 3) * 16 * 2 * 7  # 3x3 outputs, each of 16 taps
    deconv = dataclasses.replace(conv, variant="deconv")
    assert flops(deconv) == 3 * 2 * 5 * (6 * 6) * 16 * 2 * 7  # 6x6 inputs, each stamps 16 taps


def test_the_arithmetic_of_a_dcgan_by_hand():
    g_layers = [100 * 6272, 49 * 16 * 128 * 64, 196 * 16 * 64]
    d_layers = [196 * 16 * 64, 49 * 16 * 64 * 128, 6272]
    generator = 3 * sum(g_layers) - g_layers[0]
    for_d = 2 * (3 * sum(d_layers) - d_layers[0])  # real and fake
    for_g = 2 * sum(d_layers)  # forward, and back to the image
    assert flops(MODELS["dcgan28"]) == 2 * 64 * (generator + for_d + for_g)


def test_the_arithmetic_of_a_transformer_by_hand():
    workload = Workload("text", "gpt", batch=3, side=5, width=8)
    dense = 4 * (8 * 24 + 8 * 8 + 2 * 8 * 32) + 8 * 65  # of each place
    attention = 4 * 2 * 8 * (1 + 2 + 3 + 4 + 5)  # scores and means, of the places that each one sees
    assert flops(workload) == 2 * 3 * 3 * (5 * dense + attention)


def shapes(model):
    return [p.shape for p in model.parameters()]


@pytest.mark.parametrize("name", ["mlp-vae-128", "conv-vae", "dcgan28", "gpt"])
def test_the_networks_are_those_of_the_library(name):
    rng, workload = Generator(0), MODELS[name]
    image, width, latent = (28, 28, 1), workload.width, workload.latent
    if name == "mlp-vae-128":
        encoder, decoder = (
            library.dense_encoder(image, 40, [width], rng),
            library.dense_decoder(20, image, [width], rng),
        )
        model = models.VAE(encoder, decoder, latent)
    elif name == "gpt":
        model = LanguageModel(65, width, Transformer(width, 4, 4, 64, rng=rng), rng=rng)
    elif name == "conv-vae":
        model = models.VAE(library.conv_encoder(image, 40, width, rng), library.conv_decoder(20, image, width, rng), 20)
    else:
        generator = dcgan_generator(latent, image, width, rng)
        model = nn.Sequential(generator, dcgan_discriminator(image, width, rng))
    assert [weight.shape for weight in workloads.weights(workload)] == shapes(model)


def test_dcgan64_has_its_familiar_widths():
    layers = workloads.networks(MODELS["dcgan64"])
    convs = [(n.kind, n.side, n.inputs, n.outputs) for n in layers["discriminator"] if n.kind == "conv"]
    assert convs == [("conv", 64, 3, 64), ("conv", 32, 64, 128), ("conv", 16, 128, 256), ("conv", 8, 256, 512)]
    deconvs = [(n.side, n.inputs, n.outputs) for n in layers["generator"] if n.kind == "deconv"]
    assert deconvs == [(4, 512, 256), (8, 256, 128), (16, 128, 64), (32, 64, 3)]
    assert len(list(workloads.convolutions())) == 4 + 4 + 8


def test_weights_and_batches_are_drawn_from_the_seed():
    first, again, other = (workloads.arrays(MODELS["dcgan28"], seed) for seed in (0, 0, 1))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["noise"], other["noise"])
    assert {a.dtype for a in first.values()} == {np.dtype(np.float32)}
    assert np.abs(first["batch"]).max() <= 1  # within the range of tanh


# --------------------------------------------------------------------------------------------------------- parity

REFERENCE = {
    "loss": np.array(120.0, np.float32),
    "encoder.dense1.w": np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4),
    "encoder.dense1.b": np.full(1, 1e-6, np.float32),
}


def test_equal_gradients_pass():
    assert report.check_parity("torch", "small", REFERENCE, REFERENCE)[1] == 0
    nearly = {name: array * np.float32(1 + 2e-6) for name, array in REFERENCE.items()}
    worst, error = report.check_parity("torch", "small", REFERENCE, nearly)
    assert worst == "loss"
    assert error == pytest.approx(2e-6, rel=0.1)


@pytest.mark.parametrize("change", [0.02, np.nan, np.inf])
def test_a_perturbed_gradient_fails(change):
    w = REFERENCE["encoder.dense1.w"].copy()
    w[1, 2] += change
    with pytest.raises(report.ParityError, match=r"torch, small: encoder\.dense1\.w differs .* relative"):
        report.check_parity("torch", "small", REFERENCE, {**REFERENCE, "encoder.dense1.w": w})


def test_a_loss_has_to_agree_more_closely_than_a_gradient():
    with pytest.raises(report.ParityError, match="loss differs"):
        report.check_parity("torch", "small", REFERENCE, {**REFERENCE, "loss": np.array(120.01)})


def test_a_missing_or_misshapen_gradient_fails():
    rest = {name: array for name, array in REFERENCE.items() if name != "encoder.dense1.b"}
    with pytest.raises(report.ParityError, match=r"encoder\.dense1\.b"):
        report.check_parity("torch", "small", REFERENCE, rest)
    with pytest.raises(report.ParityError, match=r"encoder\.dense1\.w"):
        report.check_parity(
            "torch", "small", REFERENCE, {**REFERENCE, "encoder.dense1.w": REFERENCE["encoder.dense1.w"].T}
        )


def test_a_bias_whose_gradient_is_nearly_zero_is_measured_with_its_layer():
    b = REFERENCE["encoder.dense1.b"]
    report.check_parity("torch", "small", REFERENCE, {**REFERENCE, "encoder.dense1.b": b + np.float32(1e-5)})
    with pytest.raises(report.ParityError, match=r"encoder\.dense1\.b"):
        report.check_parity("torch", "small", REFERENCE, {**REFERENCE, "encoder.dense1.b": b + np.float32(0.01)})


SMALL = [
    Workload("mlp", "mlp-vae", batch=3, side=4, latent=2, width=5),
    Workload("conv", "conv-vae", batch=3, latent=2, width=2),
    Workload("gan28", "dcgan", batch=3, latent=5, width=2),
    Workload("gan64", "dcgan", batch=2, side=64, channels=3, latent=5, width=2),
    Workload("text", "gpt", batch=3, side=5, width=8),
    Workload("down", "convolution", batch=2, side=6, channels=3, width=4, variant="conv"),
    Workload("up", "convolution", batch=2, side=3, channels=3, width=4, variant="deconv"),
    *workloads.tiny(),
]


@pytest.mark.long
@pytest.mark.parametrize("contender", ["torch", "torch-fused", "jax", "autograd", "by-hand"])
def test_each_contender_computes_what_minigen_does(tmp_path, contender):
    if not rounds.installed(contender):
        pytest.skip(f"{contender} is not installed")
    chosen = [w for w in SMALL if w.model in rounds.CONTENDERS[contender].models]
    if contender == "jax":  # compiles for long
        chosen = [w for w in chosen if w.name in ("mlp", "conv", "gan28", "text", "matmul sum", "matmul given")]
    found = rounds.Arena(tmp_path, [contender], rounds=1, seconds=0).parity(chosen)
    assert set(found) == {w.name for w in chosen}
    assert all(error < 1e-3 for result in found.values() for _, error in result.values())


def test_a_failing_contender_is_named(tmp_path):
    with rounds.team(["minigen"]) as workers, pytest.raises(rounds.WorkerError, match=r"(?s)minigen: 'check' failed"):
        workers["minigen"].ask("check", file=str(tmp_path / "found.npz"))  # before it was set up


# --------------------------------------------------------------------------------------------------- from end to end


def test_a_turn_takes_the_least_number_of_steps():
    calls = itertools.count()
    turn = serve.timed(lambda: next(calls), seconds=0.0, least=4)
    assert turn["ms"] > 0
    assert turn["steps"] >= 4
    assert next(calls) >= turn["steps"] + 1  # one goes before, untimed


def run(tmp_path, *arguments):
    out, text = tmp_path / "peers.json", tmp_path / "peers.md"
    assert peers.main([*arguments, "--json", str(out), "--markdown", str(text)]) == 0
    return json.loads(out.read_text()), text.read_text()


@pytest.mark.long
def test_minigen_by_itself_and_a_contender_that_is_not_installed(tmp_path, monkeypatch, capsys):
    missing = rounds.CONTENDERS["jax"]._replace(package="no_such_package")
    monkeypatch.setitem(rounds.CONTENDERS, "jax", missing)
    arguments = ["--workloads", "tiny", "--contenders", "minigen,jax", "--rounds", "2", "--seconds", "0.01"]
    content, text = run(tmp_path, *arguments)
    assert "jax: not installed" in capsys.readouterr().out
    assert content["not_installed"] == ["jax"]
    rows = content["results"]["tiny"]["rows"]
    assert set(rows) == {w.name for w in workloads.tiny()}
    assert all(len(row["ms"]["minigen"]) == 2 and min(row["ms"]["minigen"]) > 0 for row in rows.values())
    assert "| matmul sum |" in text


@pytest.mark.long
@pytest.mark.skipif(not find_spec("torch"), reason="needs PyTorch")
def test_a_short_run_against_pytorch(tmp_path, monkeypatch, capsys):
    small = dataclasses.replace(MODELS["mlp-vae-128"], batch=4, width=8)
    monkeypatch.setitem(MODELS, "mlp-vae-128", small)
    arguments = ["--workloads", "mlp-vae-128", "--contenders", "minigen,torch,sgemm-numpy", "--rounds", "2"]
    content, text = run(tmp_path, *arguments, "--seconds", "0.01")
    result = content["results"]["mlp-vae-128"]["mlp-vae-128"]
    assert {len(times) for times in result["ms"].values()} == {2}
    assert result["summary"]["torch"] == "torch"
    by_round = [a / b for a, b in zip(result["ms"]["minigen"], result["ms"]["torch"], strict=True)]
    median, low, high = result["summary"]["ratios"]["torch"]
    assert (median, low, high) == pytest.approx((math.fsum(by_round) / 2, min(by_round), max(by_round)))
    assert result["parity"]["torch"][1] < 1e-4
    assert 0 <= result["memory"]["minigen"]["increase"] < result["memory"]["minigen"]["peak"]
    assert content["machine"]["cores"] >= 1
    assert "% of sgemm" in capsys.readouterr().out
    assert text.count("\n| mlp-vae-128 |") == 1
    assert "float32 product of 2048x2048" in text


def test_growth_stops_before_the_memory_is_full(tmp_path, monkeypatch, capsys):
    arena = rounds.Arena(tmp_path, ["minigen"], rounds=3, seconds=0)
    monkeypatch.setattr(peers, "total_memory", lambda: 100 * 2**20)

    def measure(self, chosen):
        for w in chosen:
            memory = {"minigen": {"peak": 50.0, "increase": w.batch / 10}}  # MB
            yield {"workload": dataclasses.asdict(w), "parity": {}, "ms": {"minigen": [w.batch] * 3}, "memory": memory}

    monkeypatch.setattr(rounds.Arena, "measure", measure)
    results = peers.growth("batch", {"dcgan28": (100, 200, 400, 800)})(arena)
    assert [row["workload"]["batch"] for row in results["dcgan28"]["rows"]] == [100, 200, 400]
    assert "dcgan28 batch 800: left out" in capsys.readouterr().out
    exponents = results["dcgan28"]["exponents"]["minigen"]
    assert exponents["time"]["steepest"] == pytest.approx(1)
    assert exponents["memory"]["overall"] == pytest.approx(1)
    assert "| 400 | 400 ms | +40 MB |" in tables.growing(results["dcgan28"]["rows"], "batch")


def test_contenders_that_differ_are_not_timed(monkeypatch, capsys):
    def measure(self, chosen):
        raise report.ParityError("torch, dcgan28: generator.dense1.w differs")
        yield

    monkeypatch.setattr(rounds.Arena, "measure", measure)
    assert peers.main(["--workloads", "dcgan28", "--contenders", "minigen"]) == 1
    assert capsys.readouterr().err == "error: torch, dcgan28: generator.dense1.w differs\n"


def test_unknown_names(capsys):
    for option in ("--workloads", "--contenders"):
        with pytest.raises(SystemExit) as stop:
            peers.main([option, "mpl-vae"])
        assert stop.value.code == 2
        assert f"{option}: unknown 'mpl-vae'; expected some of" in capsys.readouterr().err


def test_arguments_that_make_no_sense(capsys):
    for arguments in (["--contenders", "torch"], ["--rounds", "0"], ["--seconds", "0"]):
        with pytest.raises(SystemExit) as stop:
            peers.main(arguments)
        assert stop.value.code == 2
        assert f"error: {arguments[0]}" in capsys.readouterr().err.replace("--rounds and --seconds", arguments[0])


def test_the_list_does_nothing(capsys):
    assert peers.main(["--list"]) == 0
    out = capsys.readouterr().out
    assert "mlp-vae-128, mlp-vae-1024, conv-vae, dcgan28, dcgan64, gpt, convs, tiny, import, grow-batch" in out


def test_times_as_text():
    assert [tables.time_of(ms) for ms in (0.0123, 0.5, 1.2345, 85.31, 1234.5)] == [
        "12.3 µs",
        "500 µs",
        "1.23 ms",
        "85.3 ms",
        "1234 ms",
    ]


def test_a_breakdown_names_the_parts_of_a_step_and_leaves_nothing_behind(capsys):
    before = {name: op.forward for name, op in REGISTRY.items()}, Op.gradient, Optimizer.step
    assert breakdown.main(["mlp-vae-128", "--seconds", "0.05"]) == 0
    told = capsys.readouterr().out
    for part in ("mlp-vae-128: a step takes", "ms  dense\n", "ms  optimizer\n", "ms  matmul\n", "all else"):
        assert part in told
    assert before == ({name: op.forward for name, op in REGISTRY.items()}, Op.gradient, Optimizer.step)


def test_what_it_costs_to_notice_changes(capsys, monkeypatch):
    monkeypatch.setattr(changes, "REPEATS", 2)
    before = [getattr(place, name) for place, name in changes.PLACES]
    assert changes.main(["mlp-vae-128", "--seconds", "0.01"]) == 0
    told = capsys.readouterr().out
    for part in ("us  stamps\n", "us  refuse_changed\n", "us in all", "with it to without it"):
        assert part in told
    assert before == [getattr(place, name) for place, name in changes.PLACES]
