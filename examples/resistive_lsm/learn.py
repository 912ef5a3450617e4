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
    """features -> z = A f + a -> z + B gelu(z) + b -> layer norm, divided by the root of 8: [n, 64], rows of length 8^(1/2), so that products of two are at most 8."""

    def __init__(self, draw, inputs):
        self.parameters = [draw.normal(0, 1 / np.sqrt(inputs), (inputs, WIDTH)), np.zeros(WIDTH), draw.normal(0, 0.1 / np.sqrt(WIDTH), (WIDTH, WIDTH)), np.zeros(WIDTH)]

    def __call__(self, features):
        a, a0, b, b0 = self.parameters
        z = features @ a + a0
        g, slope = gelu(z)
        out = z + g @ b + b0
        centred = out - out.mean(1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5)
        e = centred / deviation
        self.kept = features, g, slope, e, deviation
        return e / np.sqrt(8)

    def gradients(self, de):
        """Of the parameters, from those of the last result."""
        features, g, slope, e, deviation = self.kept
        de = de / np.sqrt(8)
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
    """Two projections, trained on pairs of an image and a sound of one pen's path: which of a batch of sounds belongs to which of its images, and the other way round.

    Noise in units of a feature's deviation keeps them from learning their pairs by heart; the rate falls to 0 along a line.
    """

    def __init__(self, images, sounds, seed, epochs=15, rate=1e-3, decay=1e-2, noise=0.5, batch=64):
        draw = np.random.default_rng((seed, 3))
        self.scales = Scale(images), Scale(sounds)
        parts = self.scales[0](images), self.scales[1](sounds)
        self.heads = Projection(draw, images.shape[1]), Projection(draw, sounds.shape[1])
        adam = Adam([p for head in self.heads for p in head.parameters], rate, decay)
        batch = min(batch, len(images))
        for epoch in range(epochs):
            adam.rate = rate * (1 - epoch / epochs)
            order = draw.permutation(len(images))
            for first in range(0, len(order) - batch + 1, batch):
                pick = order[first:first + batch]
                e = [head(part[pick] + draw.normal(0, noise, (batch, part.shape[1]))) for head, part in zip(self.heads, parts)]
                self.loss, *slopes = loss(*e)
                adam([g for head, slope in zip(self.heads, slopes) for g in head.gradients(slope)])
        # The modalities lie apart in the space that they share; what is known of both says how far.
        self.middles = [head(part).mean(0) for head, part in zip(self.heads, parts)]

    def recognise(self, sounds, images, labels):
        """The class of each sound: that whose images point its way on average."""
        image, sound = (head(scale(part)) - middle for head, scale, part, middle in zip(self.heads, self.scales, (images, sounds), self.middles))
        classes = np.unique(labels)
        towards = np.stack([image[labels == label].mean(0) for label in classes])
        return classes[(sound @ (towards / np.linalg.norm(towards, axis=1, keepdims=True)).T).argmax(1)]
