# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Time and energy of `spinnaker1`: hops of multicast trees on the triangular torus counted anew from spikes and places, times and joules from counts and the
constants of docs/spec/timing-and-energy.md."""

import json

import h5py
import numpy as np

from ranvier import ROOT, Case

SIDE, CORES = 12, 17  # chips along an axis of the torus, cores of a chip
PLACES = [(0, 0, 0), (0, 0, 1), (11, 6, 0), (4, 0, 4), (10, 10, 3), (10, 8, 16), (6, 5, 2), (1, 11, 7)]
ACCESS, SYNAPSE, AXON, HOP = (29.75e-9, 875_000), (2.55e-9, 75_000), (65.45e-9, 1_925_000), (1e-9, 166_700)  # J, ps


def links(start, goal):
    """Of a message: (chip, direction) for each, the diagonal first, then x, then y. No two ways round are equally long between PLACES."""
    dx, dy = ((g - s + SIDE // 2) % SIDE - SIDE // 2 for s, g in zip(start, goal))
    lengths = {(dx + wx, dy + wy): max(abs(dx + wx), abs(dy + wy)) if (dx + wx) * (dy + wy) > 0 else abs(dx + wx) + abs(dy + wy)
               for wx in (-SIDE, 0, SIDE) for wy in (-SIDE, 0, SIDE)}
    least = min(lengths.values())
    (dx, dy), = [way for way, length in lengths.items() if length == least]
    steps = []
    if dx * dy > 0:
        sign = 1 if dx > 0 else -1
        steps += [(sign, sign)] * min(abs(dx), abs(dy))
    taken = len(steps) * (steps[0][0] if steps else 0)
    steps += [(int(np.sign(dx - taken)), 0)] * abs(dx - taken) + [(0, int(np.sign(dy - taken)))] * abs(dy - taken)
    assert len(steps) == least
    out, (x, y) = [], start
    for step in steps:
        out.append((x, y, step))
        x, y = (x + step[0]) % SIDE, (y + step[1]) % SIDE
    assert (x, y) == goal
    return out


class SpinnakerTime(Case):
    def build(self):
        rng = np.random.default_rng(2)
        lines = ["snn.network @net dt 1.0e-3 seed 3 {"]
        for k in range(len(PLACES)):
            lines.append(f"  snn.population @p{k} model @if_curr_exp shape [40] params {{i_offset = #snn.uniform<0.7, 1.2, seed = {k}>}} "
                         f"init {{v = #snn.uniform<-65.0, -50.0, seed = {k + 50}>}}")
        edges = [(s, t) for s in range(len(PLACES)) for t in range(len(PLACES)) if rng.random() < 0.5]
        for s, t in edges:
            lines.append(f'  snn.connect @e{s}_{t} from @p{s} to @p{t} receptor "excitatory" delay 2 "fixed_probability" {{p = 0.3}} weights 0.01 seed {10 * s + t}')
        text, places, image = self.tmp / "net.mlir", self.tmp / "places.json", self.tmp / "net.rvi"
        text.write_text("\n".join([*lines, "  snn.output @out from @p0", "}"]) + "\n")
        keys = ("population", "first", "count", "chip", "core")
        slices = [dict(zip(keys, (f"p{k}", 0, 40, 0, (x * SIDE + y) * CORES + core))) for k, (x, y, core) in enumerate(PLACES)]
        places.write_text(json.dumps({"format": "ranvier-mapping", "version": 1, "slices": slices}))
        self.json("compile", text, "--target", "spinnaker1", "--mapping", places, "-o", image)
        return image

    def test_counts_times_and_joules_are_those_of_a_recount(self):
        image, recording, folder, steps = self.build(), self.tmp / "run.h5", self.tmp / "report", 60
        result = self.json("run", image, "--steps", steps, "-o", recording, "--report", folder)
        full = self.json("inspect", image, "--full")
        place = {core["slices"][0]["population"]: (core["core"] // CORES // SIDE, core["core"] // CORES % SIDE) for core in full["cores"]}
        core_of = {core["slices"][0]["population"]: number for number, core in enumerate(full["cores"])}
        rows = {}  # (population, neuron) -> {core: synapses}
        for number, core in enumerate(full["cores"]):
            for axon in core["in_axon_table"]:
                rows.setdefault((axon["population"], axon["neuron"]), {})[number] = sum(len(row["synapses"]) for row in axon["rows"])
        with h5py.File(recording) as file:
            spikes = {name: list(zip(file[f"populations/{name}/spike_steps"][...].tolist(), file[f"populations/{name}/spike_neurons"][...].tolist()))
                      for name in file["populations"]}
        self.assertGreater(sum(map(len, spikes.values())), 300)
        home = {number: place[name] for name, number in core_of.items()}
        east_west = north_south = arrivals = events = 0
        taken = np.zeros((steps + 1, len(PLACES)), np.int64)  # by step and core, of messages and synapses [ps]
        loads = [dict() for _ in range(steps + 1)]
        for name, fired in spikes.items():
            for step, neuron in fired:
                reached = rows.get((name, neuron), {})
                tree = set().union(*(links(place[name], home[core]) for core in reached)) if reached else set()
                for x, y, direction in tree:
                    east_west += direction[0] != 0
                    north_south += direction[0] == 0
                    loads[step][x, y, direction] = loads[step].get((x, y, direction), 0) + 1
                for core, synapses in reached.items():
                    arrivals += 1
                    events += synapses
                    taken[step, core] += AXON[1] + synapses * SYNAPSE[1]
        totals = result["totals"]
        self.assertEqual((totals["hops_east_west"], totals["hops_north_south"], totals["chip_hops"], totals["arrivals"], totals["synaptic_events"]),
                         (east_west, north_south, 0, arrivals, events))
        each = [max([40 * ACCESS[1], *taken[step].tolist(), *(load * HOP[1] for load in loads[step].values())]) for step in range(1, steps + 1)]
        report = json.loads((folder / "report.json").read_text())
        self.assertEqual([step["picoseconds"] for step in report["per_step"]], each)
        joules = steps * 40 * len(PLACES) * ACCESS[0] + events * SYNAPSE[0] + arrivals * AXON[0] + (east_west + north_south) * HOP[0]
        self.assertAlmostEqual(result["energy"]["total_j"], joules, delta=1e-9 * joules)
        self.assertEqual(result["machine"]["costs"]["name"], "estimate")
        self.assertEqual(result["energy"]["unknown"], ["soma_spike", "axon_out"])

    def test_packets_of_a_machine_that_keeps_up(self):
        """What routers and cores take in is what counts say that spikes cross and reach; nothing is lost, so spikes are those of timing off."""
        image, outputs, folder, steps = self.build(), {}, self.tmp / "detailed", 60
        for name, *timing in (("off", "off"), ("lossless", "detailed", "--lossless"), ("lossy", "detailed", "--report", folder)):
            outputs[name] = self.tmp / f"{name}.h5"
            result = self.json("run", image, "--steps", steps, "-o", outputs[name], "--timing", *timing)
        totals, routers, cores = result["totals"], result["real_time"]["routers"], result["real_time"]["cores"]
        self.assertEqual(routers["External_Multicast_Packets"], totals["hops_east_west"] + totals["hops_north_south"])
        self.assertEqual(routers["Local_Multicast_Packets"], totals["messages"])
        self.assertEqual([cores[key] for key in ("Spikes_received", "Spikes_processed")], 2 * [totals["arrivals"]])
        report = json.loads((folder / "report.json").read_text())
        self.assertEqual(sum(link["packets"] for link in report["links"]), routers["External_Multicast_Packets"])
        self.assertEqual(sum(core["provenance"]["DMAs_completed"] for core in report["cores"]), cores["DMAs_completed"])
        self.assertGreater(cores["DMAs_completed"], 500)
        for key in ("Times_the_input_buffer_lost_packets", "Number_of_late_spikes", "Times_the_timer_tic_over_ran", "Times_the_transmission_of_spikes_overran"):
            self.assertEqual(cores[key], 0)
        spikes = {}
        for name, output in outputs.items():
            with h5py.File(output) as file:
                spikes[name] = {population: (file[f"populations/{population}/spike_steps"][...].tolist(), file[f"populations/{population}/spike_neurons"][...].tolist())
                                for population in file["populations"]}
        self.assertEqual(spikes["lossless"], spikes["off"])
        self.assertEqual(spikes["lossy"], spikes["off"])

# Of spinnaker1 [ps]: an interrupt, a look-up, what is left of a row's time, a synapse; a transfer, and each of its words; a neuron's update.
PACKET, LOOKUP, ROW, EACH, START, WORD, UPDATE, QUEUE = 300_000, 500_000, 1_125_000, 75_000, 100_000, 6_667, 875_000, 256


class RealTime(Case):
    """300 inputs, each onto all 256 neurons of a core, fire in step 1."""
    INPUTS, NEURONS = 300, 256

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.network(cls, "flood", "1.0e-3")
        (cls.tmp / "spikes.csv").write_text("step,neuron\n" + "".join(f"1,{n}\n" for n in range(cls.INPUTS)))

    def network(self, name, dt, weight=0.001):
        (self.tmp / f"{name}.mlir").write_text(
            f"snn.network @{name} dt {dt} seed 1 {{\n  snn.input @in shape [{self.INPUTS}]\n"
            f"  snn.population @p model @if_curr_exp shape [{self.NEURONS}] params {{i_offset = #snn.uniform<0.7, 1.2, seed = 3>}} init {{v = #snn.uniform<-65.0, -50.0, seed = 4>}}\n"
            f'  snn.connect @e from @in to @p receptor "excitatory" delay 1 "all_to_all" {{}} weights {weight}\n  snn.output @out from @p\n}}\n')

    def compiled(self, name="flood"):
        image = self.tmp / f"{name}.rvi"
        if not image.exists():
            self.json("compile", self.tmp / f"{name}.mlir", "--target", "spinnaker1", "-o", image)
        return image

    def run_it(self, *options, steps=1, name="flood"):
        return self.json("run", self.compiled(name), "--input", self.tmp / "spikes.csv", "--steps", steps, *options)

    def spikes(self, *options):
        out = self.tmp / "out.h5"
        result = self.run_it("-o", out, *options, steps=40)
        with h5py.File(out) as file:
            return [file[f"populations/p/{key}"][...].tolist() for key in ("spike_steps", "spike_neurons")], result

    def begun(self, period):
        """Rows whose work begins before the second tick: the first when the update, held up by all interrupts, is over and its row looked up and read,
        then one for each look-up and work (reads are shorter)."""
        first = self.NEURONS * UPDATE + self.INPUTS * PACKET + LOOKUP + START + (self.NEURONS + 3) * WORD
        return first, LOOKUP + ROW + self.NEURONS * EACH, -(-(period - first) // (LOOKUP + ROW + self.NEURONS * EACH))

    def test_packets_into_one_core(self):
        first, each, begun = self.begun(10 ** 9)
        self.assertEqual(begun, 33)
        result = self.run_it("--timing", "detailed", steps=2)
        real = result["real_time"]
        self.assertEqual((real["step_picoseconds"], real["time_scale"], real["lossless"], real["predicted"]), (10 ** 9, 1, False, False))
        cores = real["cores"]
        self.assertEqual(cores["Spikes_received"], self.INPUTS)
        self.assertEqual(cores["Times_the_input_buffer_lost_packets"], self.INPUTS - QUEUE)
        self.assertEqual(cores["Max_filled_size_input_buffer"], QUEUE)
        self.assertEqual(cores["Max_spikes_received_in_time_step"], self.INPUTS)
        self.assertEqual(cores["Number_of_late_spikes"], QUEUE - begun - 1)  # one more is looked up
        self.assertEqual(cores["Number_of_late_spikes_dropped"], 0)
        self.assertEqual(cores["Times_the_timer_tic_over_ran"], 0)
        self.assertGreater(cores["DMAs_completed"], begun)
        self.assertEqual(real["routers"]["Local_Multicast_Packets"], self.INPUTS)
        self.assertEqual(real["routers"]["Dropped_Multicast_Packets"], 0)
        self.assertEqual(result["totals"]["picoseconds"], 2 * 10 ** 9)
        for key in ("real_time.packet_ps", "real_time.dma_word_ps", "real_time.tick_ps", "topology.link_buffer", "costs.synapse_event"):
            self.assertIn(key, real["estimates"])
        for key in ("real_time.wait_ps", "memories.spike_buffer"):
            self.assertNotIn(key, real["estimates"])

    def test_text_and_report_of_each_core(self):
        folder = self.tmp / "report"
        done = self.call("run", self.compiled(), "--input", self.tmp / "spikes.csv", "--steps", 2, "--timing", "detailed", "--report", folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1000.000 us a step (time scale 1), with the machine's losses", done.stdout)
        self.assertIn(f"Times_the_input_buffer_lost_packets {self.INPUTS - QUEUE}\n", done.stdout)
        self.assertIn("real_time.packet_ps", done.stdout)
        report = json.loads((folder / "report.json").read_text())
        self.assertEqual(len(report["cores"]), 1)
        self.assertEqual(report["cores"][0]["provenance"], report["real_time"]["cores"])

    def test_what_is_lost_does_not_arrive(self):
        off, result = self.spikes("--timing", "off")
        self.assertNotIn("real_time", result)
        self.assertEqual(self.spikes("--timing", "fast")[0], off)
        self.assertEqual(self.spikes("--timing", "detailed", "--lossless")[0], off)
        lossy, result = self.spikes("--timing", "detailed")
        self.assertNotEqual(lossy, off)
        self.assertEqual(self.spikes("--timing", "detailed", "--threads", 2)[0], lossy)
        # On a clock of a twentieth of the speed only what finds no room is lost; the queue is what it was.
        slow, result = self.spikes("--timing", "detailed", "--time-scale", 20)
        self.assertEqual(result["real_time"]["step_picoseconds"], 20 * 10 ** 9)
        self.assertEqual(result["real_time"]["cores"]["Number_of_late_spikes"], 0)
        self.assertEqual(result["real_time"]["cores"]["Times_the_input_buffer_lost_packets"], self.INPUTS - QUEUE)

    def test_length_of_a_step_without_losses(self):
        first, each, _ = self.begun(10 ** 9)
        result = self.run_it("--timing", "detailed", "--lossless")
        self.assertEqual(result["totals"]["picoseconds"], first + self.INPUTS * each - LOOKUP)  # nothing to look up beside the last row
        self.assertEqual(result["real_time"]["cores"]["Times_the_input_buffer_lost_packets"], 0)
        self.assertEqual(result["real_time"]["cores"]["Spikes_processed"], self.INPUTS)

    def test_fast_foretells(self):
        real = self.run_it("--timing", "fast", steps=2)["real_time"]
        rows = self.INPUTS * (AXON[1] - PACKET + self.NEURONS * EACH)
        done = (10 ** 9 - self.NEURONS * UPDATE - self.INPUTS * PACKET) * self.INPUTS // rows
        self.assertTrue(real["predicted"])
        self.assertEqual(real["cores"], {"Times_the_input_buffer_lost_packets": self.INPUTS - QUEUE, "Number_of_late_spikes": QUEUE - done, "Max_filled_size_input_buffer": QUEUE,
                                         "Spikes_received": self.INPUTS, "Max_spikes_received_in_time_step": self.INPUTS, "Times_synaptic_weights_have_saturated": 0,
                                         "Times_the_timer_tic_over_ran": 0, "Max_number_of_times_timer_tic_over_ran": 0})
        self.assertEqual(real["routers"], {"Dropped_Multicast_Packets": 0})
        self.assertEqual(self.run_it("--timing", "fast", "--dry-run-ranks", 2, steps=2)["real_time"], real)

    def test_steps_of_a_tenth(self):
        # 0.1 ms is stretched to a millisecond, as on the machine; without that the update of 224 us is longer than the step.
        self.network("tenth", "1.0e-4")
        real = self.run_it("--timing", "detailed", steps=10, name="tenth")["real_time"]
        self.assertEqual((real["step_picoseconds"], real["time_scale"], real["cores"]["Times_the_timer_tic_over_ran"]), (10 ** 9, 10, 0))
        real = self.run_it("--timing", "detailed", "--time-scale", 1, steps=10, name="tenth")["real_time"]
        self.assertEqual((real["step_picoseconds"], real["cores"]["Times_the_timer_tic_over_ran"]), (10 ** 8, 9))
        self.assertGreater(real["cores"]["Max_number_of_times_timer_tic_over_ran"], 4)
        fast = self.run_it("--timing", "fast", "--time-scale", 1, steps=10, name="tenth")["real_time"]
        self.assertEqual(fast["cores"]["Times_the_timer_tic_over_ran"], 10)

    def test_saturated_sums(self):
        # 30 spikes a second and five deviations of a weight are expected, not 300 at once.
        self.network("strong", "1.0e-3", weight=1.0)
        detailed = self.run_it("--timing", "detailed", "--lossless", steps=2, name="strong")["real_time"]["cores"]["Times_synaptic_weights_have_saturated"]
        fast = self.run_it("--timing", "fast", steps=2, name="strong")["real_time"]["cores"]["Times_synaptic_weights_have_saturated"]
        self.assertEqual(fast, self.NEURONS)  # a sum of each
        # 9 + 5 * 3 lies below 32, so the unit is 32 / 2^16 and a weight 2,048 of them: 31 fit.
        self.assertEqual(detailed, (self.INPUTS - 31) * self.NEURONS)

    def test_every_name_can_be_other_than_zero(self):
        """Two machines with tight queues. One sends a packet in 10 us: 256 neurons that fire at once wait for a transmit queue of one for longer than a step, and
        their packets are twice as many as the core that hears them can take in time. The routers of the other wait for nothing: most of 300 packets
        at once are given up."""
        tight = {"spike_buffer": ("{value: 256", "{value: 4"), "reinjection_queue": ("{value: 4096", "{value: 1"), "drop_late": ("false", "true"),
                 "transmit_queue": ("{value: 16", "{value: 1")}
        slow = self.tight("slow", **tight, inject_ps=("{value: 100000", "{value: 10000000"))
        hasty = self.tight("hasty", **tight, wait_ps=("{value: 3609023", "{value: 0"))
        self.assertEqual(len(slow["cores"]) + len(slow["routers"]), 21)
        self.assertEqual([name for name, count in slow["cores"].items() if count == 0], [])
        self.assertEqual([name for name, count in hasty["routers"].items() if count == 0], [])
        routers = hasty["routers"]
        self.assertEqual(routers["Dropped_Multicast_Packets"], routers["Missed_for_Reinjection"] + routers["Received_for_Reinjection"])

    def tight(self, name, **changes):
        chip, places, image = (self.tmp / f"{name}.{ending}" for ending in ("yaml", "json", "rvi"))
        text = (ROOT / "hw-models" / "chips" / "spinnaker1.yaml").read_text()
        for key, (old, new) in changes.items():
            self.assertIn(f"  {key}: {old}", text)
            text = text.replace(f"  {key}: {old}", f"  {key}: {new}")
        chip.write_text(text)
        network = self.tmp / f"{name}.mlir"
        network.write_text(
            f"snn.network @tight dt 1.0e-3 seed 1 {{\n  snn.input @in shape [{self.INPUTS}]\n"
            "  snn.population @a model @if_curr_exp shape [256] init {v = -40.0}\n  snn.population @b model @if_curr_exp shape [256]\n"
            '  snn.connect @e from @in to @a receptor "excitatory" delay 1 "all_to_all" {} weights 0.001\n'
            '  snn.connect @f from @a to @b receptor "excitatory" delay 1 "all_to_all" {} weights 1.0\n  snn.output @out from @b\n}\n')
        keys = ("population", "first", "count", "chip", "core")
        slices = [dict(zip(keys, (population, 0, 256, 0, SIDE * CORES * column))) for column, population in enumerate("ab")]
        places.write_text(json.dumps({"format": "ranvier-mapping", "version": 1, "slices": slices}))
        self.json("compile", network, "--target", chip, "--mapping", places, "-o", image)
        return self.json("run", image, "--input", self.tmp / "spikes.csv", "--steps", 4, "--timing", "detailed")["real_time"]

    def test_what_is_refused(self):
        image = self.compiled()
        self.fails("run", image, "--steps", 2, "--timing", "detailed", "--dry-run-ranks", 2, rnv=7016)
        self.fails("run", image, "--steps", 2, "--lossless", code=2, rnv=8043)
        self.fails("run", image, "--steps", 2, "--timing", "off", "--time-scale", 2, code=2, rnv=8043)
        self.fails("run", image, "--steps", 2, "--timing", "detailed", "--checkpoint", self.tmp / "c.rvc", "--checkpoint-every", 1, rnv=8100)

    def test_detailed_without_a_timer_is_refused(self):
        text = (ROOT / "hw-models" / "chips" / "spinnaker1.yaml").read_text()
        before, section = text.split("real_time:\n")
        without, image = self.tmp / "without.yaml", self.tmp / "without.rvi"
        without.write_text(before + section[section.index("topology:\n"):])
        self.json("compile", self.tmp / "flood.mlir", "--target", without, "-o", image)
        self.assertIn("triangular_torus", self.fails("run", image, "--steps", 2, "--timing", "detailed", rnv=7006))
        self.fails("run", image, "--steps", 2, "--timing", "detailed", "--lossless", rnv=7042)
        self.fails("run", image, "--steps", 2, "--time-scale", 2, rnv=7042)
