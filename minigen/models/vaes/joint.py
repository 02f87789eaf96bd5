"""The joint VAE of images and their labels, by a product of experts (MVAE; Wu & Goodman 2018).

One code z for both: p(x, y, z) = p(z) p(x|z) p(y|z). Each of the two has an encoder, an expert that says what it knows
of z; one that is missing says nothing, and the prior always has its say,

    q(z|x, y)  =  p(z) q(z|x) q(z|y) / constant        q(z|x) alone: p(z) q(z|x),  q(z|y) alone: p(z) q(z|y)

A product of Gaussians is a Gaussian. With precisions T = 1 / variance, and T = 1, mean = 0 of the prior,

    T  =  sum_i T_i,        mean  =  sum_i T_i mean_i / T

so an expert who is sure of a direction of z decides it. Training on x and y together would never try an expert alone,
so three bounds are trained on at once (their sub-sampled objective, with all the subsets that two have):

    E_q(z|x,y)[log p(x|z) + w log p(y|z)] - KL(q(z|x, y) || p(z))
    E_q(z|x)  [log p(x|z) + w log p(y|z)] - KL(q(z|x) || p(z))
    E_q(z|y)  [             w log p(y|z)] - KL(q(z|y) || p(z))

A label is a few nats among the hundred of an image, and would hardly be heard: hence its weight w, with which these are
no longer bounds. In the paper the second has no log p(y|z): then nothing but the label itself ever tells an image's
code which digit it is. With it, the second bounds log p(x, y) like the first, by a q that does not see y.

    label -> image:  z from q(z|y), then p(x|z)        image -> label:  the mean of q(z|x), then p(y|z)

Lesson 23 uses it.
"""

from typing import NamedTuple

from ... import ops
from ...autodiff import Tensor
from ...backend import Array, to_device
from ...distributions import Categorical, Normal, gaussian_of, kl_to_standard_normal
from ...errors import whole
from ...nn import Module, one_hot, sum_features
from ...random import Generator, given_or_default
from ..labels import chosen_labels, given_labels
from ..networks import dense_decoder, dense_encoder
from ..recipe import CLASSES_OF_DATA, DEPTH, WIDTH, Option, Settings, Shape
from .vae import OPTIONS, VAE, bound, shown


class JointLoss(NamedTuple):
    """Scalars in nats per example, averaged over the batch: what is descended on, and bounds on -log p, unweighted.

    both, image and label are of p(x, y), p(x) and p(y), by q(z|x, y), q(z|x) and q(z|y). So label is log K at least
    where the K labels are equally frequent; it is more by KL(q(z|y) || p(z|y)), as one Gaussian seldom fits all codes
    of a label.
    """

    total: Tensor
    both: Tensor
    image: Tensor
    label: Tensor


def product(*experts: Normal) -> Normal:
    """The product of Gaussians of one shape and the standard normal prior, scaled to a density: a Gaussian."""
    precisions = [ops.exp(-expert.log_var) for expert in experts]
    total = 1 + sum(precisions[1:], precisions[0])
    weighted = [precision * expert.mean for precision, expert in zip(precisions, experts, strict=True)]
    return Normal(sum(weighted[1:], weighted[0]) / total, -ops.log(total))


