"""What an answer of a trained model depends on: its inputs, or its parts. Numbers only; `minigen.report` draws them.

attribution    integrated gradients, and their check; what is left when the pixels that a map names are taken away
covering       the same question without a gradient: cover a place, and see how the answer changes
heads          what the heads of a Transformer look at, and what is lost without one of them
induction      heads that copy: they look for what followed the last time

An explanation is of a function F from examples (N, ...) to one number for each: the logit of a class, a discriminator's
logit, a VAE's ELBO, the log-probability of a symbol. The model must be in eval mode, and F must draw the same noise
at every call, or the differences that are asked for are differences of noise.
"""

from .attribution import Attribution, gradient_times_input, integrated_gradients, replaced, without
from .covering import occlusion
from .heads import ablated, head_losses, patterns
from .induction import copying, prefix_matching, repeated, walks

__all__ = [
    "Attribution",
    "ablated",
    "copying",
    "gradient_times_input",
    "head_losses",
    "integrated_gradients",
    "occlusion",
    "patterns",
    "prefix_matching",
    "repeated",
    "replaced",
    "walks",
    "without",
]
