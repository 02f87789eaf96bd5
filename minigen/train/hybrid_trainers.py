"""Training steps of models of more than two parts: the VAE-GAN's three networks, the VQ-VAE and its prior."""

from typing import Any

from ..autodiff import Tensor, no_grad
from ..models import VAEGAN, VQVAE
from ..optim import Adam
from ..optim.schedules import Schedule
from ..random import Generator
from .trainers import Metrics, Trainer


class VAEGANTrainer(Trainer):
    """A step of each network in turn, discriminator first, each with an Adam of its own (Larsen et al., algorithm 1).

    Args:
        model: it is trained in place.
        schedule: the discriminator's learning rate, a function of the step.
        others_speed: the other two networks' learning rate as a multiple of it.
        beta1: of all three Adams.
    """

    def __init__(self, model: VAEGAN, schedule: Schedule, others_speed: float = 1.0, beta1: float = 0.5) -> None:
        def adam(network: Any, speed: float) -> Adam:
            return Adam(network.parameters(), lr=lambda t: speed * schedule(t), betas=(beta1, 0.999))

        self.d_optimizer = adam(model.discriminator, 1.0)
        self.e_optimizer, self.g_optimizer = adam(model.encoder, others_speed), adam(model.generator, others_speed)
        super().__init__(model, self.d_optimizer, self.e_optimizer, self.g_optimizer)

    def step(self, x: Tensor, rng: Generator, *labels: Any) -> Metrics:
        """The three steps on the real batch x (N, *shape); returns the losses before each."""
        d_loss = self.model.discriminator_loss(x, rng)
        self.descend(self.d_optimizer, d_loss.total)
        e_loss = self.model.encoder_loss(x, rng)
        self.descend(self.e_optimizer, e_loss.total)
        g_loss = self.model.decoder_loss(x, rng)
        g_gradient = self.descend(self.g_optimizer, g_loss)
        return {
            "d_loss": d_loss.total,
            "g_loss": g_loss,
            "likeness": e_loss.likeness,
            "kl": e_loss.kl,
            "real_accuracy": d_loss.real_accuracy,
            "fake_accuracy": d_loss.fake_accuracy,
            "spread": d_loss.spread,
            "g_gradient": g_gradient,
        }


class VQTrainer(Trainer):
    """A step of the autoencoder, then one of the prior on the words it has chosen, each with an Adam of its own.

    The words change their meaning while the autoencoder learns; the prior follows, and both come to rest with the
    learning rates.

    Args:
        model: it is trained in place.
        schedule: of both learning rates.
    """

    def __init__(self, model: VQVAE, schedule: Schedule) -> None:
        self.optimizer = Adam([*model.encoder.parameters(), *model.decoder.parameters()], lr=schedule)
        self.prior_optimizer = Adam(model.prior.parameters(), lr=schedule)
        super().__init__(model, self.optimizer, self.prior_optimizer)

    def step(self, x: Tensor, rng: Generator, *labels: Any) -> Metrics:
        """Both steps on the batch x (N, *shape); returns the terms of the losses, the prior's in nats per grid."""
        loss = self.model.loss(x, rng)
        self.descend(self.optimizer, loss.total)
        prior = -self.model.prior.log_prob(self.model.words_of(x)).mean()
        self.descend(self.prior_optimizer, prior)
        return {
            "loss": loss.total,
            "reconstruction": loss.reconstruction,
            "commitment": loss.commitment,
            "perplexity": loss.perplexity,
            "prior": prior,
        }

    def evaluate(self, x: Tensor, rng: Generator, *labels: Any) -> Metrics:
        """The losses of a batch that is not trained on."""
        with no_grad():
            loss = self.model.loss(x, rng)
            prior = -self.model.prior.log_prob(self.model.words_of(x)).mean()
        return {"test_loss": loss.total, "test_reconstruction": loss.reconstruction, "test_prior": prior}
