# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Lesson 18: Melody and harmony
#
# **Afterwards you can** turn notes into sound and back into numbers, write a recurrent network and the gradient through
# all of its steps, say what gates are good for, read a loss in nats a frame, tell what a product of independent keys
# cannot express, keep a VAE with a strong decoder from ignoring its codes, walk from one tune to another, and let a
# model add three voices to a melody.
#
# **Time:** 50 minutes to read and to listen, about two and a half hours with the six exercises. **You need** the VAE
# of lesson 6 and the next symbol of lesson 16.
#
# Lesson 17 ended with a net that chooses what to look at. This lesson is about music, where one can *hear* what a
# model has understood. First the picture: four bars of a chorale. Each bar of colour is a note, time goes from left to
# right, and the higher a note, the higher it stands. Such a picture is a *piano roll*.
#
# ![A piano roll of four voices in four colours](opening.png)

# %%
import numpy as np

import minigen as mg
from minigen.lessons import Slider, check, move, predict, quiz, show_source
from minigen.lessons.pictures import melody
from minigen.models.sequences.sequence_model import SequenceTrainer
from minigen.random import Generator

music = melody.chorales()  # keys 0 ... 87 of four voices: (N, 16, 4)
print(f"{music.source}: {music.train.shape} to train on, {music.test.shape} to test on")
figure = melody.score(melody.rolls_of(music.test[:1]), voices=music.test[:1])

# %% [markdown]
# (The module `melody` holds the drawing code and sixteen old tunes; `show_source(melody.score)` prints some of it. Of
# the lines of the library's `chorales` it leaves out those in which a voice is silent, one in sixty.)
#
# ## What a note is
#
# A tone is a vibration. Its *frequency* f is the number of vibrations in a second, A4 has 440, and an octave higher is
# twice as much. A piano divides the octave into twelve equal steps, so that key k (0 is the lowest, A0; 48 is A4) has
#
# $$ f_k = 440 \cdot 2^{(k - 48)/12} \ \text{hertz} . $$
#
# A string does not vibrate at f alone, but at 2f, 3f, ... too. These *overtones* are what makes a voice sound unlike a
# flute. *Additive synthesis* is their sum:
#
# $$ y(t) = \sum_{h=1}^{H} h^{-s} \sin(2 \pi h f t) . $$
#
# Move the number of overtones H and their fall s. With s = 1 and many overtones the wave becomes a saw.

# %%
move(
    melody.overtones(),
    harmonics=Slider(1, 12, 1, start=6, label="H"),
    falling=Slider(0.0, 3.0, 0.25, start=1.5, label="s"),
)

# %% [markdown]
# A computer keeps y at some thousand times a second, the *sampling rate*. A sine above half of this rate cannot be told
# from one below it, so it has to be left out; else it comes back as a wrong, low tone.
#
# **Exercise 18.1.** `tone`: the samples of a note.

# %%
check("18.1")

# %% [markdown]
# Here is the chorale of the picture. `plucked` is `tone` with overtones that die away.

# %%
melody.sound(melody.rolls_of(music.test[:1]), melody.plucked, 0.45)

# %% [markdown]
# ## Music as numbers
#
# There are two ways to write it down. A *roll* has a row for each frame (here a quarter note) and a column for each of
# the 88 keys: $x_{tk} = 1$ if key k sounds in frame t. It takes any number of voices. A *melody* has one voice, and a line
# of symbols is enough: a character for each key, `-` for silence, and `.` for "the last note is held".

# %%
print(melody.tune("Ode to Joy"), " = ", melody.TUNES["Ode to Joy"])
melody.sound(melody.tune_rolls(["Ode to Joy"]), melody.plucked, 0.16)

# %% [markdown]
# **Exercise 18.2.** `roll_of_line`: a line of symbols as a roll.

# %%
check("18.2")

# %% [markdown]
# ## A state that is carried along
#
# The likelihood of a roll is a product over its frames, as that of a text in lesson 16:
# $\log p(x) = \sum_t \log p(x_t | x_1 \dots x_{t-1})$. Counting is of no use now: there are $2^{88}$ different frames,
# and hardly any chord comes twice with the same past. A *recurrent network* reads the frames one by one and keeps a
# vector of C numbers, its *state* h, in which it has to note whatever it will need:
#
# $$ h_t = F(h_{t-1}, x_t), \qquad p(x_{t+1} | x_1 \dots x_t) = p(x_{t+1} | h_t) . $$
#
# The simplest F is $\tanh(x_t V + h_{t-1} W)$. Its gradient has to go back through all of the steps. Each of them
# multiplies it by $W^T$ and by the slope of tanh, so that after n steps there is a product of n matrices: it shrinks,
# or grows, exponentially. This is the *vanishing gradient*: what happened long ago cannot be learnt.
#
# The *gated recurrent unit* (GRU) changes the state only where a gate says so:
#
# $$ r = \sigma(p_r + h W_r), \quad z = \sigma(p_z + h W_z), \quad n = \tanh\bigl(p_n + r \odot (h W_n + b)\bigr), \quad
# h' = (1 - z) \odot n + z \odot h . $$
#
# Here p stands for what the input adds to each of the three. Where the *update gate* z is 1, the number stays exactly as it
# was; where it is 0, it is replaced by the *candidate* n. The *reset gate* r decides how much of the past the candidate sees.
# The circle with a dot is the product entry by entry. (Until the VAE returns, z is this gate, and no code.)
#
# **Exercise 18.3.** `gru_step`.

