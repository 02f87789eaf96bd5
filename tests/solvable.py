"""A VAE whose log p(x) is known: x = W z + b + noise, with the exact posterior as the encoder."""

import math

import numpy as np

import minigen as mg
from minigen import nn
from minigen.models import VAE, TwoLayerIWAE


class Affine(nn.Module):
    """(N, D) -> (N, F): x w + b, with constant log-variances (if any) in further columns."""

    def __init__(self, w, b, log_var=None):
        self.w, self.b = nn.Parameter(np.asarray(w, np.float32)), nn.Parameter(np.asarray(b, np.float32))
        self.log_var = None if log_var is None else nn.Parameter(np.asarray(log_var, np.float32))

    def forward(self, x):
        y = mg.dense(x, self.w, self.b)
        if self.log_var is None:
            return y
        return mg.concatenate(
            [y, self.log_var + mg.zeros((x.shape[0], self.log_var.shape[0]), device=x.device)], axis=1
        )


def linear_gaussian(model=VAE, **settings):
    """(the model, seven examples (7, 5), their exact log p(x) (7,)), on the default device."""
    rng = np.random.default_rng(1)
    w = np.linalg.qr(rng.standard_normal((5, 2)))[0].T * np.array([[1.5], [0.7]])  # (2, 5), orthogonal rows
    b, s2 = rng.standard_normal(5), 0.3
    posterior_var = 1 / (1 + (w**2).sum(1) / s2)  # diagonal, as the rows are orthogonal
    encode_w = (w / s2 * posterior_var[:, None]).T  # (5, 2)
    encoder = Affine(encode_w, -b @ encode_w, np.log(posterior_var))
    made = model(encoder, Affine(w, b), 2, "gaussian", **settings)
    made.log_var.data[...] = math.log(s2)
    x = rng.standard_normal((7, 2)) @ w + b + math.sqrt(s2) * rng.standard_normal((7, 5))
    covariance = w.T @ w + s2 * np.eye(5)
    d = x - b
    log_p = -0.5 * (
        (d @ np.linalg.inv(covariance) * d).sum(1) + np.linalg.slogdet(covariance)[1] + 5 * math.log(2 * math.pi)
    )
    return made, x.astype(np.float32), log_p


def linear_gaussian_of_two_layers(**settings):
    """(a TwoLayerIWAE, seven examples (7, 5), their exact log p(x) (7,)), on the default device.

    z1 = a z2 + noise along each axis, x = W z1 + b + noise with orthogonal rows of W: all posteriors are diagonal.
    """
    rng = np.random.default_rng(2)
    w = np.linalg.qr(rng.standard_normal((5, 2)))[0].T * np.array([[1.5], [0.7]])  # (2, 5)
    b, s2 = rng.standard_normal(5), 0.3
    a, s1 = np.array([0.9, -1.4]), np.array([0.5, 0.8])
    prior_var = a**2 + s1  # of z1
    lower_var = 1 / (1 / prior_var + (w**2).sum(1) / s2)
    lower_w = (w / s2 * lower_var[:, None]).T
    upper_var = 1 / (1 + a**2 / s1)
    model = TwoLayerIWAE(
        Affine(lower_w, -b @ lower_w, np.log(lower_var)),
        Affine(np.diag(a / s1 * upper_var), np.zeros(2), np.log(upper_var)),
        Affine(np.diag(a), np.zeros(2), np.log(s1)),
        Affine(w, b),
        2,
        2,
        "gaussian",
        **settings,
    )
    model.log_var.data[...] = math.log(s2)
    x = rng.standard_normal((7, 2)) * np.sqrt(prior_var) @ w + b + math.sqrt(s2) * rng.standard_normal((7, 5))
    covariance = (w.T * prior_var) @ w + s2 * np.eye(5)
    d = x - b
    log_p = -0.5 * (
        (d @ np.linalg.inv(covariance) * d).sum(1) + np.linalg.slogdet(covariance)[1] + 5 * math.log(2 * math.pi)
    )
    return model, x.astype(np.float32), log_p
