# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is trained, on the host and in NumPy: the read-out of one modality, and the projections that bring two modalities together.

Features are spike counts of the reservoir, [samples, neurons]. Everything is a function of its arguments and a seed.
"""

import numpy as np

WIDTH = 64  # of the space that both modalities are projected into


class Scale:
    """Features less their mean in units of their deviation, both of the training samples."""

    def __init__(self, features):
        self.mean, self.deviation = features.mean(0), features.std(0) + 1e-3

    def __call__(self, features):
        return (features - self.mean) / self.deviation


class Readout:
    """Ridge regression on the classes; the largest output wins."""

    def __init__(self, features, labels, classes, ridge=0.1):
        self.scale = Scale(features)
        x = np.concatenate([self.scale(features), np.ones((len(features), 1))], 1)
        y = np.eye(classes)[labels]
        self.weights = np.linalg.solve(x.T @ x + ridge * len(x) * np.diag([1.0] * (x.shape[1] - 1) + [0]), x.T @ y)

    def predict(self, features):
        return (np.concatenate([self.scale(features), np.ones((len(features), 1))], 1) @ self.weights).argmax(1)

    def accuracy(self, features, labels):
        return float((self.predict(features) == labels).mean())


def gelu(x):
    """x Phi(x) in its usual approximation, and its derivative."""
    c = np.sqrt(2 / np.pi)
    t = np.tanh(c * (x + 0.044715 * x**3))
    return 0.5 * x * (1 + t), 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x)


class Projection:
    """features -> z = A f + a -> z + B gelu(z) + b -> layer norm: [n, 64]."""

    def __init__(self, draw, inputs):
        self.parameters = [draw.normal(0, 1 / np.sqrt(inputs), (inputs, WIDTH)), np.zeros(WIDTH), draw.normal(0, 1 / np.sqrt(WIDTH), (WIDTH, WIDTH)), np.zeros(WIDTH)]

    def __call__(self, features):
        a, a0, b, b0 = self.parameters
        z = features @ a + a0
        g, slope = gelu(z)
        out = z + g @ b + b0
        centred = out - out.mean(1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)
        e = centred / deviation
        self.kept = features, g, slope, e, deviation
        return e

    def gradients(self, de):
        """Of the parameters, from those of the last result."""
        features, g, slope, e, deviation = self.kept
        dout = (de - de.mean(1, keepdims=True) - e * (de * e).mean(1, keepdims=True)) / deviation
        dz = dout + dout @ self.parameters[2].T * slope
        return [features.T @ dz, dz.sum(0), g.T @ dout, dout.sum(0)]


class Adam:
    def __init__(self, parameters, rate, decay):
        self.parameters, self.rate, self.decay, self.step = parameters, rate, decay, 0
        self.first, self.second = [np.zeros_like(p) for p in parameters], [np.zeros_like(p) for p in parameters]

    def __call__(self, gradients):
        self.step += 1
        for p, g, m, v in zip(self.parameters, gradients, self.first, self.second):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p -= self.rate * (m / (1 - 0.9**self.step) / (np.sqrt(v / (1 - 0.999**self.step)) + 1e-8) + self.decay * p)


def loss(first, second, temperature=1.0):
    """Cross entropy of both ways of telling which row of the one belongs to which of the other, and its gradients by both."""
    logits = first @ second.T / temperature
    n = len(logits)
    total, slope = 0.0, np.zeros_like(logits)
    for axis in (0, 1):
        shifted = logits - logits.max(axis, keepdims=True)
        p = np.exp(shifted)
        p /= p.sum(axis, keepdims=True)
        total -= np.log(np.diag(p) + 1e-30).mean() / 2
        slope += (p - np.eye(n)) / (2 * n)
    return total, slope @ second / temperature, slope.T @ first / temperature


class Zeroshot:
    """Two projections, trained on pairs of the known classes: a batch holds one pair of each."""

    def __init__(self, images, sounds, labels, known, seed, epochs=30, rate=1e-3, decay=1e-2, noise=0.3):
        draw = np.random.default_rng((seed, 3))
        self.scales = Scale(images), Scale(sounds)
        parts = self.scales[0](images), self.scales[1](sounds)
        self.heads = Projection(draw, images.shape[1]), Projection(draw, sounds.shape[1])
        adam = Adam([p for head in self.heads for p in head.parameters], rate, decay)
        of = [np.flatnonzero(labels == label) for label in known]
        rounds = min(map(len, of))
        for _ in range(epochs):
            order = [np.stack([draw.permutation(rows)[:rounds] for rows in of], 1) for _ in range(2)]
            for pick in zip(*order):
                e = [head(part[rows] + draw.normal(0, noise, (len(rows), part.shape[1]))) for head, part, rows in zip(self.heads, parts, pick)]
                self.loss, *slopes = loss(*e)
                adam([g for head, slope in zip(self.heads, slopes) for g in head.gradients(slope)])

    def recognise(self, sounds, images, labels):
        """The class of each sound: that whose images lie nearest on average."""
        sound, image = self.heads[1](self.scales[1](sounds)), self.heads[0](self.scales[0](images))
        classes = np.unique(labels)
        middle = np.stack([image[labels == label].mean(0) for label in classes])
        return classes[(sound @ middle.T).argmax(1)]
