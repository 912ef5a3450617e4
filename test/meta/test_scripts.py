# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The scripts a newcomer calls, against commands that only pretend: what they would install, what they say when they cannot."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def packages(*roles):
    rows = [line.split() for line in (ROOT / "scripts" / "packages").read_text().splitlines() if line and not line.startswith("#")]
    return [row[0] for row in rows if row[1] in roles]


class Installing(unittest.TestCase):
    """install_packages with dpkg-query, apt-get, apt-cache, sudo and id of our own on the path."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ranvier-scripts-")
        self.addCleanup(folder.cleanup)
        self.bin, self.log = pathlib.Path(folder.name) / "bin", pathlib.Path(folder.name) / "log"
        self.bin.mkdir()
        self.log.write_text("")
        for tool in ("bash", "env", "grep", "awk", "cat", "yes", "head"):
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.fake("dpkg-query", 'for last; do :; done; case " $INSTALLED " in *" $last "*) echo installed ;; *) exit 1 ;; esac')
        self.fake("apt-get", 'echo "apt-get $DEBIAN_FRONTEND $*" >> "$LOG"')
        # As talkative as the real one: a search that stops at the first match closes the pipe on it.
        self.fake("apt-cache", 'case " $UNKNOWN " in *" $2 "*) exit 0 ;; esac; echo "$2:"; echo "  Installed: (none)"; echo "  Candidate: 1:2.3-4"; yes "  500 http://somewhere" | head -n 50000')

    def fake(self, name, body):
        path = self.bin / name
        path.write_text(f"#!{shutil.which('bash')}\n{body}\n")
        path.chmod(0o755)

    def install(self, *roles, installed=(), unknown=(), user=0):
        self.fake("id", f"echo {user}")
        script = f'set -euo pipefail; RANVIER_ROOT="{ROOT}"; . "$RANVIER_ROOT/scripts/lib/install.sh"; install_packages {" ".join(roles)}'
        environment = {"PATH": str(self.bin), "LOG": str(self.log), "INSTALLED": " ".join(installed), "UNKNOWN": " ".join(unknown)}
        done = subprocess.run([shutil.which("bash"), "-c", script], capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, timeout=120)
        return done, self.log.read_text().splitlines()

    def installed_line(self, calls):
        (line,) = [call for call in calls if " install " in call]
        return line

    def test_nothing_to_do(self):
        done, calls = self.install("build", installed=packages("build"))
        self.assertEqual((done.returncode, done.stdout, done.stderr, calls), (0, "", "", []))

    def test_only_what_is_missing_and_only_of_the_role(self):
        missing = ["ninja-build", "ccache"]
        done, calls = self.install("build", installed=[name for name in packages("build") if name not in missing])
        self.assertEqual(done.returncode, 0, done.stderr)
        line = self.installed_line(calls)
        self.assertEqual(sorted(line.split("--no-install-recommends ")[1].split()), sorted(missing))
        self.assertIn("noninteractive", line)
        self.assertIn("DPkg::Lock::Timeout=", line)
        self.assertIn("-y", line.split())
        done, calls = self.install("build", installed=[])
        wanted = calls[-1].split("--no-install-recommends ")[1].split()
        self.assertEqual(sorted(wanted), sorted(packages("build")))
        self.assertFalse(set(wanted) & set(packages("test", "train")))

    def test_a_package_apt_does_not_know_names_its_suite(self):
        done, calls = self.install("build", unknown=["libmlir-22-dev", "ccache"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("libmlir-22-dev (in Debian 12, suite bookworm-security)", done.stderr)
        self.assertIn("ccache (in Debian 12, suite main)", done.stderr)
        self.assertEqual(len(re.findall(r"\(in Debian 12", done.stderr)), 2, done.stderr)
        self.assertFalse([call for call in calls if " install " in call])

    def test_a_user_with_sudo(self):
        self.fake("sudo", 'echo "sudo $*" >> "$LOG"; [ "$1" = -n ] && shift; exec "$@"')
        (self.bin / "true").symlink_to(shutil.which("true"))
        done, calls = self.install("build", user=1000, installed=[name for name in packages("build") if name != "cmake"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(self.installed_line([call for call in calls if call.startswith("apt-get")]).endswith(" cmake"))
        self.assertTrue(all(call.startswith("sudo -n ") for call in calls if call.startswith("sudo")))

    def test_a_user_without_sudo_is_told_the_exact_command(self):
        for fake in (None, "exit 1"):
            if fake:
                self.fake("sudo", fake)
            done, calls = self.install("build", user=1000, installed=[name for name in packages("build") if name not in ("cmake", "lld-22")])
            self.assertEqual((done.returncode, calls), (1, []))
            self.assertIn("\n  apt-get update && apt-get install -y --no-install-recommends cmake lld-22\n", done.stderr)

    def test_a_system_without_apt(self):
        (self.bin / "apt-get").unlink()
        done, _ = self.install("build", installed=[name for name in packages("build") if name != "cmake"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("no apt-get: cmake", done.stderr)


class Scripts(unittest.TestCase):
    def test_help_and_wrong_arguments(self):
        for script in ("demo", "test", "bench"):
            path = ROOT / "scripts" / script
            done = subprocess.run([str(path), "--help"], capture_output=True, text=True, cwd="/")
            self.assertEqual((done.returncode, done.stderr), (0, ""), script)
            self.assertGreater(len(done.stdout.splitlines()), 1, script)
            self.assertNotIn("SPDX", done.stdout)
        for script in ("demo", "test"):
            done = subprocess.run([str(ROOT / "scripts" / script), "--nonsense"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2, script)
        self.assertEqual(subprocess.run([str(ROOT / "scripts" / "bench")], capture_output=True).returncode, 2)

    def test_the_demo_installs_and_builds_no_tests(self):
        text = (ROOT / "scripts" / "demo").read_text()
        self.assertEqual(re.findall(r"^install_packages (.*)$", text, re.M), ["build"])
        self.assertNotIn("RANVIER_WITH_TESTS", text)
        for name in packages("build"):
            self.assertNotRegex(name, r"doctest|h5py|numpy|clang-format|torch|sklearn")

    def test_scripts_read_tracked_files_only(self):
        tracked = set(subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True).stdout.split())
        checked = 0
        for script in ("demo", "test", "bench"):
            text = (ROOT / "scripts" / script).read_text().replace("$digits/", "$RANVIER_ROOT/examples/digits/")
            for path in re.findall(r"\$RANVIER_ROOT/([\w./-]+)", text):
                if not path.startswith("build") and not (ROOT / path).is_dir():
                    self.assertIn(path, tracked, script)
                    checked += 1
        self.assertGreater(checked, 4)

    def test_benchmarks_by_name(self):
        """What run_bench.py takes and refuses; nothing is measured."""
        def refused(*arguments):
            done = subprocess.run(["/usr/bin/python3", str(ROOT / "scripts" / "lib" / "run_bench.py"), str(ROOT), *arguments], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            return done.stderr
        for arguments in (("nonsense",), ("emulator",), ("emulator", "nonsense"), ("digits", "brunel"), ("digits", "--scale", "0.5"), ("emulator", "cuba", "--threads", "2"), ("emulator", "gesture", "--scale", "0.5"),
                          ("emulator", "cuba", "--scale", "0"), ("emulator", "cuba", "--scale", "1.5"), ("emulator", "cuba", "--seconds", "-1"), ("emulator", "cuba", "--seconds", "nan")):
            self.assertIn("error", refused(*arguments))

    def test_peers_are_optional(self):
        self.assertEqual(packages("peer"), ["python3-brian"])
        self.assertRegex((ROOT / "scripts" / "bench").read_text(), r"install_packages peer \|\| echo")

    def test_the_benchmark_of_partitions_has_its_networks(self):
        """It takes a quarter of an hour and runs in no test, but what it starts from can be made in one."""
        sys.path.insert(0, str(ROOT / "scripts" / "lib"))
        self.addCleanup(sys.path.remove, str(ROOT / "scripts" / "lib"))
        import run_bench
        with tempfile.TemporaryDirectory(prefix="ranvier-scripts-") as folder:
            networks = run_bench.partition_networks(ROOT, pathlib.Path(folder))
            self.assertEqual(len(networks), 5)
            for arguments in networks.values():
                for argument in arguments:
                    if isinstance(argument, pathlib.Path):
                        self.assertTrue(argument.is_file(), argument)
            small = networks["digits_32"][-1].read_text()
        self.assertIn("neurons: {value: 32,", small)
        self.assertNotIn("neurons: {value: 1024,", small)


if __name__ == "__main__":
    unittest.main()
