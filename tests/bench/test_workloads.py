"""The arithmetic of a step by hand, and a clock that waits for the device."""

from minigen import backend, nn
from minigen.bench import workloads
from minigen.random import Generator


def test_multiply_adds_by_hand():
    network = nn.Sequential(
        nn.Conv2D(3, 5, 4, stride=2, padding=1),  # 8x8 -> 4x4: 16 places of 16 taps, 3 x 5
        nn.ReLU(),
        nn.Conv2DTranspose(5, 2, 2, stride=2),  # 4x4 -> 8x8: 16 places of 4 taps, 5 x 2
        nn.Flatten(),
        nn.Dense(128, 7),
    )
    assert workloads.multiply_adds(network, (8, 8, 3)) == [16 * 16 * 15, 16 * 4 * 10, 128 * 7]


def test_flops_of_the_dense_vae_by_hand():
    model, _, example = workloads.MODELS["vae"](Generator(0))
    first, others = 784 * 400, 400 * 40 + 20 * 400 + 400 * 784
    assert workloads.flops(model, example) == 2 * (2 * first + 3 * others)


def test_the_clock_is_read_when_the_device_is_done(gpu, monkeypatch):
    job, events = workloads.Job("vae", "cuda"), []
    x = job.batch(4)
    monkeypatch.setattr(backend, "synchronize", lambda device: events.append(f"wait for {device}"))
    monkeypatch.setattr(job.trainer, "step", lambda x, rng: events.append("step"))
    assert job.time(x, lambda: events.append("clock") or 1.0, 2) == 0
    assert events == ["wait for cuda", "clock", "step", "step", "wait for cuda", "clock"]


def test_a_timed_step_does_not_wait_for_the_device(gpu):
    job = workloads.Job("vae", "cuda")
    x = job.batch(4)
    job.trainer.step(x, Generator(0))
    with backend.device("cuda"), gpu.forbid_sync():
        job.trainer.step(x, Generator(0))
