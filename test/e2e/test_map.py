# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`ranvier map` on files: results checked by test/e2e/map_checker.py, which shares nothing with the mapper."""

import gzip
import json
import random
import re
import sys

import map_checker
from ranvier import DIGITS, ROOT, Case

sys.path.insert(0, str(ROOT / "scripts" / "lib"))
import run_bench  # noqa: E402  The benchmark's networks are what a user would write.


class PlaceRoute(Case):
    def instance(self, name, populations, cores, fan_out, seed, machine=(6, 6), **more):
        draw = random.Random(seed)
        made = {"machine": list(machine), "atoms_per_core": 20, "cores_per_population": [draw.randint(1, cores) for _ in range(populations)],
                "edges": [[p, draw.randrange(populations)] for p in range(populations) for _ in range(fan_out)], **more}
        path = self.tmp / name
        if name.endswith(".gz"):
            path.write_bytes(gzip.compress(json.dumps(made).encode()))
        else:
            path.write_text(json.dumps(made))
        return path, made

    def checked(self, path, made, *options):
        out = self.tmp / "map.json"
        (figures,) = self.json("map", "place-route", path, "--out", out, *options)["files"]
        hops, total, most = map_checker.check_place_route(made, json.loads(out.read_text())["maps"][0])
        self.assertEqual((figures["hops"], figures["entries_total"], figures["entries_max"]), (hops, total, most))
        self.assertTrue(figures["verified"])
        return figures

    def test_random_instances(self):
        for seed, (populations, cores, fan_out) in enumerate([(1, 1, 0), (1, 5, 1), (30, 1, 4), (25, 12, 2), (60, 6, 3)]):
            self.checked(*self.instance(f"random{seed}.json", populations, cores, fan_out, seed))
        self.checked(*self.instance("packed.json.gz", 20, 3, 3, 9))

    def test_broken_chips_and_links_are_avoided(self):
        for seed in range(4):
            draw = random.Random(seed + 100)
            chips = ":".join(f"{draw.randrange(6)},{draw.randrange(6)}" for _ in range(3))
            links = ":".join(f"{draw.randrange(6)},{draw.randrange(6)},{draw.randrange(6)}" for _ in range(15))
            self.checked(*self.instance(f"broken{seed}.json", 40, 4, 3, seed, down_chips=chips, down_links=links))

    def test_the_same_call_gives_the_same_bytes_for_any_threads(self):
        path, _ = self.instance("again.json", 40, 4, 3, 5)
        outs = []
        for threads in (1, 3):
            out = self.tmp / f"threads{threads}.json"
            self.json("map", "place-route", path, "--out", out, "--replicas", 3, "--threads", threads, "--seed", 8)
            outs.append(out.read_bytes())
        self.assertEqual(*outs)

    def test_published_instances(self):
        folder = self.shared("benchmarks", "place_route")
        # Hops and entries that PACMAN needs, from the folder's README.
        for name, hops, entries in (("pop100x10_rand5", 16301, 1951), ("pop1000x1_rand8", 19548, 20548), ("pop1000x1_local8_shuffled", 19499, 20499)):
            path = folder / f"{name}.json"
            figures = self.checked(path, json.loads(path.read_text()))
            self.assertLess(figures["hops"], hops)
            self.assertLessEqual(figures["entries_total"], entries)

    def test_populations_that_share_a_chip(self):
        sets = [[0, 7, 19], [3, 4]]
        path, made = self.instance("sets.json", 30, 5, 3, 6, same_chip=sets)
        self.checked(path, made)
        cores = json.loads((self.tmp / "map.json").read_text())["maps"][0]["cores"]
        for group in sets:
            self.assertEqual(len({tuple(core["chip"]) for core in cores if core["population"] in group}), 1)
        for wrong, rnv, place in (([[0, 30]], 1092, "same_chip[0][1]"), ("x", 1092, "same_chip"), ([[0], [0, 1]], 6052, "population 0")):
            path.write_text(json.dumps({**made, "same_chip": wrong}))
            self.assertIn(place, self.fails("map", "place-route", path, rnv=rnv))
        path.write_text(json.dumps({**made, "same_chip": [list(range(30))]}))
        self.assertIn("set 0", self.fails("map", "place-route", path, code=3, rnv=6053))

    def shuffled(self, made, seed):
        """The same instance with its populations in another order."""
        order = list(range(len(made["cores_per_population"])))
        random.Random(seed).shuffle(order)
        place = {old: new for new, old in enumerate(order)}
        edges = [[place[a], place[b]] for a, b in made["edges"]]
        random.Random(seed + 1).shuffle(edges)
        return {**made, "cores_per_population": [made["cores_per_population"][old] for old in order], "edges": edges}

    def test_the_order_of_populations_hardly_matters(self):
        instances = {"ring": {"machine": [6, 6], "atoms_per_core": 20, "cores_per_population": [1] * 400,
                              "edges": [[p, (p + d) % 400] for p in range(400) for d in (-3, -2, -1, 1, 2, 3)]},
                     "random": self.instance("random.json", 120, 4, 4, 3)[1]}
        for name, made in instances.items():
            hops = []
            for seed in range(4):
                path = self.tmp / f"{name}{seed}.json"
                path.write_text(json.dumps(self.shuffled(made, seed) if seed else made))
                hops.append(self.json("map", "place-route", path)["files"][0]["hops"])
            with self.subTest(name):
                self.assertLess(max(hops), 1.1 * min(hops), hops)

    def test_bad_files(self):
        good = self.instance("good.json", 4, 2, 2, 1)[1]
        for change, place in (({"machine": [6]}, "machine"), ({"machine": [0, 6]}, "machine[0]"), ({"edges": [[0, 4]]}, "edges[0]"),
                              ({"edges": [[0]]}, "edges[0]"), ({"cores_per_population": [0]}, "cores_per_population[0]"),
                              ({"atoms_per_core": "x"}, "atoms_per_core"), ({"down_chips": "1;2"}, "down_chips"), ({"down_chips": "6,0"}, "down_chips"),
                              ({"down_links": "1,2,6"}, "down_links"), ({"down_links": "1,2,3:"}, "down_links"), ({"extra": 1}, "extra")):
            path = self.tmp / "bad.json"
            path.write_text(json.dumps({**good, **change}))
            self.assertIn(place, self.fails("map", "place-route", path, rnv=1092))
        del good["edges"]
        path.write_text(json.dumps(good))
        self.assertIn("edges", self.fails("map", "place-route", path, rnv=1092))
        path.write_text("{")
        self.fails("map", "place-route", path, rnv=9005)
        (self.tmp / "bad.json.gz").write_bytes(b"not gzip")
        self.fails("map", "place-route", self.tmp / "bad.json.gz", rnv=1091)
        self.fails("map", "place-route", self.tmp / "absent.json", rnv=9001)

    def test_what_does_not_fit_says_so(self):
        path, _ = self.instance("large.json", 40, 17, 1, 3, machine=(2, 2))
        out = self.tmp / "none.json"
        done = self.call("map", "place-route", path, "--out", out)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("expected at most 68", done.stderr)
        self.assertFalse(out.exists())


