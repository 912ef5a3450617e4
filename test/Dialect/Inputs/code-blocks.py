# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints the ```mlir blocks of a Markdown page, each as a module of its own (separated for --split-input-file)."""
import re
import sys

text = open(sys.argv[1], encoding="utf-8").read()
blocks = re.findall(r"^```mlir\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
if not blocks:
    sys.exit("no mlir blocks in " + sys.argv[1])
print("// -----\n".join(blocks))
