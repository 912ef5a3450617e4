#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""change.py GOLDEN OTHER flip|key|model: writes a wrong copy of a golden case; `compare` checks OTHER, written by --out, against it."""
import shutil
import sys

import h5py

golden, other, what = sys.argv[1:]
if what == "compare":
    with h5py.File(golden) as a, h5py.File(other) as b:
        for group in a["expected"]:
            for name in ("s", "u", "v"):
                if (a["expected"][group][name][:] != b[group][name][:]).any():
                    sys.exit(f"{group}/{name} differs")
    sys.exit(0)
shutil.copyfile(golden, other)
with h5py.File(other, "r+") as case:
    if what == "flip":
        case["expected/h/v"][16, 3] += 1
    elif what == "key":
        case["groups/h"].attrs["extra"] = 1
    elif what == "model":
        case["groups/h"].attrs["model"] = "RF"
