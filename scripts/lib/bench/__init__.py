# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The parts of scripts/bench: what all benchmarks need (common), and families that have a file of their own."""
