"""Classic wrong answers to the exercises of lesson 5."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)


EQUIVALENT = {
    "reconstruction_error: x and y exchanged": "the squared distance is symmetric",
    "reconstruction_error: result at least 0": "a sum of squares is not negative",
    "pca_reconstruct: only the left of centred.T @ centred / len(x)": "a factor leaves the eigenvectors as they are",
    "pca_reconstruct: * in centred.T @ centred / len(x)": "a factor leaves the eigenvectors as they are",
    "pca_reconstruct: + 1e-8 under centred.T @ centred / len(x)": "a factor leaves the eigenvectors as they are",
    "pca_reconstruct: k at least 1": "k is never below 1",
}


# --------------------------------------------------------------------------------------- reconstruction_error


@wrong("reconstruction_error", "averaged over the pixels too: sum over them, and average over the examples only")
def mean_of_all(x, y):
    return float(np.mean((y - x) ** 2))


@wrong("reconstruction_error", "summed over the examples: divide by their number")
def sum_of_all(x, y):
    return float(np.sum((y - x) ** 2))


@wrong("reconstruction_error", "one number for each example: average over them")
def of_each_example(x, y):
    return np.sum((y - x) ** 2, axis=tuple(range(1, x.ndim)))


@wrong("reconstruction_error", "divided by the length of the last axis: the examples are counted by the first")
def by_the_last_axis(x, y):
    return float(np.sum((y - x) ** 2) / x.shape[-1])


@wrong("reconstruction_error", "that is the mean distance, with a root: the errors are squared and no root is taken")
def distance(x, y):
    return float(np.mean(np.sqrt(np.sum((y - x).reshape(len(x), -1) ** 2, axis=1))))


@wrong("reconstruction_error", "the absolute error: it is squared here")
def absolute(x, y):
    return float(np.sum(np.abs(y - x)) / len(x))


@wrong("reconstruction_error", "the errors are added up before squaring: square each one first, or they cancel")
def square_of_the_sum(x, y):
    return float(np.sum((y - x).reshape(len(x), -1).sum(axis=1) ** 2) / len(x))


@wrong("reconstruction_error", "a factor 1/2 that is not in the formula")
def halved(x, y):
    return float(0.5 * np.sum((y - x) ** 2) / len(x))


@wrong("reconstruction_error", "the sign is flipped: an error is not negative")
def negative(x, y):
    return -ref.reconstruction_error(x, y)


@wrong("reconstruction_error", "changes its input y", compared=False)
def in_place(x, y):
    y -= x
    return float(np.sum(y**2) / len(x))


@wrong("reconstruction_error", "cannot reshape", compared=False)
def hard_coded(x, y):
    return float(np.sum((y - x).reshape(-1, 784) ** 2) / len(x))


@wrong("reconstruction_error", "calls minigen", compared=False)
def of_the_library(x, y):
    return float(mg.nn.mse_loss(y, x)) * x[0].size


# ------------------------------------------------------------------------------------------- linear_gradients


def _gradients(x, a, b, g):
    return x.T @ g @ b.T, (x @ a).T @ g


@wrong("linear_gradients", "the sign is flipped: R = Y - X, not X - Y")
def x_less_y(x, a, b):
    return _gradients(x, a, b, 2 / len(x) * (x - x @ a @ b))


@wrong("linear_gradients", "the factor 2 is missing: the derivative of R^2 is 2 R")
def without_two(x, a, b):
    return _gradients(x, a, b, (x @ a @ b - x) / len(x))


@wrong("linear_gradients", "the factor 1/N is missing: the error is averaged over the examples")
def without_n(x, a, b):
    return _gradients(x, a, b, 2 * (x @ a @ b - x))


@wrong(
    "linear_gradients", "it is divided by N D: the error is averaged over the examples, and summed over their D numbers"
)
def by_all(x, a, b):
    return _gradients(x, a, b, 2 / x.size * (x @ a @ b - x))


@wrong("linear_gradients", "the target is missing: R = Y - X, not Y")
def without_target(x, a, b):
    return _gradients(x, a, b, 2 / len(x) * x @ a @ b)


@wrong("linear_gradients", "da and db are exchanged: da has a's shape, and comes first")
def exchanged(x, a, b):
    return ref.linear_gradients(x, a, b)[::-1]


@wrong("linear_gradients", "the results are transposed: da has a's shape")
def transposed(x, a, b):
    return tuple(gradient.T for gradient in ref.linear_gradients(x, a, b))


@wrong("linear_gradients", "da goes back through A: the way from Y to Z is through B, so it is R B^T")
def through_the_encoder(x, a, b):
    _, db = ref.linear_gradients(x, a, b)
    return x.T @ (2 / len(x) * (x @ a @ b - x)) @ a, db


@wrong("linear_gradients", "that is the gradient of tied weights, B = A^T: here the two matrices are free")
def tied(x, a, b):
    da, db = ref.linear_gradients(x, a, b)
    return da + db.T, db + da.T


@wrong("linear_gradients", "da is right, and db is zero everywhere")
def only_the_encoder(x, a, b):
    return ref.linear_gradients(x, a, b)[0], np.zeros_like(b)


@wrong("linear_gradients", "numeric differentiation", compared=False)
def measured(x, a, b):
    def differences(f, at, h=1e-5):
        out = np.zeros_like(at)
        for index in np.ndindex(*at.shape):
            step = np.zeros_like(at)
            step[index] = h
            out[index] = (f(at + step) - f(at - step)) / (2 * h)
        return out

    error = cheat.reconstruction_error
    return differences(lambda a: error(x, x @ a @ b), a), differences(lambda b: error(x, x @ a @ b), b)


@wrong("linear_gradients", "calls minigen", compared=False)
def with_backward(x, a, b):
    a, b = mg.tensor(a, requires_grad=True), mg.tensor(b, requires_grad=True)
    r = mg.tensor(x) @ a @ b - mg.tensor(x)
    da, db = mg.grad((r * r).sum() / len(x), [a, b])
    return da.numpy(), db.numpy()


@wrong("linear_gradients", "changes its input a", compared=False)
def takes_the_step(x, a, b):
    gradients = ref.linear_gradients(x, a, b)
    a -= 0.1 * gradients[0]
    return gradients


# -------------------------------------------------------------------------------------------- pca_reconstruct


def _axes(x, centred=True):
    c = x - x.mean(axis=0) if centred else x
    return np.linalg.eigh(c.T @ c / len(x))[1]


@wrong("pca_reconstruct", "the axes with the smallest eigenvalues: eigh gives them in ascending order, take the last k")
def smallest(x, k):
    v = _axes(x)[:, :k]
    return x.mean(axis=0) + (x - x.mean(axis=0)) @ v @ v.T


@wrong("pca_reconstruct", "np.linalg.eig does not sort its eigenvalues: take eigh, or sort them yourself")
def unsorted(x, k):
    c = x - x.mean(axis=0)
    v = np.linalg.eig(c.T @ c / len(x))[1].real[:, :k]
    return x.mean(axis=0) + c @ v @ np.linalg.pinv(v)


@wrong("pca_reconstruct", "rows of the matrix of eigenvectors: they are its columns, vectors[:, -k:]")
def rows(x, k):
    v = _axes(x)[-k:].T
    return x.mean(axis=0) + (x - x.mean(axis=0)) @ v @ v.T


@wrong("pca_reconstruct", "the mean is not subtracted: then the first axis points from 0 to the centre of the data")
def not_centred(x, k):
    v = _axes(x, centred=False)[:, -k:]
    return x @ v @ v.T


@wrong("pca_reconstruct", "the mean is not added again")
def mean_lost(x, k):
    return ref.pca_reconstruct(x, k) - x.mean(axis=0)


@wrong("pca_reconstruct", "x itself is projected, and the mean added: project x less the mean")
def projects_x(x, k):
    v = _axes(x)[:, -k:]
    return x.mean(axis=0) + x @ v @ v.T


@wrong("pca_reconstruct", "each feature is divided by its deviation first: that is another problem, with other axes")
def standardised(x, k):
    scale = x.std(axis=0)
    return ref.pca_reconstruct(x / scale, k) * scale


@wrong("pca_reconstruct", "the mean of each example is subtracted: x_bar is the mean of all examples, along axis 0")
def mean_of_a_row(x, k):
    mean = x.mean(axis=1, keepdims=True)
    c = x - mean
    v = np.linalg.eigh(c.T @ c / len(x))[1][:, -k:]
    return mean + c @ v @ v.T


@wrong("pca_reconstruct", "that is what is left over: the projection onto the other axes")
def the_rest(x, k):
    return x.mean(axis=0) + x - ref.pca_reconstruct(x, k)


@wrong("pca_reconstruct", "these are the codes: multiply by V^T to come back to D numbers")
def codes(x, k):
    return (x - x.mean(axis=0)) @ _axes(x)[:, -k:]


@wrong("pca_reconstruct", "the codes are multiplied by the eigenvalues: V V^T is all that is needed")
def times_eigenvalues(x, k):
    c = x - x.mean(axis=0)
    values, vectors = np.linalg.eigh(c.T @ c / len(x))
    return x.mean(axis=0) + c @ (vectors[:, -k:] * values[-k:]) @ vectors[:, -k:].T


@wrong("pca_reconstruct", "one axis too many")
def one_more(x, k):
    return ref.pca_reconstruct(x, k + 1)


@wrong("pca_reconstruct", "changes its input x", compared=False)
def centres_in_place(x, k):
    mean = x.mean(axis=0)
    x -= mean
    return mean + ref.pca_reconstruct(x, k)


@wrong("pca_reconstruct", "calls the reference itself", compared=False)
def the_reference(x, k):
    return cheat.pca_reconstruct(x, k)


# ----------------------------------------------------------------------------------------------- sample_codes


def _moments(codes):
    centred = codes - codes.mean(axis=0)
    return codes.mean(axis=0), centred.T @ centred / len(codes)


@wrong("sample_codes", "the noise is multiplied by the covariance: the variance is not the deviation, take its root L")
def variance_as_deviation(codes, noise):
    mean, covariance = _moments(codes)
    return mean + noise @ covariance


@wrong("sample_codes", "noise @ L instead of noise @ L.T: rows are multiplied from the right, by the transposed root")
def root_not_transposed(codes, noise):
    mean, covariance = _moments(codes)
    return mean + noise @ np.linalg.cholesky(covariance)


@wrong("sample_codes", "the mean is missing: z = m + L e")
def no_mean(codes, noise):
    return ref.sample_codes(codes, noise) - codes.mean(axis=0)


@wrong("sample_codes", "the covariances are missing: each latent is drawn for itself, by its own variance")
def independent(codes, noise):
    return codes.mean(axis=0) + noise * codes.std(axis=0)


@wrong("sample_codes", "1/(N - 1) instead of 1/N: np.cov divides by N - 1, unless bias=True")
def unbiased(codes, noise):
    mean, covariance = _moments(codes)
    return mean + noise @ np.linalg.cholesky(covariance * len(codes) / (len(codes) - 1)).T


@wrong("sample_codes", "the mean is not subtracted in S: then the distance from 0 counts as spread")
def not_centred_codes(codes, noise):
    return codes.mean(axis=0) + noise @ np.linalg.cholesky(codes.T @ codes / len(codes)).T


@wrong("sample_codes", "S is a sum: divide by N")
def summed(codes, noise):
    mean, covariance = _moments(codes)
    return mean + noise @ np.linalg.cholesky(covariance * len(codes)).T


@wrong("sample_codes", "that is another root of S: the codes have the right distribution, but L is Cholesky's")
def symmetric_root(codes, noise):
    mean, covariance = _moments(codes)
    values, vectors = np.linalg.eigh(covariance)
    return mean + noise @ (vectors * np.sqrt(values)) @ vectors.T


@wrong("sample_codes", "the codes are not looked at: noise alone is N(0, 1)")
def standard_normal(codes, noise):
    return noise.copy()


@wrong("sample_codes", "every sample is the mean: add L e")
def only_the_mean(codes, noise):
    return np.tile(codes.mean(axis=0), (len(noise), 1))


@wrong("sample_codes", "changes its input codes", compared=False)
def centres_the_codes(codes, noise):
    mean, covariance = _moments(codes)
    codes -= mean
    return mean + noise @ np.linalg.cholesky(covariance).T


@wrong("sample_codes", "calls the reference itself", compared=False)
def reference_for_codes(codes, noise):
    return cheat.sample_codes(codes, noise)


@wrong("sample_codes", "something is added to the diagonal of S: codes that lie close together show it")
def jittered(codes, noise):
    mean, covariance = _moments(codes)
    return mean + noise @ np.linalg.cholesky(covariance + 1e-6 * np.eye(len(covariance))).T


# ---------------------------------------------------------------------------------------------- best_denoiser


def _second_moment(x):
    return x.T @ x / len(x), np.eye(x.shape[1])


@wrong("best_denoiser", "the noise is ignored: the identity is best for clean inputs only")
def identity(x, noise_var):
    return np.eye(x.shape[1])


@wrong("best_denoiser", "the sum over the examples is not divided by N: then the noise weighs too little")
def sum_of_the_examples(x, noise_var):
    s, one = len(x) * _second_moment(x)[0], _second_moment(x)[1]
    return np.linalg.solve(s + noise_var * one, s)


@wrong("best_denoiser", "noise_var is the variance already: do not square it")
def variance_squared(x, noise_var):
    return ref.best_denoiser(x, noise_var**2)


@wrong("best_denoiser", "noise_var is a variance, and you take its root")
def deviation(x, noise_var):
    return ref.best_denoiser(x, noise_var**0.5)


@wrong("best_denoiser", "the mean is subtracted: nothing is centred here, so S is X^T X / N itself")
def centred_first(x, noise_var):
    return ref.best_denoiser(x - x.mean(axis=0), noise_var)


@wrong("best_denoiser", "that is S + noise_var without the second S: solve (S + noise_var 1) W = S")
def inverse_alone(x, noise_var):
    s, one = _second_moment(x)
    return np.linalg.inv(s + noise_var * one)


@wrong("best_denoiser", "that is the matrix that makes noise of a noisy example: take 1 less it")
def of_the_noise(x, noise_var):
    return np.eye(x.shape[1]) - ref.best_denoiser(x, noise_var)


@wrong("best_denoiser", "the noise is added to the examples once: the error is an average over the noise")
def one_draw(x, noise_var):
    noisy = x + np.sqrt(noise_var) * np.random.default_rng(0).standard_normal(x.shape)
    return np.linalg.lstsq(noisy, x, rcond=None)[0]


@wrong(
    "best_denoiser",
    "noise_var is added to every entry: noise of different numbers is independent, so only the diagonal",
)
def added_everywhere(x, noise_var):
    s, one = _second_moment(x)
    return np.linalg.solve(s + noise_var + 1e-12 * one, s)


@wrong("best_denoiser", "calls the reference itself", compared=False)
def reference_for_denoising(x, noise_var):
    return cheat.best_denoiser(x, noise_var)


# ------------------------------------------------------------------------------------------------- draw_codes


@wrong("draw_codes", "does not reach the goal", compared=False)
def one_normal(codes, count, seed):
    return ref.sample_codes(codes, np.random.default_rng(seed).standard_normal((count, codes.shape[1])))


@wrong("draw_codes", "does not reach the goal", compared=False)
def in_a_box(codes, count, seed):
    rng = np.random.default_rng(seed)
    return rng.uniform(codes.min(axis=0), codes.max(axis=0), (count, codes.shape[1]))


@wrong("draw_codes", "does not reach the goal", compared=False)
def between_two_codes(codes, count, seed):
    rng = np.random.default_rng(seed)
    first, second = rng.integers(len(codes), size=(2, count))
    t = rng.uniform(size=(count, 1))
    return (1 - t) * codes[first] + t * codes[second]


@wrong("draw_codes", "copies", compared=False)
def given_codes(codes, count, seed):
    return codes[:count].copy()


@wrong("draw_codes", "copies", compared=False)
def hardly_moved(codes, count, seed):
    rng = np.random.default_rng(seed)
    return codes[rng.integers(len(codes), size=count)] + 0.01 * rng.standard_normal((count, codes.shape[1]))


@wrong("draw_codes", "equal codes", compared=False)
def bootstrap(codes, count, seed):
    return codes[np.random.default_rng(seed).integers(len(codes), size=count)]


@wrong("draw_codes", "expected (500, 3)", compared=False)
def as_many_as_given(codes, count, seed):
    return ref.draw_codes(codes, len(codes), seed)
