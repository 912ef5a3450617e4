# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Synthetic digits for an event camera and for a cochlea, in the formats in which N-MNIST and SHD are published. README.md says what is in them.

A sample is a pen's path: a digit of a few strokes, bent, slanted, scaled and shifted by its writer. The camera sees the ink while it makes three saccades;
the cochlea hears a voice whose first formant follows the pen's height and whose second follows its way to the right, silent where the pen is lifted. The two
modalities have nothing else in common: size, place, saccades, speaker, pace and noise are drawn for each.

All of it is a function of a seed, a class and a number. NumPy only; h5py to write the cochlea's file.
"""

import numpy as np

CLASSES = 10
SENSOR, DURATION = 34, 0.3  # pixels a side; seconds of a camera's recording
UNITS, SPEECH = 64, 1.0     # units of the cochlea; seconds of a word


def arc(x, y, rx, ry, first, last, points=24):
    """Degrees clockwise from the right, y downwards."""
    angle = np.radians(np.linspace(first, last, points))
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], 1)


def line(*corners, points=8):
    corners = np.array(corners, float)
    parts = [corners[k] + (corners[k + 1] - corners[k]) * np.linspace(0, 1, points)[:, None] for k in range(len(corners) - 1)]
    return np.concatenate(parts)


# Strokes in a box of 1 x 1, y downwards.
STROKES = [
    [arc(0.5, 0.5, 0.36, 0.5, -90, -450, 40)],
    [line((0.3, 0.25), (0.56, 0.0), (0.56, 1.0))],
    [np.concatenate([arc(0.48, 0.28, 0.36, 0.28, -170, 30), line((0.79, 0.42), (0.12, 1.0), (0.92, 1.0))])],
    [np.concatenate([arc(0.45, 0.25, 0.34, 0.25, -150, 90), arc(0.45, 0.74, 0.4, 0.26, -90, 145)])],
    [line((0.62, 0.0), (0.1, 0.66), (0.95, 0.66)), line((0.7, 0.32), (0.7, 1.0))],
    [np.concatenate([line((0.88, 0.0), (0.24, 0.0), (0.17, 0.46)), arc(0.46, 0.69, 0.38, 0.31, -140, 140)])],
    [np.concatenate([arc(0.86, 0.66, 0.7, 0.66, -100, -180), arc(0.52, 0.7, 0.36, 0.3, 180, -180, 36)])],
    [line((0.1, 0.02), (0.9, 0.02), (0.42, 1.0))],
    [np.concatenate([arc(0.5, 0.25, 0.3, 0.25, 90, -270, 32), arc(0.5, 0.75, 0.37, 0.25, -90, 270, 32)])],
    [np.concatenate([arc(0.48, 0.29, 0.34, 0.29, 0, -360, 36), line((0.82, 0.29), (0.74, 1.0))])],
    # Letters, for the projections to learn from: A C E F H J K L M N P R T U V W X Y Z.
    [line((0.05, 1.0), (0.5, 0.0), (0.95, 1.0)), line((0.22, 0.62), (0.78, 0.62))],
    [arc(0.56, 0.5, 0.42, 0.5, -50, -310, 36)],
    [line((0.9, 0.0), (0.15, 0.0), (0.15, 1.0), (0.9, 1.0)), line((0.15, 0.5), (0.75, 0.5))],
    [line((0.9, 0.0), (0.15, 0.0), (0.15, 1.0)), line((0.15, 0.48), (0.75, 0.48))],
    [line((0.12, 0.0), (0.12, 1.0)), line((0.12, 0.5), (0.88, 0.5)), line((0.88, 0.0), (0.88, 1.0))],
    [np.concatenate([line((0.75, 0.0), (0.75, 0.7)), arc(0.43, 0.7, 0.32, 0.3, 0, 180)])],
    [line((0.15, 0.0), (0.15, 1.0)), line((0.85, 0.0), (0.15, 0.55), (0.9, 1.0))],
    [line((0.15, 0.0), (0.15, 1.0), (0.9, 1.0))],
    [line((0.05, 1.0), (0.12, 0.0), (0.5, 0.7), (0.88, 0.0), (0.95, 1.0))],
    [line((0.12, 1.0), (0.12, 0.0), (0.88, 1.0), (0.88, 0.0))],
    [np.concatenate([line((0.15, 1.0), (0.15, 0.0)), arc(0.45, 0.27, 0.42, 0.27, -90, 90), line((0.45, 0.54), (0.15, 0.54))])],
    [np.concatenate([line((0.15, 1.0), (0.15, 0.0)), arc(0.42, 0.25, 0.42, 0.25, -90, 90), line((0.42, 0.5), (0.92, 1.0))])],
    [line((0.05, 0.0), (0.95, 0.0)), line((0.5, 0.0), (0.5, 1.0))],
    [np.concatenate([line((0.12, 0.0), (0.12, 0.6)), arc(0.5, 0.6, 0.38, 0.4, 180, 0), line((0.88, 0.6), (0.88, 0.0))])],
    [line((0.08, 0.0), (0.5, 1.0), (0.92, 0.0))],
    [line((0.02, 0.0), (0.25, 1.0), (0.5, 0.3), (0.75, 1.0), (0.98, 0.0))],
    [line((0.1, 0.0), (0.9, 1.0)), line((0.9, 0.0), (0.1, 1.0))],
    [line((0.1, 0.0), (0.5, 0.5), (0.9, 0.0)), line((0.5, 0.5), (0.5, 1.0))],
    [line((0.1, 0.0), (0.9, 0.0), (0.1, 1.0), (0.9, 1.0))],
]


def writer(seed, label, number):
    """The strokes of a sample: [n, 2] each, about (0, 0), a digit about 1 high."""
    draw = np.random.default_rng((seed, 0, label, number))
    tilt, slant = draw.normal(0, 0.07), draw.normal(0, 0.09)
    wide, high = np.exp(draw.normal(-0.1, 0.08)), np.exp(draw.normal(0, 0.06))
    waves = draw.normal(0, 0.025, (2, 3, 2))
    phases = draw.uniform(0, 2 * np.pi, (2, 3))
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    out = []
    for stroke in STROKES[label]:
        p = stroke - 0.5
        bent = p.copy()
        for axis in range(2):
            for k in range(3):
                bent[:, axis] += waves[axis, k, 0] * np.sin(2 * np.pi * (0.4 + 0.35 * k) * (p @ (np.cos(phases[axis, k]), np.sin(phases[axis, k]))) + phases[axis, k])
        bent[:, 0] -= slant * bent[:, 1]
        out.append(bent * (wide, high) @ turn.T)
    return out


#===--- The camera ----------------------------------------------------------===#


def ink(strokes, width, fine):
    """Light of the page on a grid of `fine` points a pixel with 6 pixels around the sensor: 1 on ink, 0 beside it."""
    side = SENSOR + 12
    at = (np.arange(side * fine) + 0.5) / fine - side / 2
    far = np.full((len(at), len(at)), np.inf)
    for stroke in strokes:
        for a, b in zip(stroke[:-1], stroke[1:]):
            # Only where the segment can be nearest.
            low, high = np.minimum(a, b) - width - 2, np.maximum(a, b) + width + 2
            xs, ys = slice(*np.searchsorted(at, (low[0], high[0]))), slice(*np.searchsorted(at, (low[1], high[1])))
            x, y = at[xs][None, :] - a[0], at[ys][:, None] - a[1]
            dx, dy = b - a
            along = np.clip((x * dx + y * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
            far[ys, xs] = np.minimum(far[ys, xs], np.hypot(x - along * dx, y - along * dy))
    return 1 / (1 + np.exp((far - width) / 0.3))


def camera(seed, label, number, frames=100):
    """Events x, y, p, t [us] of one recording, by time. Pixels fire when the light has changed by their threshold since they last did."""
    draw = np.random.default_rng((seed, 1, label, number))
    size, shift = draw.normal(13.0, 0.8), draw.normal(0, 1.2, 2)
    strokes = [stroke * size + shift for stroke in writer(seed, label, number)]
    fine = 3
    page = ink(strokes, draw.uniform(0.7, 1.3), fine)
    corners = np.array([(0, 0), (0.5, 1), (1, 0), (0, 0)]) - (0.5, 1 / 3)  # Of the eye's way, as in N-MNIST.
    corners = corners * draw.normal(2.6, 0.3, 2) + draw.normal(0, 0.3, (4, 2))
    phase = np.linspace(0, 3, frames + 1)
    leg = np.minimum(phase.astype(int), 2)
    eye = corners[leg] + (corners[leg + 1] - corners[leg]) * (phase - leg)[:, None] + draw.normal(0, 0.06, (frames + 1, 2))
    threshold = np.clip(draw.normal(0.12, 0.03, (2, SENSOR, SENSOR)), 0.05, None)
    middle = (page.shape[0] - SENSOR * fine) // 2
    x, y, p, t = [], [], [], []
    seen = None
    for frame in range(frames + 1):
        ox, oy = (middle + np.rint(eye[frame] * fine)).astype(int) + fine // 2
        ox, oy = (int(np.clip(o, 0, page.shape[0] - (SENSOR - 1) * fine - 1)) for o in (ox, oy))
        light = page[oy:oy + SENSOR * fine:fine, ox:ox + SENSOR * fine:fine][:SENSOR, :SENSOR]
        if seen is None:
            seen = light.copy()
            continue
        for polarity, change in ((1, light - seen), (0, seen - light)):
            rows, columns = np.nonzero(change > threshold[polarity])
            heard = draw.random(len(rows)) < 0.85  # The bus loses some.
            x.append(columns[heard]), y.append(rows[heard]), p.append(np.full(heard.sum(), polarity))
            t.append((frame - draw.random(heard.sum())) * (DURATION / frames))
            seen[rows, columns] = light[rows, columns]
    noise = draw.poisson(draw.uniform(100, 300))
    x.append(draw.integers(0, SENSOR, noise)), y.append(draw.integers(0, SENSOR, noise)), p.append(draw.integers(0, 2, noise)), t.append(draw.uniform(0, DURATION, noise))
    x, y, p, t = (np.concatenate(part) for part in (x, y, p, t))
    t = np.clip((t * 1e6).astype(int), 0, (1 << 23) - 1)
    order = np.argsort(t, kind="stable")
    return x[order], y[order], p[order], t[order]


def camera_bytes(x, y, p, t):
    """N-MNIST's five bytes an event."""
    return np.stack([x, y, p << 7 | t >> 16, t >> 8 & 255, t & 255], 1).astype(np.uint8).tobytes()


