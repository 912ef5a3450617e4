# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs spread over ranks, by mpirun and pretended: the recording, report and totals are those of one process, whatever the number of ranks
and of threads of each; memory and traffic of a rank are those that were promised; a rank that dies or fails ends the run and is named."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

import snn_models
import test_checkpoint
from ranvier import BIN, DIGITS, ROOT
from snn_networks import Input, Network, Population, Projection, Runner, Uniform

STEPS = 300
# mpirun refuses root and more ranks than processors unless told; ranks share two processors here, so none is to spin.
MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
       "OMPI_MCA_hwloc_base_binding_policy": "none", "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}


def clocked():
    """For ranvier-n1, whose cores have 256 neurons: bursts that reach several cores, spikes that the host hears and spikes that nobody hears."""
    net = Network("clocked", dt=1e-3, seed=3)
    noise = net.add(Input("noise", [60], ("poisson", [200.0], 5)))
    cells = net.add(Population("cells", snn_models.CUBA, [1300], {"tau_syn": 0.005, "tau_mem": 0.02, "v_threshold": 0.5}))
    last = net.add(Population("last", snn_models.CUBA, [60], {"tau_syn": 0.005, "tau_mem": 0.02, "v_threshold": 0.5}))
    for k, (source, target, weight, delay, degree) in enumerate([(noise, cells, 2.5, None, 4), (cells, cells, 0.5, Uniform(1.0, 8.0, 9), 6), (cells, last, 0.8, 2, 8)]):
        net.add(Projection(f"c{k}", "connect", source, target, delay=delay, rule="fixed_in_degree", params={"k": degree}, weights=weight, seed=k, autapses=True))
    net.outputs.append(("out", last))
    return net


class Case(Runner):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        made = cls("compile")
        text = (ROOT / "hw-models" / "chips" / "reference.yaml").read_text()
        limit = re.compile(r"^  neurons: \{.*\}$", re.M)
        assert limit.search(text)
        cls.chip = cls.tmp / "pieces.yaml"
        cls.chip.write_text(limit.sub('  neurons: {value: 11, source: "this test", status: defined}', text).replace("name: reference", "name: pieces"))
        net, external = test_checkpoint.network()
        image, compiled = made.compile(net, cls.chip)
        cls.cores = compiled["mapping"]["cores"] if "mapping" in compiled else None
        cls.mixed = [image, "--input", made.write_spikes(net, external, "mixed"), "--steps", STEPS, "--record", "v,i"]
        digits = cls.tmp / "digits.rvi"
        loihi1 = (ROOT / "hw-models" / "chips" / "loihi1.yaml").read_text()
        assert limit.search(loihi1)
        narrow = cls.tmp / "narrow.yaml"
        narrow.write_text(limit.sub('  neurons: {value: 32, source: "this test", status: defined}', loihi1).replace("name: loihi1", "name: narrow"))
        made.json("compile", DIGITS / "network.nir", "--target", narrow, "-o", digits)
        cls.digits = [digits, "--input", DIGITS / "test_set.h5", "--steps", 40, "--record", "v"]
        image, _ = made.compile(clocked(), "ranvier-n1")
        cls.clocked = [image, "--steps", 60, "--record", "v"]
        brunel = cls.tmp / "brunel.mlir"
        with open(brunel, "w", encoding="utf-8") as out:
            subprocess.run([sys.executable, str(ROOT / "examples" / "balanced" / "generate.py"), "brunel", "--neurons", "500", "--synapses", "60"], stdout=out, check=True)
        wide = cls.tmp / "wide.yaml"
        wide.write_text(limit.sub('  neurons: {value: 90, source: "this test", status: defined}', text).replace("name: reference", "name: wide"))
        made.json("compile", brunel, "--target", wide, "-o", brunel.with_suffix(".rvi"))
        cls.brunel = [brunel.with_suffix(".rvi"), "--steps", 2 * STEPS]

    def mpirun(self, ranks, *arguments, timeout=300, json_=True):
        if not shutil.which("mpirun"):
            self.skipTest("there is no mpirun here")
        command = ["mpirun", "-n", str(ranks), str(BIN / "ranvier"), *map(str, arguments), *(["--json"] if json_ else [])]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, env={**os.environ, **MPI})

    def outcome(self, name, run, *options, ranks=0):
        """Bytes of the recording, report and result without what may differ, and the ranks' shares. ranks: of mpirun; 0: a plain run."""
        folder = self.tmp / name
        folder.mkdir(exist_ok=True)
        arguments = ["run", *run, "-o", folder / "out.h5", "--report", folder / "report", *options]
        if ranks:
            done = self.mpirun(ranks, *arguments)
            self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-4000:])
            result = json.loads(done.stdout)
        else:
            result = self.json(*arguments)
        report = json.loads((folder / "report" / "report.json").read_text())
        shares = result.get("ranks")
        for one in (result, report):
            for key in ("wall", "ranks", "ranks_pretended", "exchange_interval_steps"):
                one.pop(key, None)
            del one["machine"]["threads"], one["machine"]["executor"]
        return ((folder / "out.h5").read_bytes(), result, report), shares

    def assertSame(self, found, expected):
        self.assertEqual(found[1:], expected[1:])
        self.assertTrue(found[0] == expected[0], "the recording differs")


