# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Limits, mappings made by hand, verification and a chip that nobody ships, through the command line; and a network of 200,000 neurons
over two chips against the same network on a chip with room for it in a few cores."""

import json
import re

import h5py
import numpy as np

from ranvier import DIGITS, ROOT, Case

TINY = ROOT / "test" / "Inputs" / "chips" / "tiny.yaml"
NATIVE = """snn.program @unit "int" states ["u", "v"] params ["du", "dv", "vth", "bias"] inputs ["i"] code [
  "ld.state r0, u", "ld.param r1, du", "li r2, 4095", "sub r1, r2, r1", "mulsh r0, r0, r1, 12, tz", "ld.input r3, i", "shl r3, r3, 6",
  "add r0, r0, r3", "li r4, 16777216", "li r5, 8388608", "lt r6, r5, r0", "sub r7, r0, r4", "li r5, -8388608", "le r8, r0, r5",
  "add r9, r0, r4", "sel r0, r7, r0, r6", "sel r0, r9, r0, r8", "st.state r0, u", "ld.state r1, v", "ld.param r2, dv", "li r3, 4096",
  "sub r2, r3, r2", "mulsh r1, r1, r2, 12, tz", "ld.param r2, bias", "add r1, r1, r0", "adds r1, r1, r2", "sat r1, r1, 24",
  "ld.param r2, vth", "shls r2, r2, 6", "lt r2, r2, r1", "li r3, 0", "sel r1, r3, r1, r2", "st.state r1, v", "spk r2"]