# %%
check("18.3")

# %% [markdown]
# **Predict before you run.** We take 60 steps of random inputs and random weights, and ask how long the gradient of the last
# state is with respect to the states before. A constant 3 is added to the input of the update gate, so that z is mostly
# about 0.95. Twenty steps back, the gradient of the GRU is, compared with that of the plain recurrence,
# (a) about as long, (b) about 100 times as long, (c) more than 1000 times as long.

# %%
predict("18.a", ...)

# %%
lengths = melody.gradient_by_age(bias=3.0)
for name, values in lengths.items():
    print(f"{name:6}", *(f"{back} steps back: {values[back] / values[0]:.1e}  " for back in (1, 5, 20, 50)))
move(melody.memory(), bias=Slider(-2.0, 5.0, 0.5, start=2.0, label="bias of the update gate"))

# %% [markdown]
# Where z is near 1 the gradient passes nearly undamaged. With a bias of -2 the GRU is *worse* than the plain recurrence:
# a gate that is shut forgets at once. A gate is no magic; it makes it possible to *learn* what to keep.
#
# ## The gradient through all steps
#
# Let $d = \partial L / \partial h'$ be what arrives at a step, from above and from the later steps together. The rule of each
# part of the formula is known from lesson 1:
#
# $$ dn = d\,(1-z)(1-n^2), \qquad dz = d\,(h-n)\,z(1-z), \qquad dr = dn\,m\,r(1-r) \quad\text{with } m = h W_n + b, $$
#
# and the state before gets $\; d \odot z + (dr,\; dz,\; dn \odot r)\, W^T$ with $W = (W_r, W_z, W_n)$. Once all gates are
# known this is *linear* in d: the way back needs no activation at all. The library does the same, for all steps in one operation:

# %%
from minigen.ops.recurrence import _backward

show_source(_backward)

# %% [markdown]
# **Exercise 18.4.** `gru_step_back`: what the state before, and the inputs, get.

# %%
check("18.4")

# %% [markdown]
# ## A model of chords
#
# The output makes 88 logits of the state, one for each key:
#
# $$ \log p(x_t | h) = \sum_k x_{tk} \log \sigma(a_k) + (1 - x_{tk}) \log (1 - \sigma(a_k)) . $$
#
# The loss is in *nats a frame*. In training the model always sees the true frames before (*teacher forcing*), so all
# frames of a piece are predicted in one pass. Three plain predictions stand beside it: how often each key sounds; the
# same given whether it has just sounded; and a logistic regression on the last frame.

# %%
from minigen.metrics.music import roll_baselines
from minigen.models.sequences.gru import GRU
from minigen.models.sequences.piano_rolls import PianoRollModel

train, test = melody.rolls_of(music.train), melody.rolls_of(music.test)
rng = Generator(0)
player = PianoRollModel(GRU(64, rng=rng), 88, 64, rng)
player.prepare(train)  # begins at the best constant: how often each key sounds
trainer = SequenceTrainer(player, mg.optim.cosine(1e-2, 300))
for batch in melody.batches(train, 32, 300):
    trainer.step(mg.tensor(batch), rng)
