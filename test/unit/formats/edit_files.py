# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs small scripts on HDF5 files for the formats tests; one process for all of them, as starting Python takes longer than any script.

Reads "PATH\\nLENGTH\\nSCRIPT" from standard input, runs the script with the file opened as `f`, and answers "ok|failed LENGTH\\nOUTPUT".
"""

import contextlib
import io
import sys
import traceback

import h5py
import numpy as np

while path := sys.stdin.buffer.readline().decode().rstrip("\n"):
    script = sys.stdin.buffer.read(int(sys.stdin.buffer.readline())).decode()
    output, status = io.StringIO(), "ok"
    try:
        with contextlib.redirect_stdout(output), h5py.File(path, "r+") as file:
            exec(script, {"f": file, "h5py": h5py, "np": np})
    except Exception:  # The test shows what went wrong.
        output, status = io.StringIO(traceback.format_exc()), "failed"
    answer = output.getvalue().encode()
    sys.stdout.buffer.write(f"{status} {len(answer)}\n".encode() + answer)
    sys.stdout.buffer.flush()