class Ranks(Case):
    def same(self, name, run, *options):
        expected, shares = self.outcome(f"{name}-one", run, *options)
        self.assertIsNone(shares)
        self.assertGreater(expected[1]["totals"]["spikes"], 50)
        for ranks, more in ((2, []), (3, ["--threads", 2, "--executor", "interp"]), (4, [])):
            with self.subTest(network=name, ranks=ranks, options=options):
                pretended, promised = self.outcome(f"{name}-dry", run, *options, *more, "--dry-run-ranks", ranks)
                self.assertSame(pretended, expected)
                found, real = self.outcome(f"{name}-{ranks}", run, *options, *more, ranks=ranks)
                self.assertSame(found, expected)
                self.check_shares(real, promised, expected[1], ranks)

    def check_shares(self, real, promised, result, ranks):
        self.assertEqual(len(real), ranks)
        self.assertEqual([share["rank"] for share in real], list(range(ranks)))
        self.assertEqual(sum(share["synapses"] for share in real), result["machine"]["synapses"])
        self.assertGreater(min(share["synapses"] for share in real), 0)
        for share in real: # what the process really had; pretended ranks have none of their own
            self.assertGreater(share.pop("peak_process_bytes"), share["memory_bytes"]["total"])
        self.assertEqual(real, promised)
        traffic = [share["traffic"] for share in real]
        self.assertEqual(sum(t["bytes_sent"] for t in traffic), sum(t["bytes_received"] for t in traffic))
        self.assertGreater(sum(t["spikes_sent"] for t in traffic), 0)

    def test_a_network_of_every_feature(self):
        """Graded spikes, edges of delay 0, sources, random numbers, rows in the image; off and fast."""
        self.same("mixed", self.mixed)
        self.same("mixed-off", self.mixed, "--timing", "off")

    def test_a_chip_with_times_and_links(self):
        self.same("digits", self.digits)
        self.same("digits-fitted", self.digits, "--costs", "fitted")

    def test_a_chip_that_counts_cycles(self):
        """Rank 0 times the others' cores; what it needs is not on the others."""
        self.same("clocked", self.clocked)
        self.same("clocked-off", self.clocked, "--timing", "off")
        shares = {timing: self.json("run", *self.clocked[:3], "--timing", timing, "--dry-run-ranks", 4)["ranks"] for timing in ("off", "fast")}
        more = [fast["memory_bytes"]["total"] - off["memory_bytes"]["total"] for off, fast in zip(shares["off"], shares["fast"])]
        self.assertGreater(more[0], 2 * max(more[1:]))
        for off, fast in zip(shares["off"], shares["fast"]):
            self.assertGreater(fast["traffic"]["bytes_sent"], off["traffic"]["bytes_sent"])

    def test_connectors_that_are_expanded_by_their_targets_rank(self):
        self.same("brunel", self.brunel, "--timing", "off")
        self.same("brunel-narrow", self.brunel, "--timing", "off", "--weights", "i16")
        self.same("brunel-fast", self.brunel)

    def test_ranks_meet_once_in_the_shortest_delay(self):
        result = self.json("run", *self.brunel, "--timing", "off", "--dry-run-ranks", 3)
        interval = result["exchange_interval_steps"]
        self.assertIn(interval, (15, 16)) # 1.5 ms of 0.1 ms
        for share in result["ranks"]:
            self.assertEqual(share["traffic"]["exchanges"], 2 * STEPS // interval)
        timed = self.json("run", *self.brunel, "--dry-run-ranks", 3)
        self.assertEqual(timed["exchange_interval_steps"], 1)

    def test_memory_falls_with_ranks(self):
        alone, four = (self.json("run", *self.brunel, "--timing", "off", "--dry-run-ranks", ranks)["ranks"] for ranks in (1, 4))
        most = max(share["memory_bytes"]["synapses"] for share in four)
        self.assertLess(most, 0.5 * alone[0]["memory_bytes"]["synapses"])

    def test_more_ranks_than_cores(self):
        expected, _ = self.outcome("idle-one", self.brunel)
        done = self.call("run", *self.brunel, "--dry-run-ranks", 9)
        self.assertIn("ranks have nothing to do", done.stderr)
        found, _ = self.outcome("idle", self.brunel, "--dry-run-ranks", 9)
        self.assertSame(found, expected)


class Checkpoints(Case):
    def interrupted(self, folder, kill):
        """Runs on three ranks until a checkpoint is there, then kills one of them; returns mpirun's exit code, what it said and the seconds it took."""
        if not shutil.which("mpirun"):
            self.skipTest("there is no mpirun here")
        folder.mkdir()
        run = [*self.mixed[:4], 200000, *self.mixed[5:]]
        # stderr to a file: with a pipe nobody would read it before the end.
        with open(folder / "log", "w+", encoding="utf-8") as log:
            process = subprocess.Popen(["mpirun", "-n", "3", str(BIN / "ranvier"), *map(str, ["run", *run, "-o", folder / "out.h5", "--checkpoint", folder / "c.rvc",
                                        "--checkpoint-every", 50])], stdout=subprocess.DEVNULL, stderr=log, stdin=subprocess.DEVNULL, env={**os.environ, **MPI})
            deadline = time.monotonic() + 120
            while not (folder / "c.rvc").exists() and process.poll() is None:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            start = time.monotonic()
            kill(process)
            code = process.wait(timeout=60)
            seconds = time.monotonic() - start
            log.seek(0)
            return code, log.read(), seconds

    def kill_rank(self, rank, process):
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8") as stat, open(f"/proc/{entry}/environ", "rb") as environ:
                    parent = int(stat.read().rsplit(")", 1)[1].split()[1])
                    if parent == process.pid and f"OMPI_COMM_WORLD_RANK={rank}".encode() in environ.read().split(b"\0"):
                        os.kill(int(entry), signal.SIGKILL)
                        return
            except (OSError, IndexError, ValueError):
                continue
        self.fail(f"no process of rank {rank}")

    def test_a_rank_that_dies_ends_the_run_and_the_checkpoint_resumes(self):
        expected, _ = self.outcome("died-whole", self.mixed)
        for rank in (1, 0):
            with self.subTest(rank=rank):
                folder = self.tmp / f"died-{rank}"
                code, log, seconds = self.interrupted(folder, lambda process: self.kill_rank(rank, process))
                self.assertNotEqual(code, 0)
                self.assertLess(seconds, 30)
                self.assertRegex(log, rf"rank {rank}\b")
                for again in (0, 2):
                    copy = self.tmp / f"died-{rank}-{again}"
                    copy.mkdir()
                    for file in folder.iterdir():
                        shutil.copy(file, copy)
                    # The checkpoint may lie beyond the end of the short run; how far it is, the refusal says.
                    probe = self.call("run", *self.mixed[:4], 1, *self.mixed[5:], "-o", copy / "out.h5", "--resume", copy / "c.rvc")
                    at = int(re.search(r"--steps (\d+) or more", probe.stderr).group(1))
                    steps = at + 60
                    run = [*self.mixed[:4], steps, *self.mixed[5:]]
                    whole, _ = self.outcome(f"died-whole-{rank}-{again}", run)
                    arguments = ["run", *run, "-o", copy / "out.h5", "--resume", copy / "c.rvc"]
                    if again:
                        done = self.mpirun(again, *arguments)
                        self.assertEqual(done.returncode, 0, done.stderr)
                        result = json.loads(done.stdout)
                    else:
                        result = self.json(*arguments)
                    self.assertEqual((copy / "out.h5").read_bytes() == whole[0], True, "the recording differs")
                    self.assertEqual(result["totals"], whole[1]["totals"])
                    self.assertEqual(result["populations"], whole[1]["populations"])
        self.assertGreater(expected[1]["totals"]["spikes"], 0)

    def test_checkpoints_do_not_depend_on_ranks(self):
        for case, run, options, every in (("fast", self.mixed, [], 130), ("off", self.mixed, ["--timing", "off"], 130), ("clocked", self.clocked, [], 25)):
            files = []
            for name, ranks, dry in (("one", 0, []), ("dry", 0, ["--dry-run-ranks", 3]), ("two", 2, [])):
                folder = self.tmp / f"points-{case}-{name}"
                folder.mkdir()
                found, _ = self.outcome(folder.name, run, *options, *dry, "--checkpoint", folder / "c.rvc", "--checkpoint-every", every, ranks=ranks)
                files.append(((folder / "c.rvc").read_bytes(), found))
            self.assertEqual(len({one for one, _ in files}), 1, "checkpoints differ")
            self.assertSame(files[1][1], files[0][1])
            self.assertSame(files[2][1], files[0][1])

    def test_resumed_on_any_number_of_ranks(self):
        for case, run, every in (("fast", self.mixed[:5], 130), ("off", [*self.mixed[:5], "--timing", "off"], 130), ("clocked", self.clocked[:3], 25)):
            folder = self.tmp / f"resumed-{case}"
            run = ["run", *run] # nothing is recorded, so nothing but the checkpoint is needed
            folder.mkdir()
            whole = self.json(*run, "--report", folder / "whole", "--checkpoint", folder / "c.rvc", "--checkpoint-every", every)
            expected = json.loads((folder / "whole" / "report.json").read_text())
            for name, ranks, dry in (("one", 0, []), ("dry", 0, ["--dry-run-ranks", 4]), ("three", 3, [])):
                arguments = [*run, "--report", folder / name, "--resume", folder / "c.rvc", *dry]
                result = json.loads(self.mpirun(ranks, *arguments).stdout) if ranks else self.json(*arguments)
                report = json.loads((folder / name / "report.json").read_text())
                for key in ("totals", "populations"):
                    self.assertEqual(result[key], whole[key])
                    self.assertEqual(report[key], expected[key])
                self.assertEqual(report["per_step"], expected["per_step"])


class Errors(Case):
    def test_one_rank_speaks(self):
        for arguments, code, rnv in ((["run", self.tmp / "absent.rvi", "--steps", 3], 1, "RNV3001"), (["run", *self.brunel, "--timing", "detailed"], 1, "RNV7016"),
                                     (["run", *self.clocked[:3], "--timing", "detailed"], 1, "RNV7016"),
                                     (["run", *self.brunel, "--timeline", self.tmp / "t.json"], 1, "RNV8047"),
                                     (["run", *self.brunel, "--dry-run-ranks", 2], 2, "RNV8043"), (["run", *self.brunel, "--costs", "absent"], 1, "RNV7001")):
            with self.subTest(rnv=rnv):
                done = self.mpirun(2, *arguments)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertEqual(json.loads(done.stdout)["error"]["code"], rnv)
                self.assertEqual(done.stderr.count(f"error {rnv}") + done.stderr.count(f"unsupported {rnv}") + done.stderr.count(f"usage {rnv}"), 1, done.stderr)
                self.assertIn("rank 0 of 2", done.stderr)

    def test_wrong_command_lines_are_said_once(self):
        for arguments in (["run", self.brunel[0]], ["run", *self.brunel, "--bogus"], ["nonsense"], []):
            with self.subTest(arguments=arguments):
                done = self.mpirun(3, *arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("error", json.loads(done.stdout))
        self.assertIn("help", json.loads(self.mpirun(3, "run", "--help").stdout))

    def test_ranks_that_run_different_things(self):
        one, other = ["run", *self.brunel], ["run", *self.digits[:1], "--steps", 2 * STEPS]
        for place, second in (("image", other), ("option --steps", ["run", self.brunel[0], "--steps", 7]), ("option --timing", [*one, "--timing", "off"]),
                              ("option -o", [*one, "-o", self.tmp / "second.h5"])):
            with self.subTest(place=place):
                done = self.mpirun(1, *one, "--json", ":", "-n", 1, BIN / "ranvier", *second, timeout=60)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(json.loads(done.stdout)["error"]["code"], "RNV8048")
                self.assertEqual(json.loads(done.stdout)["error"]["place"], place)

    def test_a_full_disk_of_rank_0_ends_all(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full here")
        done = self.mpirun(2, "run", *self.mixed, "-o", "/dev/full/out.h5")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("error", json.loads(done.stdout))

    def test_an_environment_of_ranks_without_ranks(self):
        done = self.call("run", *self.brunel, "--json", env={"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"})
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(json.loads(done.stdout)["error"]["code"], "RNV7018")

    def test_other_commands_are_refused(self):
        done = self.mpirun(2, "inspect", self.brunel[0])
        self.assertEqual(done.returncode, 2)
        self.assertEqual(json.loads(done.stdout)["error"]["code"], "RNV8046")

    def test_pretended_ranks_refuse_what_real_ones_do(self):
        self.fails("run", *self.brunel, "--dry-run-ranks", 2, "--timing", "detailed", rnv="7016")
        self.fails("run", *self.clocked[:3], "--dry-run-ranks", 2, "--timing", "detailed", rnv="7016")
        self.fails("run", *self.brunel, "--dry-run-ranks", 2, "--timeline", self.tmp / "t.json", rnv="8047")
        self.fails("run", *self.brunel, "--dry-run-ranks", 2, "--costs", "absent", rnv="7001")
        self.fails("run", *self.brunel, "--dry-run-ranks", 0, code=2)


if __name__ == "__main__":
    unittest.main()