player.eval()
some = train[:: max(1, len(train) // 2000)]
nats = roll_baselines(some, test) | {"GRU": player.loss(mg.tensor(test)).item()}
print("nats a frame:", ", ".join(f"{name.replace('_', ' ')} {value:.2f}" for name, value in nats.items()))

# %% [markdown]
# The chorales were moved through all twelve keys, so that the model has to find out the key from the notes it hears.
# Listen to what it plays, after one frame that it is given.

# %%
drawn = player.sample(200, Generator(1), length=15)
figure = melody.score(list(drawn[:2]))
melody.sound(list(drawn[:2]), melody.plucked, 0.35)

# %% [markdown]
# Something is wrong with the number of voices. In the data nearly all frames have three or four different keys.
#
# **Predict before you run.** What percentage of the drawn frames have fewer than three keys or more than four?

# %%
predict("18.b", ...)

# %%
real, made = melody.sounding(test), melody.sounding(drawn)
outside = 100 * (1 - made[3] - made[4])
figure = melody.how_many(real, made)
print(f"frames without 3 or 4 keys: real {100 * (1 - real[3] - real[4]):.0f} %, drawn {outside:.0f} %")

# %% [markdown]
# This is not the fault of too little training. Given the state, every key is tossed *by itself*. Suppose that after some chord
# either F or G follows, each half of the time. The best independent keys give both the probability 1/2, and so a quarter of the
# time neither sounds, and a quarter of the time both do. What is lost can be computed.
#
# **Exercise 18.5 (derivation).** `price_of_independence`: how many nats a frame this costs at least.

# %%
check("18.5")

# %% [markdown]
# The remedy is the chain rule once more: within a frame, too, one thing after the other. We shall do that for the
# harmony below. Before that, a single voice.
#
# ## A melody from a code
#
# A VAE of melodies has an encoder that reads the line in both directions (two GRUs), a code z, and a decoder that
# writes the line symbol by symbol and is given z at each step:
# $\log p(x) \ge E_q[\sum_t \log p(x_t | x_1 \dots x_{t-1}, z)] - \mathrm{KL}(q(z|x) \,\|\, p(z))$.
#
# We train it on sixteen old tunes. To say which of them a line is, z needs log 16 = 2.77 nats.
#
# **Predict before you run.** How many nats of KL does q use after training on the bound? (a) less than 1.5, (b) 1.5 to 3.5,
# (c) more than 3.5.

# %%
predict("18.c", ...)

# %%
from minigen.models.vaes.melody import MelodyVAE
from minigen.models.vaes.vae import VAETrainer

lines = melody.tunes()
models, kls = {}, {}
for name, free_bits in {"the bound": 0.0, "3 nats are free": 3.0}.items():
    rng = Generator(0)
    vae = MelodyVAE(len(lines.alphabet), 33, 48, 8, word_dropout=0.0, free_bits=free_bits, rng=rng)
    trainer = VAETrainer(vae, mg.optim.cosine(1e-2, 300))
    kls[name] = [trainer.step(mg.tensor(x), rng)["kl"].item() for x in melody.batches(lines.x, 32, 300)]
    models[name] = vae.eval()
figure = melody.two_trainings(kls)
back, bounds = {}, {}
for name, vae in models.items():
    back[name] = (vae.reconstruct(mg.tensor(lines.x)).numpy() == lines.x).all(axis=1).sum()
    bounds[name] = np.mean([vae.loss(mg.tensor(lines.x), Generator(i)).total.item() for i in range(20)])
    print(f"{name}: KL {np.mean(kls[name][-20:]):.2f}, -ELBO {bounds[name]:.2f}, {back[name]} of 16 tunes come back")

# %% [markdown]
# Trained on the bound, the code carries less than what tells sixteen tunes apart: the *posterior collapses*, in part here, and
# with larger decoders often entirely. The decoder sees the symbols before, and after two or three notes it knows the
# tune by itself. What z could tell it sooner has its price in the KL, and early in training, when the decoder cannot yet use it, the
# price is all there is. The remedy *free bits* charges only what is above $\lambda$:
#
# $$ \text{loss} = -E_q[\log p(x|z)] + \max(\mathrm{KL}, \lambda) . $$
#
# Another is *word dropout*: in training a share of the symbols is hidden from the decoder, so that it has to ask z.
#
# ## A misconception, put to the test
#
# *"The model with the better bound has the better codes."* Look at the two lines above: the bounds differ by little, and
# the better one belongs to the model that gives fewer of the tunes back. The bound asks for likely melodies. A decoder
# that needs no code is not punished for it.
#
# ## From one tune to another
#
# With codes that are used, there is a way from one tune to another. Codes between two means are decoded, one after the other:

# %%
vae, names = models["3 nats are free"], list(melody.TUNES)
ends = [names.index(name) for name in ("Twinkle, Twinkle", "Ode to Joy")]
z = vae.encode(mg.tensor(lines.x[ends])).mean.numpy()
way = melody.lines_at(vae, np.stack([(1 - t) * z[0] + t * z[1] for t in np.linspace(0, 1, 5)]), lines.alphabet)
print(*way, sep="\n")
rolls = [melody.roll_of_melody(line) for line in way]
figure = melody.score(rolls, [f"code {i + 1} of 5" for i in range(5)])
melody.sound(rolls[:: max(1, len(rolls) // 2)], melody.plucked, 0.14)

# %% [markdown]
# Sixteen tunes are few, and between them the model has nothing to go by but their notes: it may switch from one to the
# other, or pass a third one on the way. `python -m minigen train melody-vae --data melodies` learns from twenty thousand lines.
#
# ## Harmony
#
# Given a soprano, which alto, tenor and bass go with it? Write the four voices one after the other,
# $S_1 A_1 T_1 B_1 S_2 A_2 \dots$, and learn the next symbol. Then harmonising is drawing, only that the sopranos are not
# drawn but *put in*. Within a frame the tenor knows the alto, and so two voices agree where the keys of a roll could not.

# %%
from minigen.models.sequences.language import LanguageModel

rows, new = melody.interleaved(music.train), melody.interleaved(music.test)
rng = Generator(0)
choir = LanguageModel(89, 96, GRU(96, rng=rng), rng=rng)
trainer = SequenceTrainer(choir, mg.optim.cosine(8e-3, 400))
for batch in melody.batches(rows, 24, 400):
    trainer.step(mg.tensor(batch), rng)
log_p = choir.eval().log_probs(new).numpy().reshape(len(new), 16, 4).mean(axis=(0, 1))
nothing = melody.notes_alone(music.train, music.test)
for voice, nats_a_note, alone in zip(melody.VOICES, -log_p, nothing, strict=True):
    print(f"{voice:8} {nats_a_note:.2f} nats a note; by how often it sings each key {alone:.2f}")


# %%
def harmonise(soprano, rng):
    """Draw alto, tenor and bass to a soprano (16,): keys (16, 4)."""
    state, fed, voices = choir.body.start(1), 0, []
    for note in soprano:
        frame = [note]
        logits = choir(np.array([[fed]]), state)  # of the soprano, which is known
        for _ in range(3):
            logits = choir(np.array([[frame[-1] + 1]]), state)
            p = mg.softmax(logits[0, -1] / 0.7).numpy().astype(float)
            frame.append(int(rng.choice(89, p=p / p.sum())) - 1)
        voices.append(frame)
        fed = frame[-1] + 1
    return np.array(voices)


original = music.test[len(music.test) // 2]
ours = harmonise(original[:, 0], np.random.default_rng(2))
both = np.maximum(np.stack([original, ours]), 0)
pair = melody.rolls_of(both)
figure = melody.score(list(pair), ["the original", "its soprano, with voices that were drawn"], voices=both)
melody.sound(list(pair), melody.plucked, 0.35)

# %% [markdown]
# The temperature of 0.7 makes it bolder about what it is sure of. One thing this model cannot do: look ahead. A composer
# knows where the melody is going, and prepares it. The data set `chorales` of the library therefore gives the *whole*
# soprano first and then the other voices, which is a task for the attention of lesson 17:
# `python -m minigen train transformer --data chorales`. Such a run leaves `harmony.wav`, a soprano of the test part with its
# own voices and with drawn ones.
#
# No net is needed to follow rules, though. For centuries pupils have learnt them by heart.
#
# **Exercise 18.6 (open task).** `harmonise`: three voices for a given soprano, with as few faults as possible.

# %%
check("18.6")

# %% [markdown]
# ## Five quick questions

# %%
quiz("18")

# %% [markdown]
# ## Where to go next
#
# - Cho et al. 2014, [*Learning phrase representations using RNN encoder-decoder*,
#   arXiv:1406.1078](https://arxiv.org/abs/1406.1078): the GRU.
# - Boulanger-Lewandowski, Bengio & Vincent 2012, [*Modeling temporal dependencies in high-dimensional sequences*,
#   arXiv:1206.6392](https://arxiv.org/abs/1206.6392): the chorales and folk tunes as piano rolls, and frames whose keys
#   are not independent.
# - Bowman et al. 2016, [*Generating sentences from a continuous space*,
#   arXiv:1511.06349](https://arxiv.org/abs/1511.06349): a VAE with a recurrent decoder, its collapse, word dropout.
# - Roberts et al. 2018, [*A hierarchical latent vector model for learning long-term structure in music*,
#   arXiv:1803.05428](https://arxiv.org/abs/1803.05428): MusicVAE; a decoder of two levels for longer pieces.
# - Huang et al. 2017, [*Counterpoint by convolution*, arXiv:1903.07227](https://arxiv.org/abs/1903.07227): voices
#   in any order, rewritten again and again.
# - In the library: `minigen/ops/recurrence.py`, `minigen/models/sequences/gru.py` and `piano_rolls.py`,
#   `minigen/models/vaes/melody.py`.
# - Lesson 19 returns to images and points, with densities that are exact because every step can be undone.