class JointVAE(VAE):
    """A VAE of pairs (image, label), either of which may be missing.

    Args:
        encoder: (N, *shape) -> (N, 2 latent_dim), the image's expert. decoder: (N, latent_dim) -> (N, *shape).
        label_encoder: one-hot labels (N, classes) -> (N, 2 latent_dim), the label's expert.
        label_decoder: (N, latent_dim) -> (N, classes), logits.
        latent_dim, likelihood: see `VAE`.
        labels: how many there are. label_weight: w.
    """

    def __init__(
        self,
        encoder: Module,
        decoder: Module,
        label_encoder: Module,
        label_decoder: Module,
        latent_dim: int,
        labels: int,
        likelihood: str = "bernoulli",
        label_weight: float = 1.0,
    ) -> None:
        super().__init__(encoder, decoder, latent_dim, likelihood)
        self.label_encoder, self.label_decoder = label_encoder, label_decoder
        self.labels, self.label_weight = labels, label_weight

    def expert_of_images(self, x: Tensor) -> Normal:
        """What images (N, *shape) say of z: a Normal of shape (N, latent_dim)."""
        return gaussian_of(self.encoder(x), self.latent_dim, "JointVAE: the encoder")

    def expert_of_labels(self, labels: Array) -> Normal:
        """What labels (N,) say of z."""
        h = self.label_encoder(Tensor(one_hot(labels, self.labels)))
        return gaussian_of(h, self.latent_dim, "JointVAE: the encoder of labels")

    def encode(self, x: Tensor) -> Normal:
        """q(z|x) where the label is missing."""
        return product(self.expert_of_images(x))

    def encode_labels(self, labels: Array) -> Normal:
        """q(z|y) where the image is missing."""
        return product(self.expert_of_labels(labels))

    def loss(  # type: ignore[override]  # three bounds, not one
        self, x: Tensor, rng: Generator | None = None, labels: Array | None = None
    ) -> JointLoss:
        """The three bounds, negative and weighted, of images x (N, *shape) with labels (N,); and without weights."""
        labels = given_labels("a joint VAE", labels, x.shape[0])
        of_x, of_y = self.expert_of_images(x), self.expert_of_labels(labels)
        qs = product(of_x, of_y), product(of_x), product(of_y)
        kls = [ops.mean(sum_features(kl_to_standard_normal(q))) for q in qs]
        codes = [q.sample(rng) for q in qs]
        image = [-ops.mean(self.decode(z).log_likelihood(x)) for z in codes[:2]]
        label = [-ops.mean(self.label_of(z).log_prob(labels)) for z in codes]
        total = sum(image, kls[0] + kls[1] + kls[2]) + self.label_weight * sum(label[1:], label[0])
        return JointLoss(total, image[0] + label[0] + kls[0], image[1] + kls[1], label[2] + kls[2])

    def label_of(self, z: Tensor) -> Categorical:
        """p(y|z) for codes z (N, latent_dim)."""
        return Categorical(self.label_decoder(z))

    def class_logits(self, x: Tensor) -> Tensor:
        """The logits of p(y|z) at the mean of q(z|x): images x (N, *shape) -> (N, labels)."""
        return self.label_of(self.encode(x).mean).logits

    def sample(self, n: int, rng: Generator | None = None, label: int | None = None, *, noise: bool = False) -> Tensor:
        """The means of p(x|z) for n codes z ~ q(z|y), of one label or of each in turn; with `noise`, draws of x."""
        whole("n", n)
        rng = given_or_default(rng)
        labels = to_device(chosen_labels(n, self.labels, label), self.device)
        return shown(self.decode(self.encode_labels(labels).sample(rng)), rng, noise)


# ---------------------------------------------------------------------------------------------------------- recipes

LABEL_WEIGHT = Option("label_weight", 50.0, "weight of log p(y|z) beside log p(x|z)", above=0, most=1e6)
WITHOUT_BETA = tuple(option for option in OPTIONS if option.name != "beta")


def joint_vae(s: Settings, shape: Shape, rng: Generator) -> JointVAE:
    """Dense networks; those of the labels have one hidden layer."""
    hidden, of_labels = [s.width] * s.depth, [max(1, s.width // 4)]
    return JointVAE(
        dense_encoder(shape, 2 * s.latent_dim, hidden, rng, init="glorot_uniform"),
        dense_decoder(s.latent_dim, shape, hidden, rng, init="glorot_uniform"),
        dense_encoder((s.classes,), 2 * s.latent_dim, of_labels, rng, init="glorot_uniform"),
        dense_decoder(s.latent_dim, (s.classes,), of_labels, rng, init="glorot_uniform"),
        s.latent_dim,
        s.classes,
        s.likelihood,
        s.label_weight,
    )


def meaning_of_three_bounds(s: Settings) -> str:
    """What the loss is, and its parts."""
    return (
        "both, image and label are bounds on -log p(x, y), -log p(x) and -log p(y), in nats per example; the loss is "
        f"the sum of what is trained on, with log p(y|z) counted {s.label_weight:g} times"
    )


RECIPES = (
    bound(
        "joint-vae",
        "VAE of images and their labels, by a product of experts (Wu & Goodman 2018)",
        joint_vae,
        (*WITHOUT_BETA, WIDTH(400), DEPTH, LABEL_WEIGHT, CLASSES_OF_DATA),
        shows=("reconstructions", "codes", "encodings", "log-weights", "class logits"),
        labelled=True,
        meaning=meaning_of_three_bounds,
    ),
)
