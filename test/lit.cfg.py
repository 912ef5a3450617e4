# lit set-up for every .mlir (and .test) file below test/. Run with `ninja check-lit`, or lit's own script on the build's test folder.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import os

import lit.formats

config.name = "ranvier"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "golden", "unit", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.ranvier_build_dir, "test", "lit")

# The build's own tools first, then FileCheck, not, count and split-file of the LLVM that it was built with.
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.ranvier_build_dir, "bin"), config.llvm_tools_dir, config.environment.get("PATH", "")]
)
# Stable diagnostics and no crash reports to the outside.
config.environment["LLVM_DISABLE_CRASH_REPORT"] = "1"

config.substitutions.append(("%shared", os.path.join(config.ranvier_source_dir, "..", "shared")))
config.substitutions.append(("%models", os.path.join(config.ranvier_source_dir, "models")))
config.substitutions.append(("%inputs", os.path.join(config.test_source_root, "Inputs")))
config.substitutions.append(("%source", config.ranvier_source_dir))
config.substitutions.append(("%mlir_include", config.mlir_include_dir))
config.substitutions.append(("%python", config.python))

# `REQUIRES: shared`: material beside the checkout that is not part of it.
if os.path.isdir(os.path.join(config.ranvier_source_dir, "..", "shared")):
    config.available_features.add("shared")
# `REQUIRES: <tool>` for each tool of ours that was built.
for tool in ("ranvier", "ranvier-opt", "ranvier-replay", "ranvier-lsp-server"):
    if os.path.exists(os.path.join(config.ranvier_build_dir, "bin", tool)):
        config.available_features.add(tool)
