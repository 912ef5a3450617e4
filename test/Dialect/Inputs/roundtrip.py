# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs `ranvier-opt --verify-roundtrip` on every .mlir file of the given folders that is meant to parse: text -> IR -> text and bytecode -> IR
must lose nothing. Files that expect diagnostics are left out; that they are the only ones is checked by the count."""
import pathlib
import subprocess
import sys

files = sorted(path for folder in sys.argv[1:] for path in pathlib.Path(folder).rglob("*.mlir") if "Inputs" not in path.parts)
positive = [path for path in files if "expected-error" not in path.read_text(encoding="utf-8")]
failed = []
for path in positive:
    done = subprocess.run(["ranvier-opt", "--verify-roundtrip", "--split-input-file", str(path), "-o", "/dev/null"], capture_output=True, text=True)
    if done.returncode:
        failed.append(path)
        print(f"{path}:\n{done.stderr}", file=sys.stderr)
print(f"{len(positive)} files, {len(failed)} failed, {len(files) - len(positive)} left out")
sys.exit(bool(failed) or len(positive) < 12)