#===--- The cochlea ---------------------------------------------------------===#


def cochlea(seed, label, number, step=1e-3):
    """Spikes: times [s] and units of one word, by time."""
    draw = np.random.default_rng((seed, 2, label, number))
    strokes = writer(seed, label, number)
    # The pen goes at an even pace, lifts take a tenth of a stroke's time.
    path, voiced = [], []
    for k, stroke in enumerate(strokes):
        if k:
            path.append(np.linspace(path[-1][-1], stroke[0], 6)), voiced.append(np.zeros(6))
        path.append(stroke), voiced.append(np.ones(len(stroke)))
    path, voiced = np.concatenate(path), np.concatenate(voiced)
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    along = along / along[-1]
    length, start = SPEECH * np.clip(draw.normal(0.76, 0.09), 0.55, 0.95), draw.uniform(0, 0.17)
    now = np.arange(0, SPEECH, step)
    u = np.clip((now - start) / length, 0, 1)
    u = u + draw.normal(0, 0.07) * np.sin(2 * np.pi * u)  # Parts are spoken slower than others.
    pen = np.stack([np.interp(u, along, path[:, axis]) for axis in range(2)], 1)
    loud = np.interp(u, along, voiced) * ((now >= start) & (now <= start + length)) * (0.75 + 0.25 * np.sin(2 * np.pi * draw.uniform(3, 6) * now + draw.uniform(0, 6)))
    tract, shift = np.exp(draw.normal(0, 0.1)), draw.normal(0, 1.2)  # The speaker's throat.
    unit = np.arange(UNITS)
    rate = np.full((len(now), UNITS), draw.uniform(1.5, 4.0))  # Spikes a second that nothing causes.
    for axis, middle, sweep in ((1, 16, -20), (0, 48, 20)):
        centre = middle + sweep * tract * pen[:, axis] + shift + draw.normal(0, 0.8)
        width = draw.uniform(2.0, 3.0)
        rate += draw.uniform(230, 330) * loud[:, None] * np.exp(-0.5 * ((unit - centre[:, None]) / width) ** 2)
    rate *= np.exp(draw.normal(0, 0.25, UNITS))  # Hair cells differ.
    fired = draw.random(rate.shape) < rate * step
    row, unit = np.nonzero(fired)
    times = (row + draw.random(len(row))) * step
    order = np.argsort(times, kind="stable")
    return times[order], unit[order]
