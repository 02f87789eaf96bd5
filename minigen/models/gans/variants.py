"""Papers that are a choice of loss, penalty and networks, and no new model.

wgan-gp   the Wasserstein loss (Arjovsky et al. 2017, equation 3) with a gradient penalty on the critic (Gulrajani et
          al. 2017, equation 3); five steps of the critic, each on 64 examples, and no batch norm in it
sn-gan    the hinge loss with spectral normalisation of the discriminator (Miyato et al. 2018, equations 16 and 17)

Lesson 11 derives both.
"""

from ..recipe import with_defaults
from .gan import PLAIN_OPTIONS, game, gan

RECIPES = (
    game(
        "wgan-gp",
        "gan with the Wasserstein loss and a gradient penalty (Gulrajani et al. 2017)",
        gan,
        with_defaults(
            PLAIN_OPTIONS,
            width=64,
            steps=2000,
            batch_size=320,
            critic_steps=5,
            lr=1e-4,
            beta1=0.0,
            loss="wasserstein",
            penalty="gradient-penalty",
            net="dcgan-plain",
        ),
        takes=("images",),
    ),
    game(
        "sn-gan",
        "gan with the hinge loss and spectral normalisation (Miyato et al. 2018)",
        gan,
        with_defaults(PLAIN_OPTIONS, width=64, steps=2000, loss="hinge", net="dcgan-sn", beta1=0.0),
        takes=("images",),
    ),
)
