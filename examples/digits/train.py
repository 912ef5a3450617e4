#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the handwritten-digits network that scripts/demo runs, and writes network.nir and test_set.h5 beside this file.

Needed only to retrain: the trained weights are shipped. Packages: python3-torch python3-sklearn python3-h5py.

Network   64-96-10, feed-forward, no biases; leaky integrate-and-fire neurons, reset to zero:
          v <- v + dt/tau (r x - v); spike if v > 1, then v <- 0; tau = 10 ms, r = 10, dt = 1 ms, so v <- 0.9 v + W s.
Input     8x8 pixels 0..16, as p = value/16; pixel p spikes at step k (1..16) when floor(k p + 1e-6) > floor((k-1) p + 1e-6).
Read-out  class with the most output spikes over 16 steps, the lowest on ties.
Training  surrogate gradient (fast sigmoid), Adam, cross entropy on output spike counts, 75/25 stratified split, seed 1.
"""

import pathlib

import h5py
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

STEPS, HIDDEN, CLASSES, DECAY, THRESHOLD = 16, 96, 10, 0.9, 1.0
SEED, EPOCHS, BATCH, RATE = 1, 120, 64, 5e-3


class FastSigmoidSpike(torch.autograd.Function):
    """Heaviside forward, 1 / (1 + 10 |x|)^2 backward."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x > 0).float()

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient / (1 + 10 * x.abs()) ** 2


def encode(images):
    """[n, 64] pixels 0..16 -> [n, STEPS, 64] spikes 0/1."""
    p = images / 16.0
    k = np.arange(STEPS + 1)[None, :, None]
    level = np.floor(k * p[:, None, :] + 1e-6)
    return (np.diff(level, axis=1) > 0).astype(np.uint8)


def forward(x, w1, w2):
    """[n, STEPS, 64] -> output spike counts [n, CLASSES] and final potentials, differentiable."""
    spike = FastSigmoidSpike.apply
    v1 = torch.zeros(x.shape[0], HIDDEN)
    v2 = torch.zeros(x.shape[0], CLASSES)
    counts = torch.zeros(x.shape[0], CLASSES)
    for t in range(STEPS):
        v1 = DECAY * v1 + x[:, t] @ w1.T
        z1 = spike(v1 - THRESHOLD)
        v1 = v1 * (1 - z1.detach())
        v2 = DECAY * v2 + z1 @ w2.T
        z2 = spike(v2 - THRESHOLD)
        v2 = v2 * (1 - z2.detach())
        counts = counts + z2
    return counts


def simulate(x, w1, w2):
    """The definition in numpy float32: hidden [n, STEPS, HIDDEN] and output [n, STEPS, CLASSES] spikes."""
    n = x.shape[0]
    v1, v2 = np.zeros((n, HIDDEN), np.float32), np.zeros((n, CLASSES), np.float32)
    hidden, output = np.zeros((n, STEPS, HIDDEN), np.uint8), np.zeros((n, STEPS, CLASSES), np.uint8)
    decay, threshold = np.float32(DECAY), np.float32(THRESHOLD)
    for t in range(STEPS):
        v1 = decay * v1 + x[:, t].astype(np.float32) @ w1.T
        hidden[:, t] = v1 > threshold
        v1[hidden[:, t] > 0] = 0
        v2 = decay * v2 + hidden[:, t].astype(np.float32) @ w2.T
        output[:, t] = v2 > threshold
        v2[output[:, t] > 0] = 0
    return hidden, output


def augment(images, generator):
    """Shifts each image by up to one pixel and varies its contrast by up to 15 %, so that 1,347 images do not overfit."""
    out = np.zeros_like(images)
    for i, image in enumerate(images.reshape(-1, 8, 8)):
        dy, dx = generator.integers(-1, 2, 2) * (generator.random() < 0.5)
        moved = np.zeros_like(image)
        moved[max(dy, 0):8 + min(dy, 0), max(dx, 0):8 + min(dx, 0)] = image[max(-dy, 0):8 + min(-dy, 0), max(-dx, 0):8 + min(-dx, 0)]
        out[i] = np.clip(moved * generator.uniform(0.85, 1.15), 0, 16).reshape(64)
    return out


def train(images, y):
    torch.manual_seed(SEED)
    generator = np.random.default_rng(SEED)
    torch.set_num_threads(1)
    w1 = torch.nn.Parameter(torch.randn(HIDDEN, 64) * 0.18)
    w2 = torch.nn.Parameter(torch.randn(CLASSES, HIDDEN) * 0.18)
    optimiser = torch.optim.Adam([w1, w2], lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS)
    y = torch.tensor(y)
    for epoch in range(EPOCHS):
        x = torch.tensor(encode(augment(images, generator)), dtype=torch.float32)
        order = torch.randperm(len(x))
        total = 0.0
        for start in range(0, len(x), BATCH):
            pick = order[start:start + BATCH]
            loss = torch.nn.functional.cross_entropy(forward(x[pick], w1, w2), y[pick])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(pick)
        schedule.step()
        print(f"epoch {epoch + 1:2d}/{EPOCHS}  loss {total / len(x):.4f}", flush=True)
    return w1.detach().numpy(), w2.detach().numpy()


def write_nir(path, w1, w2):
    text = h5py.string_dtype("utf-8")
    with h5py.File(path, "w") as f:
        f.create_dataset("version", data="1.0.7", dtype=text)
        node = f.create_group("node")
        node.create_dataset("type", data="NIRGraph", dtype=text)
        edges = [("input", "fc1"), ("fc1", "lif1"), ("lif1", "fc2"), ("fc2", "lif2"), ("lif2", "output")]
        node.create_dataset("edges", data=np.array(edges, dtype=object), dtype=text)
        nodes = node.create_group("nodes")

        def add(name, kind, **params):
            group = nodes.create_group(name)
            group.create_dataset("type", data=kind, dtype=text)
            for key, value in params.items():
                group.create_dataset(key, data=value, compression="gzip")

        def lif(n):
            one = np.ones(n, np.float32)
            return dict(tau=0.01 * one, r=10 * one, v_leak=0 * one, v_threshold=one, v_reset=0 * one)

        add("input", "Input", shape=np.array([64]))
        add("fc1", "Linear", weight=w1.astype(np.float32))
        add("lif1", "LIF", **lif(HIDDEN))
        add("fc2", "Linear", weight=w2.astype(np.float32))
        add("lif2", "LIF", **lif(CLASSES))
        add("output", "Output", shape=np.array([CLASSES]))


def main():
    here = pathlib.Path(__file__).resolve().parent
    digits = load_digits()
    train_x, test_x, train_y, test_y = train_test_split(
        digits.data, digits.target, test_size=450, stratify=digits.target, random_state=0)
    w1, w2 = train(train_x, train_y)
    x = encode(test_x)
    hidden, output = simulate(x, w1, w2)
    prediction = output.sum(axis=1, dtype=np.int64).argmax(axis=1)
    print(f"test accuracy {(prediction == test_y).mean() * 100:.2f} % of {len(test_y)} images")
    write_nir(here / "network.nir", w1, w2)
    with h5py.File(here / "test_set.h5", "w") as f:
        f.attrs["dt"], f.attrs["time_steps"] = 1e-3, STEPS
        for name, data in [("input_spikes", x), ("labels", test_y.astype(np.uint8)), ("ref_hidden_spikes", hidden),
                           ("ref_output_spikes", output), ("ref_prediction", prediction.astype(np.uint8))]:
            f.create_dataset(name, data=data, compression="gzip", compression_opts=9)


if __name__ == "__main__":
    main()