class Compress(Case):
    def write(self, name, tables):
        path = self.tmp / name
        content = json.dumps([{"x": x, "y": y, "entries": [dict(zip(("key", "mask", "spinnaker_route", "defaultable"), e)) for e in entries]}
                              for (x, y), entries in tables])
        path.write_bytes(gzip.compress(content.encode()) if name.endswith(".gz") else content.encode())
        return path

    def compressed(self, path):
        (figures,) = self.json("map", "compress", path, "--out", self.tmp / "short")["files"]
        before, after, most = map_checker.check_compressed(path, self.tmp / "short" / path.name)
        self.assertEqual((figures["entries_before"], figures["entries_total"], figures["entries_max"]), (before, after, most))
        return figures

    def test_random_tables(self):
        draw = random.Random(4)
        tables = []
        for t in range(30):
            keys = draw.sample(range(1 << 10), 5 + 6 * t)
            tables.append(((t % 6, t // 6), [[k, 0xFFFFFFFF, 1 << draw.randrange(1 + t // 3), draw.random() < 0.5] for k in keys]))
        figures = self.compressed(self.write("random.json.gz", tables))
        self.assertLess(figures["entries_total"], figures["entries_before"])

    def test_masks_and_overlaps(self):
        draw = random.Random(6)
        entries = []
        for _ in range(60):
            mask = 0xFFFFFFFF & ~draw.randrange(256) if draw.random() < 0.5 else (0xFFFFFFFF << draw.randrange(8)) & 0xFFFFFFFF
            entries.append([draw.randrange(1 << 12) & mask, mask, 1 << draw.randrange(4), False])
        self.compressed(self.write("masks.json", [((0, 0), entries)]))

    def test_csv_and_empty(self):
        path = self.tmp / "table.csv"
        path.write_text("0x00000010,0xFFFFFFF0,0x00000001\n0x20,0xfffffff0,1\n00000030,FFFFFFF0,2\n")
        figures = self.compressed(path)
        self.assertLessEqual(figures["entries_total"], 3)
        self.compressed(self.write("empty.json", []))
        self.compressed(self.write("one.json", [((3, 4), [])]))

    def test_published_tables(self):
        folder = self.shared("benchmarks", "routing_tables")
        # The peer's shortest results, from the folder's README.
        for name, total, most in (("many_to_one.json.gz", 2507, 906), ("table1.csv.gz", 736, 736), ("table2.csv.gz", 551, 551)):
            figures = self.compressed(folder / name)
            self.assertLess(figures["entries_total"], total)
            self.assertLess(figures["entries_max"], most)

    def test_the_checker_finds_a_wrong_table(self):
        path = self.write("right.json", [((0, 0), [[k, 0xFFFFFFFF, 1 + k % 3, False] for k in range(50)])])
        self.compressed(path)
        short = self.tmp / "short" / "right.json"
        wrong = json.loads(short.read_text())
        wrong[0]["entries"][0]["spinnaker_route"] ^= 8
        short.write_text(json.dumps(wrong))
        with self.assertRaises(map_checker.Wrong):
            map_checker.check_compressed(path, short)

    def test_routers_are_those_of_the_target(self):
        path = self.write("routers.json", [((0, 0), [[k, 0xFFFFFFFF, 1 + k, False] for k in range(20)])])
        self.assertEqual(self.json("map", "compress", path)["limit"], 1023)
        chip = self.tmp / "small.yaml"
        chip.write_text((ROOT / "hw-models" / "chips" / "spinnaker1.yaml").read_text().replace("{value: 1023,", "{value: 3,"))
        done = self.call("map", "compress", path, "--target", chip, "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)["limit"]), (3, 3))
        self.fails("map", "compress", path, "--target", "loihi1", code=2, rnv=8064)
        self.fails("compile", DIGITS / "network.nir", "--target", "spinnaker2", "-o", self.tmp / "never", code=3, rnv=2013)
        self.fails("check", DIGITS / "network.nir", "--target", "spinnaker2", code=3, rnv=2013)
        self.fails("map", "partition", "--generate", "random", "--target", "spinnaker2", code=3, rnv=2013)

    def test_too_long_tables_end_with_code_3(self):
        path = self.write("long.json", [((0, 0), [[k, 0xFFFFFFFF, 1 + k, False] for k in range(20)])])
        done = self.call("map", "compress", path, "--limit", 10)
        self.assertEqual(done.returncode, 3)

    def test_bad_files(self):
        path = self.tmp / "bad.json"
        for content, place in (([{"x": 0, "y": 0}], "[0].entries"), ([{"x": 0, "y": 0, "entries": [{"key": -1, "mask": 1, "spinnaker_route": 0}]}], "key"),
                               ([{"x": 0, "y": 0, "entries": [], "z": 1}], "z"), ({"a": 1}, "a list of tables"),
                               ([{"x": 0, "y": 0, "entries": [{"key": 1, "mask": 1, "spinnaker_route": 0, "defaultable": 1}]}], "defaultable")):
            path.write_text(json.dumps(content))
            self.assertIn(place, self.fails("map", "compress", path, rnv=1090))
        path = self.tmp / "bad.csv"
        path.write_text("1,2\n")
        self.assertIn("line 1", self.fails("map", "compress", path, rnv=1090))
        path = self.write("nothing.json", [((0, 0), [[3, 1, 1, False]])])
        self.assertIn("entry 0", self.fails("map", "compress", path, rnv=6040))


class Partition(Case):
    DIGITS = ("examples", "digits", "network.nir")

    def small_cores(self):
        """loihi1 with one core of 16 neurons a tile, so that the digits network spreads."""
        text = (ROOT / "hw-models" / "chips" / "loihi1.yaml").read_text()
        for key, value in (("neurons", 16), ("cores_per_tile", 1)):
            text, count = re.subn(rf"(\n  {key}: {{value: )\d+", rf"\g<1>{value}", text)
            self.assertEqual(count, 1, key)
        path = self.tmp / "small.yaml"
        path.write_text(text)
        return path

    def test_compares_on_a_generated_network(self):
        arguments = ["map", "partition", "--target", "loihi1", "--generate", "small-world", "--neurons", 6000, "--degree", 8, "--rewired", 0.05,
                     "--rate-sigma", 1, "--seeds", 1]
        result = self.json(*arguments)
        self.assertEqual((result["neurons"], result["cores"], result["weights"]), (6000, 6, "generated"))
        by_name = {entry["name"]: entry for entry in result["partitioners"]}
        self.assertEqual(list(by_name), ["ranvier", "sequential", "metis", "scotch", "zoltan"])
        present = [entry["spikes_hops"] for name, entry in by_name.items() if name != "ranvier" and entry["available"] and entry["fits"]]
        self.assertLessEqual(result["ratio_to_best_other"], 1)
        self.assertEqual(result["ratio_to_best_other"], by_name["ranvier"]["spikes_hops"] / min(present))
        again = self.json(*arguments)
        for entry in (*result["partitioners"], *again["partitioners"]):
            entry.pop("seconds", None)
        self.assertEqual(result, again)
        (only,) = self.json(*arguments, "--only", "sequential")["partitioners"]
        self.assertEqual(only["spikes_hops"], by_name["sequential"]["spikes_hops"])

    def test_an_absent_library_is_named(self):
        done = self.call("map", "partition", "--target", "loihi1", "--generate", "random", "--neurons", 100, "--degree", 3, "--seeds", 1)
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in done.stdout.splitlines():
            if "not built in" in line:
                self.assertIn(f"'{line.split()[0]}' is not part of the comparison", done.stderr)

    def test_which_network(self):
        network = ROOT.joinpath(*self.DIGITS)
        self.fails("map", "partition", "--target", "loihi1", code=2, rnv=8063)
        self.fails("map", "partition", network, "--generate", "random", "--target", "loihi1", code=2, rnv=8063)
        for option in (["--degree", 3], ["--layers", 3]):
            self.assertIn(option[0], self.fails("map", "partition", network, "--target", "loihi1", *option, code=2, rnv=8043))
        self.assertIn("--layers", self.fails("map", "partition", "--generate", "random", "--layers", 3, "--target", "loihi1", code=2, rnv=8043))
        self.assertIn("--profile", self.fails("map", "partition", "--generate", "random", "--profile", network, "--target", "loihi1", code=2, rnv=8043))
        self.fails("map", "partition", "--generate", "random", "--neurons", 10, "--degree", 10, "--target", "loihi1", code=2, rnv=6072)

    def test_strategies_seeds_and_profiles_never_change_spikes(self):
        network, chip = ROOT.joinpath(*self.DIGITS), self.small_cores()
        spikes = self.tmp / "in.csv"
        draw = random.Random(3)
        spikes.write_text("".join(f"{step},{neuron}\n" for step in range(1, 30) for neuron in sorted(draw.sample(range(64), 12))))
        runs, costs = [], {}
        for name, options in (("sequential", ["--partition", "sequential"]), ("multilevel", ["--partition", "multilevel"]), ("auto", []),
                              ("seed", ["--partition", "multilevel", "--seed", 9]), ("profile", ["--profile", self.tmp / "sequential.h5"])):
            image, run = self.tmp / f"{name}.rvi", self.tmp / f"{name}.h5"
            result = self.json("compile", network, "--target", chip, "-o", image, *options)
            costs[name] = result["partition"]
            self.json("run", image, "--input", spikes, "--steps", 40, "-o", run)
            runs.append(run)
            self.json("verify", image, network)
        self.assertEqual(costs["sequential"]["strategy"], "sequential")
        self.assertFalse(costs["sequential"]["searched"])
        self.assertTrue(costs["multilevel"]["searched"])
        self.assertLessEqual(costs["multilevel"]["spikes_hops"], costs["sequential"]["spikes_hops"])
        self.assertEqual(costs["profile"]["weights"], "profile")
        self.assertNotEqual(costs["profile"]["spikes_hops_sequential"], costs["sequential"]["spikes_hops_sequential"])
        for run in runs[1:]:
            self.json("diff", runs[0], run)

    def test_faults_count_for_every_partitioner(self):
        faults = self.tmp / "faults.yaml"
        faults.write_text("format: ranvier-faults\nversion: 1\nfaults: {cores: [{chip: 0, core: 0}], links: [{chip: 0, x: 0, y: 0, direction: east}]}\n")
        arguments = ["map", "partition", "--target", self.small_cores(), "--generate", "random", "--neurons", 200, "--degree", 4, "--seeds", 1]
        result = self.json(*arguments, "--faults", faults)
        self.assertTrue(all(entry["fits"] for entry in result["partitioners"] if entry["name"] in ("ranvier", "sequential")))
        self.assertNotEqual(result["partitioners"][1]["spikes_hops"], self.json(*arguments)["partitioners"][1]["spikes_hops"])
        out = self.tmp / "large.json"
        self.json("map", "network", "--target", self.small_cores(), "--generate", "random", "--neurons", 200, "--degree", 4, "--faults", faults, "--out", out)
        self.assertNotIn((0, 0), {(entry["chip"], entry["core"]) for entry in json.loads(out.read_text())["slices"]})
        faults.write_text("format: ranvier-faults\nversion: 1\nfaults: {cores: [{chip: 0, core: 128}]}\n")
        self.fails(*arguments, "--faults", faults, rnv=2014)
        trees = self.tmp / "trees.yaml"
        trees.write_text(self.small_cores().read_text().replace("multicast_trees: false", "multicast_trees: true"))
        self.assertIn("topology.multicast_trees", self.fails("map", "network", "--target", trees, "--generate", "random", rnv=6084))

    def test_pointless_and_wrong_options(self):
        network, out = ROOT.joinpath(*self.DIGITS), self.tmp / "never.rvi"
        mapping = self.tmp / "mapping.json"
        mapping.write_text("{}")
        for option in (["--partition", "multilevel"], ["--profile", network]):
            self.assertIn(option[0], self.fails("compile", network, "--target", "loihi1", "--mapping", mapping, "-o", out, *option, code=2, rnv=8043))
        self.fails("compile", network, "--target", "loihi1", "--profile", self.tmp / "absent.h5", "-o", out, rnv=9001)
        self.fails("compile", network, "--target", "loihi1", "--partition", "best", "-o", out, code=2)
        self.assertFalse(out.exists())


class Network(Case):
    """`ranvier map network`."""

    RING = ("--generate", "small-world", "--neurons", 20000, "--degree", 20, "--rewired", 0.02, "--target", "loihi1")

    def test_numbers_of_neurons_do_not_decide(self):
        plain, shuffled = (self.json("map", "network", *self.RING, *more) for more in ((), ("--shuffle",)))
        self.assertEqual((plain["form"], plain["neurons"], plain["synapses"]), ("synapses", 20000, shuffled["synapses"]))
        self.assertGreater(shuffled["sequential"]["spikes_hops"], 3 * plain["sequential"]["spikes_hops"])
        self.assertEqual(shuffled["order"], "of synapses")
        self.assertLess(shuffled["spikes_hops"], 1.2 * plain["spikes_hops"])
        self.assertEqual(shuffled["spikes_hops"], shuffled["found"]["spikes_hops"])
        self.assertGreater(shuffled["links"]["worst"]["messages"], 0)

    def test_out_is_a_mapping_for_any_threads(self):
        outs = []
        for threads in (1, 2, 5):
            out = self.tmp / f"threads{threads}.json"
            self.json("map", "network", *self.RING, "--shuffle", "--threads", threads, "--out", out)
            outs.append(out.read_bytes())
        self.assertEqual(len(set(outs)), 1)

    def test_the_mapping_compiles(self):
        network, out, image = ROOT / "examples" / "digits" / "network.nir", self.tmp / "mapping.json", self.tmp / "mapped.rvi"
        made = self.json("map", "network", network, "--target", "loihi1", "--out", out)
        self.assertEqual(made["weights"], "uniform")
        compiled = self.json("compile", network, "--target", "loihi1", "--mapping", out, "-o", image)["mapping"]
        self.assertEqual((made["cores"], made["spikes_hops"]), (compiled["cores"]["used"], compiled["hops"]["total"]))
        self.json("verify", image, network)

    def test_a_profile_weighs_messages(self):
        network, image, run = ROOT / "examples" / "digits" / "network.nir", self.tmp / "silent.rvi", self.tmp / "silent.h5"
        chip = Rules.few_neurons(self, 8)
        self.json("compile", network, "--target", chip, "-o", image)
        self.json("run", image, "--steps", 3, "-o", run)  # Nothing fires without input.
        plain, silent = (self.json("map", "network", network, "--target", chip, *more) for more in ((), ("--profile", run)))
        self.assertEqual((plain["weights"], silent["weights"]), ("uniform", "profile"))
        self.assertGreater(plain["spikes_hops"], silent["spikes_hops"])
        self.assertEqual(silent["spikes_hops"], 0)
        self.assertEqual(plain["links"]["used"] > 0, silent["links"]["used"] > 0)  # Links carry what they would if every neuron fired once.

    def test_text_names_both_orders(self):
        done = self.call("map", "network", *self.RING, "--seed", 3)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^sequential +\d+ +\d+ +\d+ ")
        self.assertRegex(done.stdout, r"(?m)^of synapses +\d+ +\d+ +\d+ ")
        self.assertEqual(self.json("map", "network", *self.RING, "--seed", 3)["seed"], 3)

    def test_which_network(self):
        network = ROOT / "examples" / "digits" / "network.nir"
        self.fails("map", "network", "--target", "loihi1", code=2, rnv=8063)
        self.fails("map", "network", network, "--generate", "random", "--target", "loihi1", code=2, rnv=8063)
        self.assertIn("--shuffle", self.fails("map", "network", network, "--shuffle", "--target", "loihi1", code=2, rnv=8043))
        self.assertIn("--profile", self.fails("map", "network", "--generate", "random", "--profile", network, "--target", "loihi1", code=2, rnv=8043))
        self.fails("map", "network", network, "--target", "loihi1", "--out", network, code=2, rnv=8025)


class Rules(Case):
    """`ranvier map network` on procedural connectors."""

    def sheet(self, name, shuffled=False, sheet=(6, 5), size=60, within=20, beside=10):
        path = self.tmp / name
        return path, run_bench.sheet_network(path, shuffled, sheet, size, within, beside)

    def few_neurons(self, neurons=32):
        """loihi1 with small cores."""
        text = (ROOT / "hw-models" / "chips" / "loihi1.yaml").read_text()
        text, count = re.subn(r"(\n  neurons: \{value: )\d+", rf"\g<1>{neurons}", text)
        self.assertEqual(count, 1)
        path = self.tmp / "few.yaml"
        path.write_text(text)
        return path

    def test_by_rules_is_legal_synapse_by_synapse(self):
        chip = self.few_neurons()
        network, synapses = self.sheet("sheet.mlir", shuffled=True)
        out, image = self.tmp / "rules.json", self.tmp / "rules.rvi"
        made = self.json("map", "network", network, "--target", chip, "--form", "rules", "--out", out)
        self.assertEqual((made["form"], made["synapses"], made["neurons"]), ("rules", synapses, 1800))
        self.assertEqual(made["exact"], {"synapses": True, "fan_in": True, "spikes_hops": False, "synaptic_memory": False, "axons_in": False, "axons_out": False})
        self.assertLessEqual(made["spikes_hops"], made["sequential"]["spikes_hops"])
        compiled = self.json("compile", network, "--target", chip, "--mapping", out, "-o", image)["mapping"]
        self.assertEqual(made["cores"], compiled["cores"]["used"])
        self.assertGreaterEqual(made["spikes_hops"], compiled["hops"]["total"])
        self.assertLess(made["spikes_hops"], 1.2 * compiled["hops"]["total"])
        self.json("verify", image, network)
        again = self.json("map", "network", network, "--target", chip, "--form", "rules", "--threads", 3)
        self.assertEqual([again[key] for key in ("spikes_hops", "links", "cores")], [made[key] for key in ("spikes_hops", "links", "cores")])

    def test_levels_of_delay_0_edges(self):
        """On `reference` a layer acts in the step of the one before, and no core holds two of them."""
        network, out = ROOT / "examples" / "digits" / "network.nir", self.tmp / "levels.json"
        made = self.json("map", "network", network, "--target", "reference", "--form", "rules", "--out", out)
        self.assertEqual((made["form"], made["cores"]), ("rules", 2))
        self.json("compile", network, "--target", "reference", "--mapping", out, "-o", self.tmp / "levels.rvi")

    def test_what_rules_cannot_promise_may_fit_as_drawn(self):
        chip, network = self.few_neurons(), self.tmp / "drawn.mlir"
        text = chip.read_text()
        chip.write_text(re.sub(r"(\n  axons_out: \{value: )\d+", r"\g<1>8", text))
        network.write_text("""snn.network @net dt 1.0e-3 seed 3 {
  snn.population @a model @lif shape [320] params {tau = 0.02, r = 20.0, v_threshold = 1.0}
  snn.population @b model @lif shape [320] params {tau = 0.02, r = 20.0, v_threshold = 1.0}
  snn.connect @l from @a to @b "fixed_in_degree" {k = 1} weights 0.1
  snn.output @out from @b
}
""")
        said = self.fails("map", "network", network, "--target", chip, "--form", "rules", code=3, rnv=6012)
        self.assertIn("--form synapses", said)
        self.assertEqual(self.json("map", "network", network, "--target", chip)["form"], "synapses")

    def test_what_is_no_rule_is_named(self):
        for weights, delay, found in (("#snn.normal<0.1, 0.01, clip = [0.0, 0.2], seed = 1>", "", "weights that are drawn"),
                                      ("0.1", "delay #snn.uniform<1.0, 3.0, seed = 2>", "delays of its own for every synapse")):
            network = self.tmp / "drawn.mlir"
            network.write_text(f"""snn.network @net dt 1.0e-3 seed 3 {{
  snn.population @a model @lif shape [20] params {{tau = 0.02, r = 20.0, v_threshold = 1.0}}
  snn.connect @l from @a to @a {delay or "delay 1"} "fixed_in_degree" {{k = 2}} weights {weights}
  snn.output @out from @a
}}
""")
            self.assertIn(found, self.fails("map", "network", network, "--target", "reference", "--form", "rules", rnv=8090))

    def test_the_form_is_chosen_by_size_and_said(self):
        small, synapses = self.sheet("small.mlir")
        self.assertEqual(self.json("map", "network", small, "--target", "loihi1")["form"], "synapses")
        large, synapses = self.sheet("large.mlir", sheet=(4, 5), size=1000, within=650, beside=150)
        made = self.json("map", "network", large, "--target", "loihi1")
        self.assertEqual((made["form"], made["synapses"]), ("rules", synapses))
        self.assertGreater(synapses, 20_000_000)
        done = self.call("map", "network", small, "--target", "loihi1", "--form", "rules")
        self.assertIn("by rules: no synapse was listed", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^upper bounds .* axons_out")

    def test_rules_of_every_kind(self):
        path = self.tmp / "kinds.mlir"
        path.write_text("""snn.network @kinds dt 1.0e-3 seed 3 {
  snn.input @drive shape [20] source #snn.poisson<[20.0], seed = 5>
  snn.population @a model @lif shape [50] params {tau = 0.02, r = 20.0, v_threshold = 1.0}
  snn.population @b model @lif shape [50] params {tau = 0.02, r = 20.0, v_threshold = 1.0}
  snn.connect @feed from @drive to @a "all_to_all" {} weights 0.1
  snn.connect @one from @a to @b "one_to_one" {} weights 0.1
  snn.connect @some from @a to @b delay 1 "fixed_probability" {p = 0.2} weights 0.1
  snn.connect @many from @b to @a delay 1 "fixed_total_number" {n = 70} weights 0.1
  snn.connect @near from @b to @b delay 1 "distance_dependent" {p_max = 0.5, scale = 2.0} weights 0.1 autapses false
  snn.output @out from @b
}
""")
        chip, out = self.few_neurons(), self.tmp / "kinds.json"
        made = self.json("map", "network", path, "--target", chip, "--form", "rules", "--out", out)
        self.assertEqual(made["synapses"], 20 * 50 + 50 + 50 * 50 + 70 + 50 * 49)
        self.assertFalse(made["exact"]["synapses"])
        listed = self.json("map", "network", path, "--target", chip, "--form", "synapses")
        self.assertLess(listed["synapses"], made["synapses"])
        self.json("compile", path, "--target", chip, "--mapping", out, "-o", self.tmp / "kinds.rvi")

    def test_what_lists_synapses_is_named(self):
        network = ROOT / "examples" / "digits" / "network.nir"
        self.assertEqual(self.json("map", "network", network, "--target", "loihi1", "--form", "rules")["exact"]["axons_in"], True)  # All dense.
        path = self.tmp / "listed.mlir"
        path.write_text("""snn.network @listed dt 1.0e-3 {
  snn.input @drive shape [2]
  snn.population @a model @lif shape [2] params {tau = 0.02, r = 20.0, v_threshold = 1.0}
  snn.connect @drawn from @drive to @a "all_to_all" {} weights #snn.uniform<0.1, 0.5, seed = 3>
  snn.output @out from @a
}
""")
        self.assertIn("@drawn", json.dumps(self.fails("map", "network", path, "--target", "loihi1", "--form", "rules", rnv=8090)))
        self.assertIn("--form", self.fails("map", "network", "--generate", "random", "--form", "rules", "--target", "loihi1", code=2, rnv=8043))
