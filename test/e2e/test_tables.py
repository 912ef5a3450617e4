# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What cores and routers of `spinnaker1` are loaded with (docs/spec/population-tables.md): a third reader, which knows the page alone, finds for every source what
`inspect --full` lists; what `check` and `compile` foretell is what `export --sdram` writes; networks that do not fit say why."""

import collections
import json
import struct
import zlib

import h5py
import numpy as np

from ranvier import Case

# Links of a route: x and y of the next tile.
STEPS = [(1, 0), (1, 1), (0, 1), (-1, 0), (-1, -1), (0, -1)]
SIDE = 12


def words(data):
    return list(struct.unpack(f"<{len(data) // 4}I", data))


class Machine:
    """The files of a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.index = json.loads((folder / "index.json").read_text())
        self.cores = self.index["cores"]
        self.plastic = 0
        self.dead = set()  # Links, as (tile, bit of a route).
        self.blocks = [(folder / core["file"]).read_bytes() for core in self.cores]
        self.standing = self.cores + self.index["source_cores"] + self.index["delay_cores"]
        self.at = {(core["x"], core["y"], core["p"]): number for number, core in enumerate(self.standing)}
        assert len(self.at) == len(self.standing)
        self.routers = {(one["x"], one["y"]): [tuple(words((folder / one["file"]).read_bytes())[k:k + 3]) for k in range(0, 3 * one["entries"], 3)] for one in self.index["routers"]}

    def keys(self, population, extension=False):
        """[(key of the block, core or None, atoms)]"""
        zone = next(one for one in self.index["keys"] if one["population"] == population and one["extension"] == extension)
        return [(zone["key"] | number << zone["atom_bits"], block["core"], block["atoms"]) for number, block in enumerate(zone["blocks"])]

    def reached(self, key, source):
        """Cores to which routers bring a packet."""
        found = []

        def arrive(place, came):
            for entry, mask, route in self.routers.get(place, []):
                if key & mask == entry:
                    break
            else:
                assert came is not None, f"{key:x} has no entry at {place}"
                route = 1 << came
            for bit in range(32):
                if not route >> bit & 1:
                    continue
                if bit < 6:
                    assert (place, bit) not in self.dead, f"link {bit} of {place} is dead"
                    arrive(((place[0] + STEPS[bit][0]) % SIDE, (place[1] + STEPS[bit][1]) % SIDE), bit)
                else:
                    found.append(self.at[(*place, bit - 6)])

        core = self.standing[source]
        arrive((core["x"], core["y"]), None)
        assert len(found) == len(set(found))
        return found

    def packet(self, key, source, atom, later=0):
        """Counter of what a packet finds; and [number of the extension] where it comes by one."""
        reached = self.reached(key, source)
        found = collections.Counter((at, index, kind, delay + later, weight) for at in reached if at < len(self.cores)
                                    for index, kind, delay, weight in self.synapses(at, key | atom))
        return found, [at for at in reached if at >= len(self.cores)]

    def everything(self, population, block, key, core, atom):
        """Counter of a spike: its packet, and those that its extension sends."""
        found, extensions = self.packet(key, core, atom)
        for extension in extensions:
            again = self.standing[extension]
            assert (again["population"], again["block"]) == (population, block)
            base, there, atoms = self.keys(population, True)[block]
            assert there == extension
            size = atoms // again["stages"]
            for stage in range(1, again["stages"] + 1):
                number = (stage - 1) * size + atom
                if any(base & mask == entry for entries in self.routers.values() for entry, mask, _ in entries):
                    found += self.packet(base, extension, number, 16 * stage)[0]
        return found

    def synapses(self, number, key):
        """[(index, receptor, delay, weight)] of a packet on a core."""
        core, block = self.cores[number], self.blocks[number]
        assert struct.unpack_from("<II", block) == (0xAD130AD6, 0x10000)
        regions = []
        for k in range(5):
            address, checksum, count = struct.unpack_from("<III", block, 8 + 12 * k)
            start = address - core["address"]
            regions.append(words(block[start:start + 4 * count]) if count else [])
            assert sum(regions[-1]) % 2**32 == checksum
        table, rows, direct, filters = regions[1:]
        fields = core["fields"]
        index, kind, delays = fields["index_bits"], fields["type_bits"], fields["delay_bits"]

        def unpack(word, weight=None):
            low, weight = word & 0xFFFF, word >> 16 if weight is None else weight
            delay = low >> (index + kind) & ((1 << delays) - 1)
            return low & ((1 << index) - 1), low >> index & ((1 << kind) - 1), delay or 1 << delays, weight

        entries = [table[2 + 3 * k:5 + 3 * k] for k in range(table[0])]
        assert entries == sorted(entries) and len(table) == 2 + 3 * table[0] + table[1] and filters[0] == table[0]
        addresses = table[2 + 3 * table[0]:]
        for number, (entry, mask, last) in enumerate(entries):
            if key & mask != entry:
                continue
            start, count = last & 0x7FFF, last >> 16
            atom, among, row = key & ~mask & 0xFFFFFFFF, 0, None
            stride = 0
            if last >> 15 & 1:
                extra = addresses[start]
                start += 1
                shift = extra >> 16 & 31
                among, atom, stride = atom >> shift & extra & 1023, atom & ((1 << shift) - 1), extra >> 10 & 63
                row = among * (extra >> 21) + atom
            else:
                row = atom
            flags, bits = filters[2 + 4 * number], filters[4 + 4 * number] // 4
            assert filters[1 + 4 * number] == entry and row < flags >> 2
            passes = filters[bits + among * stride + atom // 32] >> atom % 32 & 1
            assert passes or not flags & 2
            if not passes:
                return []
            found = []
            for address in addresses[start:start + count]:
                field = address >> 8 & 0x7FFFFF
                if address >> 31:
                    found.append(unpack(direct[field // 4 + row]))
                    continue
                length = (address & 0xFF) + 4
                one = rows[4 * field + row * length:][:length]
                region, fixed, plastic = one[0], one[1 + one[0]], one[2 + one[0]]
                halves = lambda first, count: [half for word in one[first:first + (count + 1) // 2] for half in (word & 0xFFFF, word >> 16)][:count]
                self.plastic += plastic
                assert region == (2 + (plastic + 1) // 2 if plastic else 0) and not (fixed and plastic)
                assert not any(one[3 + region + fixed + (plastic + 1) // 2:]) and not (plastic and any(one[1:3]))
                found += map(unpack, one[3 + region:3 + region + fixed])
                found += map(unpack, halves(3 + region + fixed, plastic), halves(3, plastic))
            return found
        return []


def expected(image):
    """{(population, neuron): Counter of (core, index, receptor, delay, weight)} of an image as `inspect --full` shows it."""
    found = collections.defaultdict(collections.Counter)
    receptors = collections.defaultdict(int)
    inputs = {program["name"]: len(program["inputs"]) for program in image["programs"]}
    programs = {one["name"]: one.get("program") for one in image["populations"]}
    for number, core in enumerate(image["cores"]):
        place = {}
        for part in core["slices"]:
            for receptor in range(inputs[programs[part["population"]]]):
                for n in range(part["count"]):
                    place[part["accumulator_base"] + receptor * part["count"] + n] = (part["neuron_base"] + n, receptor)
        for axon in core["in_axon_table"]:
            for row in axon["rows"]:
                for accumulator, delay, weight in row["synapses"]:
                    found[axon["population"], axon["neuron"]][(number, *place[accumulator], delay, weight)] += 1
    return found


class Tables(Case):
    def compiled(self, name, text, *options):
        network, image = self.tmp / f"{name}.mlir", self.tmp / f"{name}.rvi"
        network.write_text(text)
        return network, image, self.json("compile", network, "--target", "spinnaker1", "-o", image, *options)

    def network(self, seed):
        return f"""snn.network @tables dt 1.0e-3 seed {seed} {{
  snn.input @in shape [{300 + seed}] source #snn.poisson<[20.0], seed = 5>
  snn.population @a model @if_curr_exp shape [{600 + seed}] params {{v_thresh = -50.0}}
  snn.population @b model @izk_curr_exp shape [{90 + seed}]
  snn.connect @in_a from @in to @a receptor "excitatory" delay {3 + seed} "fixed_probability" {{p = 0.05}} weights 0.4
  snn.connect @a_b from @a to @b receptor "excitatory" delay 16 "fixed_probability" {{p = 0.1}} weights 0.4
  {'snn.plasticity @learns of @a_b rule @stdp_pair_additive params {tau_plus = 20.0, tau_minus = 20.0, a_plus = 0.01, a_minus = 0.01, w_min = 0.0, w_max = 1.0}' if seed == 1 else ""}
  snn.connect @a_a from @a to @a receptor "inhibitory" delay 1 "one_to_one" {{}} weights 0.5
  snn.connect @b_a from @b to @a receptor "inhibitory" delay 2 "fixed_total_number" {{n = 900}} weights 0.5
  {f'snn.connect @late from @b to @b receptor "excitatory" delay {30 * seed} "one_to_one" {{}} weights 0.3' if seed else ""}
  {f'snn.connect @in_late from @in to @b receptor "excitatory" delay {17 + 50 * seed} "fixed_probability" {{p = 0.03}} weights 0.3' if seed == 2 else ""}
  snn.output @out from @b
}}
"""

    def test_every_source_finds_its_synapses(self):
        for seed in (0, 1, 2):
            with self.subTest(seed=seed):
                network, image, compiled = self.compiled(f"net{seed}", self.network(seed))
                machine = self.loaded(image)
                self.assertEqual(bool(machine.index["delay_cores"]), seed > 0)
                self.assertEqual([core["block"] for core in machine.index["source_cores"]], [0, 1])  # 300 neurons and more
                self.assertEqual(compiled["mapping"]["memories"]["source_cores"], 2)
                self.assertEqual(len(machine.index["delay_cores"]), compiled["mapping"]["memories"]["delay_cores"])
                self.every_source(machine, image)
                self.assertEqual(machine.plastic > 1000, seed == 1)
                self.bytes_as_foretold(network, image, compiled, machine)

    def loaded(self, image):
        folder = self.tmp / f"tables of {image.stem}"
        self.json("export", image, "--sdram", folder)
        return Machine(folder)

    def every_source(self, machine, image):
        """What each neuron's packets find is what the image lists."""
        wanted, synapses = expected(json.loads(self.call("inspect", image, "--full").stdout)), 0
        for zone in machine.index["keys"]:
            population = zone["population"]
            if zone["extension"]:
                continue
            sources = collections.defaultdict(list)  # Neurons by block.
            if zone["blocks"][0]["core"] >= len(machine.cores):  # an input: the next so many neurons each
                for number, block in enumerate(zone["blocks"]):
                    own = machine.standing[block["core"]]
                    self.assertEqual((own["population"], own["block"]), (population, number))
                size = zone["blocks"][0]["atoms"]
                for n in range(sum(block["atoms"] for block in zone["blocks"])):
                    sources[n // size].append(n)
            else:
                for number, block in enumerate(zone["blocks"]):
                    for part in machine.cores[block["core"]]["slices"]:
                        if part["population"] == population:
                            sources[number] += range(part["first"], part["first"] + part["count"])
            for number, (key, core, atoms) in enumerate(machine.keys(population)):
                self.assertEqual(len(sources[number]), atoms)
                for atom, neuron in enumerate(sources[number]):
                    found = machine.everything(population, number, key, core, atom)
                    self.assertEqual(found, wanted[population, neuron], f"{population} {neuron}")
                    synapses += found.total()
        self.assertEqual(synapses, sum(one.total() for one in wanted.values()))
        self.assertGreater(synapses, 5000)

    def test_packets_go_around_what_is_dead(self):
        """A core a tile, so that packets travel; one dead tile, links dead both ways and one way. Inputs reach every population."""
        lines = "".join(f"""  snn.population @p{n} model @if_curr_exp shape [200] params {{v_thresh = -55.0}}
  snn.connect @in{n} from @in to @p{n} receptor "excitatory" delay {1 + n} "fixed_probability" {{p = 0.2}} weights 0.6
""" for n in range(8))
        lines += "".join(f"""  snn.connect @c{n}_{to} from @p{n} to @p{to} receptor "{'inhibitory' if n % 2 else 'excitatory'}" delay {20 if n == 3 else 2} "fixed_probability" {{p = 0.05}} weights 0.3
""" for n in range(8) for to in ((n + 1) % 8, (n + 3) % 8))
        network = f"""snn.network @far dt 1.0e-3 seed 4 {{
  snn.input @in shape [300] source #snn.poisson<[20.0], seed = 5>
{lines}  snn.output @out from @p5
}}
"""
        dead = {"tiles": [{"chip": 0, "x": 0, "y": 4}],
                "links": [{"chip": 0, "x": 0, "y": y, "direction": way} for y, way in ((0, "north"), (1, "south"), (2, "north"), (7, "north-east"))],
                "cores": [{"chip": 0, "core": core} for core in range(17 * SIDE * SIDE) if core % 17 != 3 + core // 17 % 5]}
        faults = self.tmp / "dead.yaml"
        cores = {**dead, "tiles": [], "links": []}
        runs = []
        for name, parts in (("cores", cores), ("all", dead)):
            faults.write_text("format: ranvier-faults\nversion: 1\nfaults: " + json.dumps(parts) + "\n")
            _, image, compiled = self.compiled(name, network, "--faults", faults)
            machine = self.loaded(image)
            places = {(core["x"], core["y"]) for core in machine.standing}
            self.assertGreater(len(places), 5)
            machine.dead = {((link["x"], link["y"]), ["east", "north-east", "north", "west", "south-west", "south"].index(link["direction"])) for link in parts["links"]}
            if parts["tiles"]:
                self.assertNotIn((0, 4), places)
                self.assertNotIn((0, 4), machine.routers)
                for bit, (x, y) in enumerate(STEPS):
                    machine.dead |= {((0, 4), bit), ((-x % SIDE, (4 - y) % SIDE), bit)}
            self.every_source(machine, image)
            recording = self.tmp / f"{name}.h5"
            report = self.json("run", image, "--steps", 40, "--timing", "fast", "-o", recording)
            with h5py.File(recording) as file:
                spikes = {name: [group[key][...].tolist() for key in sorted(group) if key.startswith("spike_")] for name, group in file["populations"].items()}
            runs.append((spikes, machine, report))
        self.assertEqual(runs[0][0], runs[1][0])
        self.assertGreater(min(len(lists[0]) for lists in runs[0][0].values()), 50)
        self.assertEqual(len(runs[0][0]), 9)
        # Where nothing but cores is dead some packet does cross what is closed in the other machine.
        runs[0][1].dead = runs[1][1].dead
        with self.assertRaisesRegex(AssertionError, "is dead"):
            self.every_source(runs[0][1], self.tmp / "cores.rvi")

    def test_a_machine_in_pieces_is_refused(self):
        faults = self.tmp / "dead.yaml"
        faults.write_text("format: ranvier-faults\nversion: 1\nfaults: {links: [" + ", ".join(
            f"{{chip: 0, x: {(5 - x) % SIDE}, y: {(5 - y) % SIDE}, direction: {name}}}" for name, (x, y) in zip(["east", "north-east", "north", "west", "south-west", "south"], STEPS)) + "]}\n")
        network = self.tmp / "net.mlir"
        network.write_text(self.network(0))
        said = self.fails("compile", network, "--target", "spinnaker1", "--faults", faults, "-o", self.tmp / "no.rvi", code=1, rnv=2020)
        self.assertIn("tile (5,5)", said)

    def bytes_as_foretold(self, network, image, compiled, machine):
        checked, memories = self.json("check", network, "--target", "spinnaker1")["memories"], compiled["mapping"]["memories"]
        self.assertEqual(checked, memories)
        tiles = collections.Counter()
        for core, block in zip(machine.cores, machine.blocks):
            self.assertEqual(core["sdram"]["bytes"], len(block) + 8)
            tiles[core["x"], core["y"]] += core["sdram"]["bytes"]
        self.assertEqual(max(len(block) + 8 for block in machine.blocks), memories["sdram_core"]["used"])
        self.assertEqual(max(tiles.values()), memories["sdram_tile"]["used"])
        self.assertEqual(sum(tiles.values()), memories["sdram_tile"]["all_tiles"])
        self.assertEqual(max(core["dtcm"]["bytes"] for core in machine.cores), memories["dtcm"]["used"])
        self.assertEqual(memories["itcm"], {"available": 32768, "used": None})
        self.assertEqual(memories["unknown"], ["memories.dtcm_code_bytes", "memories.itcm_code_bytes"])
        self.assertIn("memories.direct_bytes", memories["estimates"])
        inspected = self.json("inspect", image)["tables"]
        for core, there in zip(inspected["cores"], machine.cores):
            self.assertEqual({key: there[key] for key in core}, core)
        self.assertEqual(max(one["entries_uncompressed"] for one in inspected["routers"]), memories["router_entries"]["used"])

    def test_longer_delays_act_when_they_should(self):
        """A spike of step 1 over delays about the ends of stages: each target moves in the step of its delay, and not before."""
        delays = [1, 16, 17, 32, 33, 144]
        lines = "".join(f"""  snn.population @p{delay} model @if_curr_delta shape [1]
  snn.connect @c{delay} from @in to @p{delay} receptor "excitatory" delay {delay} "one_to_one" {{}} weights 0.5
""" for delay in delays)
        network, image, compiled = self.compiled("late", f"""snn.network @late dt 1.0e-3 seed 1 {{
  snn.input @in shape [1] source #snn.spike_list<[1], [0]>
{lines}  snn.output @out from @p1
}}
""")
        self.assertEqual(compiled["mapping"]["memories"]["delay_cores"], 1)
        recording = self.tmp / "late.h5"
        self.json("run", image, "--steps", 160, "--timing", "off", "-o", recording, "--record", "v")
        with h5py.File(recording) as file:
            for delay in delays:
                v = file[f"populations/p{delay}/v"][:, 0]
                self.assertEqual(int(np.flatnonzero(v != v[0])[0]), delay)
        network.write_text(network.read_text().replace("delay 144", "delay 145"))
        self.call("compile", network, "--target", "spinnaker1", "-o", image)
        findings = self.json("check", network, "--target", "spinnaker1", code=3)["findings"]
        self.assertTrue(any("145" in finding["message"] and finding["severity"] == "error" for finding in findings), findings)

    def test_the_same_bytes_again(self):
        _, image, _ = self.compiled("same", self.network(4))
        sums = []
        for name in ("first", "second"):
            self.json("export", image, "--sdram", self.tmp / name)
            sums.append({path.name: zlib.crc32(path.read_bytes()) for path in (self.tmp / name).iterdir()})
        self.assertEqual(*sums)

    def test_what_cannot_fit_says_where(self):
        """More synapses between two neurons than a row has words."""
        text = lambda number: f"""snn.network @full dt 1.0e-3 seed 1 {{
  snn.input @in shape [1] source #snn.poisson<[20.0], seed = 5>
  snn.population @cells model @if_curr_delta shape [1]
  snn.connect @many from @in to @cells receptor "excitatory" delay 1 "fixed_total_number" {{n = {number}}} weights 0.4
  snn.output @out from @cells
}}
"""
        network, _, compiled = self.compiled("full", text(256))
        self.assertEqual(compiled["mapping"]["memories"]["row_words"], {"available": 256, "used": 256})
        network.write_text(text(257))
        said = self.fails("compile", network, "--target", "spinnaker1", "-o", self.tmp / "beyond.rvi", code=3, rnv=6100)
        self.assertIn("population 'cells', neuron 0", said)
        self.assertIn("expected at most 256, found 257", said)
        findings = self.json("check", network, "--target", "spinnaker1", code=3)["findings"]
        self.assertIn("RNV6100", [finding.get("code") for finding in findings])
