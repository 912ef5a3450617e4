#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds and runs every kind of test, quick parts first, and adds up what they say.

Each stage reports (passed, failed, skipped) counts of single tests, not of executables. A stage that cannot be built counts as one
failure. Skips are printed with their reason. The parts of a stage run beside each other, as many as there are processors.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

DOCTEST = re.compile(r"\[doctest\] test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed")
LIT = re.compile(r"^\s+(Passed|Failed|Unsupported|Skipped|Excluded|Expectedly Failed|Unexpectedly Passed|Unresolved|Timed Out)\s*:\s*(\d+)", re.M)
UNITTEST = re.compile(r"^Ran (\d+) tests? in", re.M)


class Totals:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.lock = threading.Lock()

    def add(self, name, passed, failed, skipped, seconds, before=(), after=()):
        """Counts and prints the line of one part, with what belongs to it before and after, and nothing of another part between them."""
        mark = "FAILED" if failed else "ok"
        line = f"  {name:<28} {passed:5d} passed {failed:3d} failed {skipped:3d} skipped  {seconds:6.1f} s  {mark}"
        with self.lock:
            self.passed += passed
            self.failed += failed
            self.skipped += skipped
            print("\n".join([*before, line, *after]), flush=True)


def run(command, log, env=None, timeout=3000):
    """Runs a command with its output in a file; returns (exit code, output)."""
    with open(log, "w", encoding="utf-8", errors="replace") as out:
        try:
            code = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env, timeout=timeout).returncode
        except subprocess.TimeoutExpired:
            out.write(f"\ntimed out after {timeout} s\n")
            code = 124
    return code, pathlib.Path(log).read_text(encoding="utf-8", errors="replace")


def tail(text, lines=60):
    return ["    | " + line for line in text.splitlines()[-lines:]]


def skips(text):
    return ["    " + line.strip() for line in text.splitlines() if line.strip().startswith("SKIP:")]


