"""Video as words: their order, their likelihood beside PyTorch, continuations, what is learnt."""

import math

import numpy as np
import pytest

import minigen as mg
from minigen import backend
from minigen.errors import ArgumentError, ShapeError
from minigen.models import recipe_of
from tests.examples import BY_KIND

CLIPS = BY_KIND["clips"]  # (60, 6, 16, 16, 1)
RECIPE = recipe_of("video-gpt")


def built(**given):
    settings = RECIPE.settings(CLIPS, **{"width": 8, "words": 12, "batch_size": 10} | given)
    model = RECIPE.build(settings, CLIPS.shape, mg.Generator(0))
    trainer = RECIPE.trainer(model, settings)
    trainer.prepare(mg.tensor(CLIPS.x))
    return model, trainer


def test_words_stand_frame_after_frame_and_row_after_row(device):
    with backend.device(device):
        model, _ = built()
        x = mg.tensor(CLIPS.x[:3])
        words = backend.to_numpy(model.words_of(x))
        assert words.shape == (3, 1 + 6 * 16)
        assert (words[:, 0] == 12).all()
        for n, t in np.ndindex(3, 6):
            one = backend.to_numpy(model.frames.words_of(mg.tensor(CLIPS.x[n, t][None])))[0]
            for i, j in np.ndindex(4, 4):
                assert words[n, 1 + 16 * t + 4 * i + j] == one[i, j]


def test_nats_a_word_beside_pytorch():
    torch = pytest.importorskip("torch")
    model, _ = built()
    words = model.words_of(mg.tensor(CLIPS.x[:3]))
    logits = torch.tensor(model.language(words[:, :-1]).numpy())
    expected = torch.nn.functional.cross_entropy(logits.reshape(-1, 13), torch.tensor(words[:, 1:]).reshape(-1))
    assert model.nats_a_word(words).item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_continuation_begins_with_what_is_given(device):
    with backend.device(device):
        model, _ = built()
        x = mg.tensor(CLIPS.x[:4, :2])
        y = model.eval().continued(x, mg.Generator(1)).numpy()
        assert (y.shape, y.dtype) == ((4, 6, 16, 16, 1), np.float32)
        assert np.array_equal(y[:, :2], CLIPS.x[:4, :2])
        assert np.array_equal(y, model.continued(x, mg.Generator(1)).numpy())
        assert not np.array_equal(y[:, 2:], model.continued(x, mg.Generator(2)).numpy()[:, 2:])
        whole = mg.tensor(CLIPS.x[:2])
        assert model.continued(whole) is whole


def test_words_are_drawn_as_often_as_the_model_says():
    """The last word of a clip, all others given: drawn many times against its distribution. None is the first one."""
    model, _ = built()
    model.language.head.w.data *= 40  # far from uniform
    words = np.tile(model.words_of(mg.tensor(CLIPS.x[:1]))[:, :-1], (1000, 1))
    drawn = model._drawn(words, mg.Generator(0))[:, -1]
    logits = model.language(words[:1]).numpy()[0, -1, :12].astype(float)
    p = np.exp(logits - logits.max())
    p /= p.sum()
    share = np.bincount(drawn, minlength=12) / 1000
    assert len(share) == 12
    assert (np.abs(share - p) < 4 * np.sqrt(p * (1 - p) / 1000) + 1e-3).all()
    assert p.max() < 0.99


def test_drawing_with_a_memory_is_drawing_without():
    """Greedily: each word is the likeliest given all before, computed anew."""
    model, _ = built()
    model.language.head.w.data *= 1e4  # so that drawing takes the likeliest
    words = model.begun(np.zeros((1, 0), np.int64))
    drawn = model._drawn(words, mg.Generator(0))
    for i in range(1, drawn.shape[1]):
        assert drawn[0, i] == model.language(drawn[:, :i]).numpy()[0, -1, :12].argmax()


def test_all_frames_share_a_vector_of_each_place():
    """Changed, that of place 5 changes what is told of word 5 of every frame, and of none before the first."""
    model, _ = built()
    words = model.words_of(mg.tensor(CLIPS.x[:1]))[:, :-1]
    before = model.language(words).numpy()[0]
    model.language.in_frame.w.data[5, ::2] += 1
    changed = np.abs(model.language(words).numpy()[0] - before).max(axis=1)
    assert (changed[:5] == 0).all()
    assert (changed[5::16] > 10 * np.delete(changed, np.arange(5, 96, 16)).max()).all()


def test_the_decoder_begins_at_the_mean_pixel():
    model, _ = built()
    black = model.frames.decoder[-2].b.numpy()
    assert 1 / (1 + math.exp(-black[0])) == pytest.approx(CLIPS.x.mean(), rel=1e-4)


def test_each_optimizer_moves_its_own_part():
    model, trainer = built()
    before = model.state_dict()
    trainer.step(mg.tensor(CLIPS.x[:10]), mg.Generator(0))
    after = model.state_dict()
    assert all(not np.array_equal(before[name], after[name]) for name in before)
    frames = {id(p) for p in (*model.frames.encoder.parameters(), *model.frames.decoder.parameters())}
    assert {id(p) for p in trainer.optimizer.flat.params} == frames
    assert {id(p) for p in trainer.language_optimizer.flat.params} == {id(p) for p in model.language.parameters()}


@pytest.mark.long
def test_it_learns_to_show_and_to_go_on():
    _, trainer = built(width=32, words=32, steps=150, lr=5e-3)
    rng, seen = mg.Generator(0), []
    for i in range(150):
        seen.append(trainer.step(mg.tensor(CLIPS.x[10 * (i % 6) : 10 * (i % 6) + 10]), rng))
    variance = CLIPS.x.var(axis=(0, 1)).sum()
    assert seen[-1]["reconstruction"].item() < 0.6 * variance
    assert seen[-1]["word_nats"].item() < 0.75 * math.log(32)


def test_evaluation_in_parts_is_that_of_the_whole(monkeypatch):
    from minigen.models.sequences import video

    model, trainer = built()
    model.eval()
    whole = trainer.evaluate(mg.tensor(CLIPS.x[:20]), mg.Generator(0))
    monkeypatch.setattr(video, "AT_ONCE", 7)
    parts = trainer.evaluate(mg.tensor(CLIPS.x[:20]), mg.Generator(0))
    for name, value in whole.items():
        assert parts[name].item() == pytest.approx(value.item(), rel=1e-4)


def test_refusals():
    model, _ = built()
    with pytest.raises(ShapeError, match=r"VideoGPT: clips have shape .*, expected \(N, 1 ... 6, H, W, C\)"):
        model.words_of(mg.tensor(np.zeros((1, 7, 16, 16, 1), np.float32)))
    with pytest.raises(ArgumentError, match="heads: a width of 10 cannot be shared by 4 heads"):
        RECIPE.settings(CLIPS, width=10)
    with pytest.raises(ArgumentError, match=r"width 1024, depth 100, heads 1024, .* a step would take about"):
        RECIPE.settings(CLIPS, width=1024, heads=1024, depth=100)