"""


def elements(values):
    return f"dense<{list(values)}> : tensor<{len(values)}xi32>"


class Mapping(Case):
    def network(self, name, target, inputs, populations, connections):
        """An integer network as text: {population: (neurons, parameters)}, [(source, target, rows of (target, source))]."""
        lines = [NATIVE, f'snn.network @net dt 1.0e-3 target "{target}" {{', f"  snn.input @in shape [{inputs}]"]
        sizes = {"in": inputs}
        for population, (count, parameters) in populations.items():
            sizes[population] = count
            given = {"du": 4095, "dv": 0, "vth": 1, "bias": 0, **parameters}
            lines.append(f"  snn.population @{population} model @unit shape [{count}] params "
                         f"{{{', '.join(f'{k} = {v}' for k, v in given.items())}}} scale {{u = 1.0, v = 1.0}}")
        for number, (source, sink, options, pairs) in enumerate(connections):
            rows = [sorted(s for t, s in pairs if t == target) for target in range(sizes[sink])]
            pointers = np.cumsum([0] + [len(row) for row in rows]).tolist()
            columns = [s for row in rows for s in row]
            lines.append(f"  snn.sparse @c{number} from @{source} to @{sink} {options} row_ptr dense<{pointers}> : tensor<{len(pointers)}xi64> "
                         f"columns {elements(columns)} weights dense<1> : tensor<{len(columns)}xi16>")
        lines += [f"  snn.output @o from @{list(populations)[-1]}", "}"]
        path = self.tmp / f"{name}.mlir"
        path.write_text("\n".join(lines) + "\n")
        return path

    def everyone(self, targets, sources):
        return [(t, s) for t in range(targets) for s in range(sources)]

    def map_file(self, *slices):
        path = self.tmp / "map.json"
        keys = ("population", "first", "count", "chip", "core")
        path.write_text(json.dumps({"format": "ranvier-mapping", "version": 1, "slices": [dict(zip(keys, s)) for s in slices]}))
        return path

    def test_fitted_costs_of_a_mapping_by_hand(self):
        """SANA-FE's Loihi figures (arch/loihi.yaml) on three neurons that feed two, one hop east and one north of them: every count, the energy and the time
        of each step."""
        text = self.network("by-hand", "loihi1", 3, {"a": (3, {"vth": 0}), "b": (2, {"vth": 100})},
                            [("in", "a", "delay 1", [(n, n) for n in range(3)]), ("a", "b", "delay 1", self.everyone(2, 3))])
        image, spikes, folder = self.tmp / "by-hand.rvi", self.tmp / "by-hand.csv", self.tmp / "by-hand"
        self.json("compile", text, "--target", "loihi1", "--mapping", self.map_file(("a", 0, 3, 0, 0), ("b", 0, 2, 0, 21)), "-o", image)
        spikes.write_text("step,neuron\n1,0\n1,1\n1,2\n")
        # Step 1: three messages of the host with a synapse each. Step 2: three spikes, each a message with two synapses. Step 3: what they leave.
        barrier, soma = 1000.0, 6.0 + 3.7 + 30.0
        arrives = 4.1 + 6.5 + 16.0 + 2 * 4.7
        steps = {"fast": [3 * (16.0 + 4.7), 3 * (soma + 5.1), 3 * (6.0 + 3.7)], "detailed": [3 * (16.0 + 4.7), 3 * (soma + 5.1) + arrives, 3 * (6.0 + 3.7)]}
        for timing, times in steps.items():
            self.json("run", image, "--input", spikes, "--steps", 3, "--costs", "fitted", "--timing", timing, "--report", folder)
            report = json.loads((folder / "report.json").read_text())
            self.assertEqual([step["picoseconds"] for step in report["per_step"]], [round(1000 * (time + barrier)) for time in times])
            counts = {"soma_accesses": 15, "soma_updates": 8, "spikes": 3, "synaptic_events": 9, "synaptic_events_sparse": 9, "messages": 3, "input_messages": 3, "arrivals": 6,
                      "hops_within_tile": 0, "hops_east_west": 3, "hops_north_south": 3, "chip_hops": 0}
            self.assertEqual({key: report["totals"][key] for key in counts}, counts)
            energy = report["energy"]
            for key, picojoules in (("soma_j", 15 * 51.2 + 8 * 21.6 + 3 * 69.3), ("synapse_j", 9 * 33.6), ("network_j", 3 * 111.0 + 3 * 3.0 + 3 * 4.2)):
                self.assertAlmostEqual(energy[key], picojoules * 1e-12, delta=1e-9 * picojoules * 1e-12)
        self.assertEqual([(link["x"], link["y"], link["direction"], link["packets"], link["busy_ps"], link["waited_ps"]) for link in report["links"]],
                         [(0, 0, "east", 3, 12300, 0), (1, 0, "north", 3, 19500, 0)])
        senders, receivers = report["cores"]
        self.assertEqual((senders["core"], senders["soma_ps"], senders["axon_out_ps"], senders["axon_in_ps"], senders["synapse_ps"]), (0, 18000 + 119100 + 29100, 15300, 48000, 14100))
        self.assertEqual((receivers["core"], receivers["soma_ps"], receivers["axon_in_ps"], receivers["synapse_ps"]), (21, 12000 * 2 + 19400, 48000, 28200))

    def test_what_does_not_fit_names_the_limit(self):
        image = self.tmp / "limit.rvi"
        cases = {
            "axons": (9, {"p": (1, {})}, [("in", "p", "delay 1", self.everyone(1, 9))], 6011, ("input axons", "at most 8", "found 9", "what would fit: at most 8 sources")),
            "memory": (8, {"p": (1, {})}, [("in", "p", "delay 1", self.everyone(1, 8)), ("in", "p", "delay 1", self.everyone(1, 8)),
                                           ("in", "p", "delay 1", [(0, 3)])], 6010, ("synaptic memory", "at most 1024", "found 1088", "by 64", "16 of its 17 axons in")),
            "cores": (1, {"p": (33, {})}, [("in", "p", "delay 1", [(0, 0)])], 6016, ("neurons (4)", "at most 8 cores", "found 9", "1 more cores", "population 'p'", "3 chips",
                                                                                 "at most 32 neurons (there are 33)")),
            "delay": (1, {"p": (1, {})}, [("in", "p", "delay 8", [(0, 0)])], None, ("1..7", "found 8")),
            "exponent": (1, {"p": (1, {})}, [("in", "p", "delay 1 exponent 8", [(0, 0)])], 6034, ("-8..7", "found 8")),
        }
        for name, (inputs, populations, connections, code, parts) in cases.items():
            network = self.network(name, TINY, inputs, populations, connections)
            message = self.fails("compile", network, "--target", TINY, "-o", image, code=3, rnv=code)
            for part in parts:
                self.assertIn(part, message, name)
            self.assertFalse(image.exists())
            error = self.json("compile", network, "--target", TINY, "-o", image, code=3)["error"]
            self.assertTrue(error["code"].startswith("RNV"), name)
        fits = self.network("fits", TINY, 8, {"p": (32, {})}, [("in", "p", "delay 7 exponent 7", self.everyone(32, 4))])
        report = self.json("compile", fits, "--target", TINY, "-o", image)
        self.assertEqual((report["mapping"]["cores"]["used"], report["mapping"]["chips"]["used"]), (8, 2))
        self.assertEqual(report["mapping"]["binding"]["limit"], "neurons")

    def test_a_mapping_is_honoured_to_the_last_slice(self):
        network = self.network("mapped", TINY, 2, {"a": (5, {}), "b": (3, {})},
                               [("in", "a", "delay 1", self.everyone(5, 2)), ("a", "b", "delay 2", self.everyone(3, 5))])
        slices = [("b", 2, 1, 1, 3), ("a", 4, 1, 1, 3), ("b", 0, 2, 0, 2), ("a", 0, 2, 0, 2), ("a", 2, 2, 1, 0)]
        image = self.tmp / "mapped.rvi"
        self.json("compile", network, "--target", TINY, "--mapping", self.map_file(*slices), "-o", image)
        found = [(s["population"], s["first"], s["count"], core["chip"], core["core"])
                 for core in self.json("inspect", image, "--full")["cores"] for s in core["slices"]]
        self.assertEqual(found, sorted(slices, key=lambda s: s[3:]))
        self.assertTrue(self.json("verify", image, network)["equal"])
        free = self.tmp / "free.rvi"
        self.json("compile", network, "--target", TINY, "-o", free)
        spikes = self.tmp / "in.csv"
        spikes.write_text("step,neuron\n" + "".join(f"{t},{t % 2}\n" for t in range(1, 30)))
        for name in ("mapped", "free"):
            self.json("run", self.tmp / f"{name}.rvi", "--input", spikes, "--steps", 40, "-o", self.tmp / f"{name}.h5", "--record", "spikes,u,v")
        difference = self.json("diff", self.tmp / "mapped.h5", self.tmp / "free.h5")
        self.assertTrue(difference["equal"])
        self.assertGreater(difference["populations"]["b"]["spikes"]["spikes_a"], 0)

    def test_wrong_mappings_are_refused(self):
        network = self.network("wrong", TINY, 1, {"a": (5, {})}, [("in", "a", "delay 1", [(0, 0)])])
        image = self.tmp / "wrong.rvi"
        for slices, rnv, code in (([("a", 0, 4, 0, 0)], 6020, 1), ([("a", 0, 2, 0, 0), ("a", 3, 2, 0, 1)], 6020, 1),
                                  ([("a", 0, 3, 0, 0), ("a", 2, 3, 0, 1)], 6021, 1), ([("a", 0, 4, 0, 4), ("a", 4, 1, 0, 0)], 6022, 1),
                                  ([("a", 0, 4, 2, 0), ("a", 4, 1, 0, 0)], 6022, 1), ([("a", 0, 5, 0, 0)], 6025, 3),
                                  ([("x", 0, 5, 0, 0)], 6027, 1), ([("in", 0, 1, 0, 0)], 6027, 1), ([("a", 0, 6, 0, 0)], 6027, 1), ([], 6020, 1)):
            message = self.fails("compile", network, "--target", TINY, "--mapping", self.map_file(*slices), "-o", image, code=code, rnv=rnv)
            self.assertIn("map.json", message)
            self.assertFalse(image.exists())
        over = self.fails("compile", network, "--target", TINY, "--mapping", self.map_file(("a", 0, 5, 0, 0)), "-o", image, code=3)
        for part in ("neurons", "at most 4", "found 5"):
            self.assertIn(part, over)
        broken = self.map_file(("a", 0, 5, 0, 0))
        broken.write_text('{"format": ')
        self.fails("compile", network, "--target", TINY, "--mapping", broken, "-o", image)
        self.fails("compile", network, "--target", TINY, "--mapping", self.tmp / "absent.json", "-o", image)

    def test_verify_finds_every_kind_of_change(self):
        # Another network than the image was made of: one weight, delay, target, synapse or threshold is different.
        pairs = self.everyone(3, 4)
        base = {"populations": {"a": (4, {}), "b": (3, {"vth": elements([10, 11, 12])})},
                "connections": [("in", "a", "delay 1", self.everyone(4, 2)), ("a", "b", "delay 2", pairs)]}

        def made(name, populations=base["populations"], connections=base["connections"], replace=None):
            path = self.network(name, TINY, 2, populations, connections)
            if replace:
                text = path.read_text()
                self.assertIn(replace[0], text)
                path.write_text(text.replace(*replace))
            return path

        network, image = made("base"), self.tmp / "base.rvi"
        self.json("compile", network, "--target", TINY, "-o", image)
        self.assertTrue(self.json("verify", image, network)["equal"])
        first, second = base["connections"]
        changes = {
            "weight": dict(replace=("dense<1> : tensor<12xi16>", f"dense<{[1] * 7 + [2] + [1] * 4}> : tensor<12xi16>")),
            "delay": dict(connections=[first, ("a", "b", "delay 3", pairs)]),
            "one delay": dict(connections=[first, ("a", "b", f"delay {elements([2] * 11 + [5])}", pairs)]),
            "synapse": dict(connections=[first, ("a", "b", "delay 2", pairs[:5] + pairs[6:])]),
            "target": dict(connections=[first, ("a", "b", "delay 2", pairs[1:]), ]),
            "threshold": dict(populations={"a": (4, {}), "b": (3, {"vth": elements([10, 11, 13])})}),
            "decay": dict(populations={"a": (4, {"dv": 1}), "b": (3, {"vth": elements([10, 11, 12])})}),
            "exponent": dict(connections=[first, ("a", "b", "delay 2 exponent 1", pairs)]),
        }
        for name, change in changes.items():
            report = self.json("verify", image, made("changed", **change), code=1)
            self.assertFalse(report["equal"], name)
            self.assertTrue(report["differences"], name)
        # A changed file is no image any more.
        data = bytearray(image.read_bytes())
        for at in range(len(data) - 1, 4096, -997):
            changed = self.tmp / "damaged.rvi"
            changed.write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1:])
            self.assertIn("RNV30", self.fails("verify", changed, network))
        for size in (0, 63, 600, len(data) - 1):
            changed.write_bytes(data[:size])
            self.assertIn("RNV30", self.fails("run", changed, "--steps", 1))

    def test_a_chip_that_nobody_ships(self):
        """The digits on a user's own chip: 32 neurons a core, on a torus, with few output axons."""
        chip = self.tmp / "mine.yaml"
        text = (ROOT / "hw-models" / "chips" / "loihi1.yaml").read_text()
        for old, new in (("name: loihi1", "name: mine"), ("neurons: {value: 1024", "neurons: {value: 32"), ("kind: mesh", "kind: torus"),
                         ("axons_out: {value: 4096", "axons_out: {value: 300")):
            self.assertIn(old, text)
            text = text.replace(old, new)
        chip.write_text(text)
        image, data = self.tmp / "mine.rvi", DIGITS / "test_set.h5"
        report = self.json("compile", DIGITS / "network.nir", "--target", chip, "-o", image)
        self.assertEqual(report["mapping"]["chip"], "mine")
        self.assertGreaterEqual(report["mapping"]["cores"]["used"], 4)
        shipped = self.tmp / "shipped.rvi"
        self.json("compile", DIGITS / "network.nir", "--target", "loihi1", "-o", shipped)
        mine, theirs = (self.json("eval", path, "--data", data, "--samples", 60) for path in (image, shipped))
        self.assertEqual(mine["predictions"], theirs["predictions"])
        self.assertEqual(mine["totals"]["spikes"], theirs["totals"]["spikes"])
        self.assertGreater(mine["totals"]["input_messages"], theirs["totals"]["input_messages"])  # to three cores, not one
        self.assertTrue(self.json("verify", image, DIGITS / "network.nir")["equal"])
        described = self.json("inspect", image)
        self.assertEqual(described["chip"], "mine")
        run = self.json("run", image, "--input", data, "--sample", 1, "--steps", 20)
        self.assertEqual(run["machine"]["chip"], "mine")
        # The image carries the description: the file may go.
        chip.unlink()
        self.assertEqual(self.json("eval", image, "--data", data, "--samples", 60)["predictions"], mine["predictions"])
        self.fails("compile", DIGITS / "network.nir", "--target", chip, "-o", image)
        chip.write_text(text.replace("neurons:", "nerons:"))
        message = self.fails("compile", DIGITS / "network.nir", "--target", chip, "-o", image)
        for part in ("RNV2005", "mine.yaml", "nerons", "line "):
            self.assertIn(part, message)


