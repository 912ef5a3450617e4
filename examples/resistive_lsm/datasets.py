# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the synthetic digits as N-MNIST and SHD are published, and has `ranvier dataset` bin them; sets of the user's own come in at the second step."""

import pathlib

import h5py
import numpy as np

import digits
import reservoir

OPTIONS = {"image": ["--sensor", "2x34x34", "--crop", "16x16", "--polarity", "on"], "sound": ["--units", digits.UNITS, "--channels", 64]}


def write_recordings(folder, seed, classes, samples):
    """camera/<class>/<number>.bin and cochlea.h5; sample k of a class is the same pen's path in both."""
    folder = pathlib.Path(folder)
    words, labels = [], []
    for label in range(classes):
        (folder / "camera" / str(label)).mkdir(parents=True, exist_ok=True)
        for number in range(samples(label)):
            (folder / "camera" / str(label) / f"{number:05d}.bin").write_bytes(digits.camera_bytes(*digits.camera(seed, label, number)))
            words.append(digits.cochlea(seed, label, number))
            labels.append(label)
    with h5py.File(folder / "cochlea.h5", "w") as f:
        for name, part, kind in (("times", 0, "f4"), ("units", 1, "u2")):
            rows = f.create_dataset(f"spikes/{name}", (len(words),), dtype=h5py.vlen_dtype(np.dtype(kind)))
            for k, word in enumerate(words):
                rows[k] = word[part].astype(kind)
        f["labels"] = np.array(labels)


def binned(tool, folder):
    """Paths of the two sets, made by `ranvier dataset` of the recordings in the folder."""
    folder, out = pathlib.Path(folder), {}
    for modality, source in (("image", "camera"), ("sound", "cochlea.h5")):
        m, out[modality] = reservoir.MODALITIES[modality], folder / f"{modality}.h5"
        tool.call("dataset", folder / source, "--steps", m["steps"], "--dt", m["dt"], *OPTIONS[modality], "-o", out[modality])
    return out


def read(path):
    """Spikes [samples, steps, inputs] and labels [samples]."""
    with h5py.File(path) as f:
        return f["input_spikes"][()], f["labels"][()].astype(int)


def nearest_centroid(train, train_labels, test, test_labels):
    """Share of the tests whose class has the nearest mean, by distance and by angle: [2]."""
    train, test = (part.reshape(len(part), -1).astype(np.float32) for part in (train, test))
    middle = np.stack([train[train_labels == label].mean(0) for label in np.unique(train_labels)])
    classes = np.unique(train_labels)
    distance = (middle**2).sum(1) - 2 * test @ middle.T
    angle = -test @ (middle / np.linalg.norm(middle, axis=1, keepdims=True)).T
    return [float((classes[score.argmin(1)] == test_labels).mean()) for score in (distance, angle)]