def beside(jobs):
    """Runs functions without arguments, as many at a time as there are processors; an exception in one is raised here."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        for job in [pool.submit(job) for job in jobs]:
            job.result()


class Runner:
    def __init__(self, root, mode, logs):
        self.root, self.mode, self.logs, self.totals = root, mode, logs, Totals()

    def build(self, name, preset, targets, *options):
        """Configures and builds; a failure is counted and its log shown."""
        start = time.monotonic()
        build = self.root / "build" / preset
        code, text = run(["cmake", "--preset", preset, "-S", str(self.root), *options], self.logs / f"{name}-configure.log")
        if code == 0:
            print(f"  building {name} ...", flush=True)
            code, text = run(["cmake", "--build", str(build), "--target", *targets], self.logs / f"{name}-build.log")
        if code != 0:
            self.totals.add(f"build {name}", 0, 1, 0, time.monotonic() - start, after=tail(text))
            return None
        print(f"  built {name} in {time.monotonic() - start:.0f} s", flush=True)
        return build

    def doctests(self, build, label, but=(), env=None, options=()):
        beside([lambda program=program: self.doctest(program, label, env, options) for program in sorted((build / "unit").glob("unit-*"))
                if program.name not in but])

    def doctest(self, program, label, env, options):
        start = time.monotonic()
        code, text = run([str(program), "--no-version", *options], self.logs / f"{label}-{program.name}.log", env={**os.environ, **(env or {})},
                         timeout=7200 if self.mode == "long" else 1200)
        match = DOCTEST.search(text)
        passed, failed = (int(match.group(2)), int(match.group(3))) if match else (0, 1)
        if code != 0 and failed == 0:
            failed = 1
        skipped = skips(text)
        self.totals.add(f"{label} {program.name}", passed, failed, len(skipped), time.monotonic() - start, skipped, tail(text) if failed else ())

    def lit(self, build):
        start = time.monotonic()
        lit = self.root / "scripts" / "lib" / "run_lit.py"
        code, text = run(["/usr/bin/python3", str(lit), "-sv", str(build / "test")], self.logs / "lit.log", timeout=1800)
        counts = {key: int(value) for key, value in LIT.findall(text)}
        passed = counts.get("Passed", 0) + counts.get("Expectedly Failed", 0)
        skipped = counts.get("Unsupported", 0) + counts.get("Skipped", 0) + counts.get("Excluded", 0)
        failed = sum(counts.get(k, 0) for k in ("Failed", "Unexpectedly Passed", "Unresolved", "Timed Out"))
        if (code != 0 or passed == 0) and failed == 0:
            failed = 1
        self.totals.add("lit", passed, failed, skipped, time.monotonic() - start, after=tail(text, 120) if failed else ())

    # The suites that take longest by far, though their files are small.
    LONGEST = ("test_synth.py", "test_formal.py", "test_mutation.py")

    def python(self, folders, env=None):
        """The Python unittest suites of some folders: end-to-end runs of the tools, the hardware, and the rules of the tree. Those that take longest and
        then large files, which do so as a rule, come first, so that no processor waits long for the last one."""
        files = [file for folder in folders for file in (self.root / "test" / folder).glob("test_*.py")]
        files.sort(key=lambda file: (file.name not in self.LONGEST, -file.stat().st_size, file.name))
        beside([lambda file=file: self.suite(file, env) for file in files])

    def suite(self, file, env):
        start = time.monotonic()
        label, folder = f"{file.parent.name} {file.stem}", str(file.parent)
        command = ["/usr/bin/python3", "-m", "unittest", "discover", "-v", "-s", folder, "-t", folder, "-p", file.name]
        code, text = run(command, self.logs / f"{file.parent.name}-{file.stem}.log", env={**os.environ, **(env or {})}, timeout=3000)
        match = UNITTEST.search(text)
        total = int(match.group(1)) if match else 0
        reasons = re.findall(r"^(\S+ .*) \.\.\. skipped (.*)$", text, re.M)
        skipped = [f"    SKIP: {test}: {why}" for test, why in reasons]
        bad = len(re.findall(r"^(?:FAIL|ERROR): ", text, re.M))
        if (code != 0 or total == 0) and bad == 0:
            bad = 1
        self.totals.add(label, max(0, total - bad - len(reasons)), bad, len(reasons), time.monotonic() - start, skipped,
                        tail(text, 120) if bad else ())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--mode", choices=["quick", "normal", "long"], default="normal")
    parser.add_argument("--logs", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    runner = Runner(arguments.root, arguments.mode, arguments.logs)
    start = time.monotonic()
    print("Ranvier tests: the clean builds take about 30 minutes on two cores, the tests about 30 more", flush=True)
    runner.python(["meta"])
    build = runner.build("release", "release", ["all", "unit-tests", "rtl-package"], "-DRANVIER_ENABLE_TESTS=ON")
    if build:
        runner.doctests(build, "unit")
        runner.lit(build)
        runner.python(["e2e", "rtl"], {"RANVIER_RTL_GENERATED": str(build / "rtl-generated"), "RANVIER_BIN": str(build / "bin")})
        runner.python(["install"], {"RANVIER_BUILD": str(build)})
    else:
        runner.python(["rtl"])
    sanitizers(runner)
    totals = runner.totals
    print(f"all tests took {(time.monotonic() - start) / 60:.1f} minutes")
    print(f"{totals.passed} passed, {totals.failed} failed, {totals.skipped} skipped")
    return 1 if totals.failed or totals.passed == 0 else 0


def sanitizers(runner):
    """One clang build with the address and undefined-behaviour sanitizers serves the unit tests of the libraries without MLIR and the fuzz
    targets; the thread sanitizer needs a build of its own and is for --long."""
    long = runner.mode == "long"
    build = runner.build("sanitizers", "fuzz", ["fuzzers", "unit-tests"], "-DRANVIER_ENABLE_TESTS=ON")
    if build:
        brief = {} if long else {"RANVIER_TEST_MODE": "brief"}
        # The suite "quality" asks how good an answer of the mapper is, with searches that take minutes here; smaller ones run the same code.
        options = [] if long else ["--test-suite-exclude=quality"]
        runner.doctests(build, "asan", but=["unit-mutants"], env=brief, options=options)  # Those are libhdf5's to survive, in a process of its own.
        run_fuzzers(runner, build, 60 if long else 4)
    if long:
        build = runner.build("tsan", "tsan", ["unit-emulator"], "-DRANVIER_ENABLE_TESTS=ON", "-DRANVIER_ENABLE_JIT=OFF")
        if build:
            runner.doctests(build, "tsan", env={"TSAN_OPTIONS": "halt_on_error=1"})


def run_fuzzers(runner, build, seconds):
    """Each libFuzzer target for a short while; a crash leaves its input in the log folder."""
    beside([lambda program=program: run_fuzzer(runner, program, seconds) for program in sorted((build / "fuzz").glob("fuzz-*"))
            if os.access(program, os.X_OK) and not program.is_dir()])


def run_fuzzer(runner, program, seconds):
    start = time.monotonic()
    corpus = runner.root / "test" / "fuzz" / "corpus" / program.name
    command = [str(program), f"-max_total_time={seconds}", "-seed=1", "-timeout=20", "-rss_limit_mb=4096",
               f"-artifact_prefix={runner.logs}/{program.name}-"]
    work = runner.logs / f"{program.name}-corpus"
    work.mkdir(exist_ok=True)
    command.append(str(work))
    if corpus.exists():
        command.append(str(corpus))
    code, text = run(command, runner.logs / f"{program.name}.log", timeout=seconds + 120)
    done = re.search(r"Done \d+ runs", text) is not None
    good = code == 0 and done
    runner.totals.add(program.name, int(good), int(not good), 0, time.monotonic() - start, after=() if good else tail(text))


if __name__ == "__main__":
    sys.exit(main())