class Large(Case):
    LAYERS, WIDTH = 100, 2000

    def text(self):
        lines = ["snn.network @large dt 1.0e-3 seed 7 {", f"  snn.input @in shape [{self.WIDTH}] source #snn.poisson<[60.0], seed = 5>"]
        for i in range(self.LAYERS):
            lines.append(f"  snn.population @p{i} model @cuba_lif shape [{self.WIDTH}] params {{tau_syn = 0.005, tau_mem = 0.02, v_threshold = 1.0}}")
        for i in range(self.LAYERS):
            source, weight = (f"p{i - 1}", 1.2 + 0.05 * (i % 5)) if i % 3 else ("in", 2.0)
            lines.append(f'  snn.connect @f{i} from @{source} to @p{i} "fixed_in_degree" {{k = 20}} weights {weight} seed {i + 1}')
            if i >= 4 and i % 4 == 0:
                lines.append(f'  snn.connect @b{i} from @p{i} to @p{i - 4} delay 3 "fixed_in_degree" {{k = 5}} weights -0.5 seed {i + 500}')
        return "\n".join(lines + [f"  snn.output @o from @p{self.LAYERS - 1}", "}"]) + "\n"

    def test_200000_neurons_over_two_chips_fire_like_the_unmapped_network(self):
        network = self.tmp / "large.mlir"
        network.write_text(self.text())
        # loihi1's arithmetic without its limits: the whole network on the few cores of one chip.
        roomy = self.tmp / "roomy.yaml"
        text = (ROOT / "hw-models" / "chips" / "loihi1.yaml").read_text().replace("name: loihi1", "name: roomy")
        text, count = re.subn(r"(neurons|synaptic_memory_bits|axons_in|axons_out|neuron_configs|threshold_configs): \{value: \d+", r"\1: {value: unlimited", text)
        self.assertEqual(count, 6)
        roomy.write_text(text)
        reports = {}
        for name, target in (("chips", "loihi1"), ("roomy", roomy)):
            image, out = self.tmp / f"{name}.rvi", self.tmp / f"{name}.h5"
            reports[name] = self.json("compile", network, "--target", target, "-o", image)["mapping"]
            self.json("run", image, "--steps", 130, "--timing", "off", "-o", out)
        self.assertGreaterEqual(reports["chips"]["chips"]["used"], 2)
        self.assertGreaterEqual(reports["chips"]["cores"]["used"], 196)
        self.assertEqual(reports["chips"]["total"]["neurons"], 200000)
        self.assertEqual(reports["roomy"]["chips"]["used"], 1)
        self.assertLess(reports["roomy"]["cores"]["used"], 20)
        difference = self.json("diff", self.tmp / "chips.h5", self.tmp / "roomy.h5")
        self.assertTrue(difference["equal"])
        spikes = {name: entry["spikes"]["spikes_a"] for name, entry in difference["populations"].items()}
        self.assertEqual(len(spikes), self.LAYERS + 1)
        self.assertTrue(all(spikes[f"p{i}"] > 1000 for i in range(self.LAYERS)), spikes)
        with h5py.File(self.tmp / "chips.h5") as f:
            self.assertEqual(np.unique(f["populations/p99/spike_neurons"][()]).max() // 1000, 1)
        self.assertTrue(self.json("verify", self.tmp / "chips.rvi", network)["equal"])


class SharedKernels(Case):
    TEXT = """snn.network @conv dt 1.0e-3 {
  snn.input @in shape [2, 20, 20] source #snn.poisson<[120.0], seed = 4>
  snn.population @maps model @lif shape [8, 16, 16] params {tau = 0.02, r = 20.0, v_threshold = 1.0}
  snn.conv2d @kernel from @in to @maps weights dense<KERNEL> : tensor<8x2x5x5xf32> input [2, 20, 20] stride [1, 1] padding [0, 0] dilation [1, 1]
  snn.output @out from @maps
}
"""

    def test_a_chip_that_shares_them_needs_less_memory_and_runs_the_same(self):
        kernel = np.random.default_rng(5).uniform(-0.2, 0.4, (8, 2, 5, 5)).round(3).tolist()
        network = self.tmp / "conv.mlir"
        network.write_text(self.TEXT.replace("KERNEL", json.dumps(kernel)))
        text = (ROOT / "hw-models" / "chips" / "loihi1.yaml").read_text()
        shared = self.tmp / "shared.yaml"
        shared.write_text(text.replace("shared_kernels: false", "shared_kernels: true"))
        memory = {}
        for name, target in (("plain", "loihi1"), ("shared", shared)):
            image = self.tmp / f"{name}.rvi"
            self.json("compile", network, "--target", target, "--partition", "sequential", "-o", image)
            self.assertTrue(self.json("verify", image, network)["equal"])
            self.json("run", image, "--steps", 40, "-o", self.tmp / f"{name}.h5")
            described = json.loads(self.call("inspect", image, "--full", "--json").stdout)
            self.assertEqual([p["kernel_weights"] for p in described["projections"]], [8 * 2 * 5 * 5])
            memory[name] = self.counted(described, described["projections"][0], name == "shared")
        self.assertTrue(self.json("diff", self.tmp / "plain.h5", self.tmp / "shared.h5")["equal"])
        self.assertLess(memory["shared"], 0.75 * memory["plain"])

    def counted(self, image, projection, shared):
        """Bits of all cores, by the words of docs/spec/chip-description.md; every core within the limit."""
        total = 0
        for core in image["cores"]:
            words = 0
            for axon in core["in_axon_table"]:
                for row in axon["rows"]:
                    each = (0 if shared else projection["weight_bits"]) + projection["delay_bits"] + projection["index_bits"]
                    for n in [64] * (len(row["synapses"]) // 64) + [len(row["synapses"]) % 64]:
                        words += -(-(n * each + 10) // 64) if n else 0
            if shared and words:
                words += -(-projection["kernel_weights"] * projection["weight_bits"] // 64)
            self.assertLessEqual(64 * words, 1048576)
            total += 64 * words
        return total
