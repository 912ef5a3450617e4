#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks what `ranvier map` wrote, from the files alone and with nothing of the mapper: legal placements, trees, keys and routes.

    map_checker.py place-route MAP.json INSTANCE.json...
    map_checker.py compress ORIGINAL COMPRESSED
"""

import collections
import gzip
import json
import pathlib
import sys

import numpy as np

STEPS = [(1, 0), (1, 1), (0, 1), (-1, 0), (-1, -1), (0, -1)]  # E, NE, N, W, SW, S


class Wrong(Exception):
    pass


def expect(condition, message):
    if not condition:
        raise Wrong(message)


def text(path):
    path = pathlib.Path(path)
    return gzip.open(path, "rt").read() if path.suffix == ".gz" else path.read_text()


def tables(path):
    """[(place, [(key, mask, route, defaultable)])] of a table file."""
    content = text(path)
    if content.lstrip()[:1] in "[{":
        return [((t["x"], t["y"]), [(e["key"], e["mask"], e["spinnaker_route"], e.get("defaultable", False)) for e in t["entries"]])
                for t in json.loads(content)]
    rows = [[int(word, 16) for word in line.split(",")] for line in content.splitlines() if line]
    return [((0, 0), [(k, m, r, False) for k, m, r in rows])]


def look_up(keys, entries):
    """Route of every key; -1 where no entry matches."""
    found = np.full(len(keys), -1, np.int64)
    open_ = np.ones(len(keys), bool)
    for key, mask, route, _ in entries:
        hit = open_ & ((keys & mask) == key)
        found[hit] = route
        open_ &= ~hit
    return found


def keys_of(entries):
    """Every key that some entry matches, with its route and flag; masks with few open bits only."""
    by_mask = collections.defaultdict(list)
    for entry in entries:
        by_mask[entry[1]].append(entry[0])
    parts = []
    for mask, starts in by_mask.items():
        bits = [b for b in range(32) if not mask >> b & 1]
        expect(len(bits) <= 20, f"mask {mask:08x} stands for too many keys to look at each")
        spread = np.zeros(1, np.int64)
        for b in bits:
            spread = np.concatenate([spread, spread | 1 << b])
        parts.append((np.array(starts, np.int64)[:, None] | spread[None]).ravel())
    return np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.int64)


def owners(keys, entries):
    """Route and flag of every key by the first entry that matches, mask by mask."""
    first = np.full(len(keys), len(entries), np.int64)
    by_mask = collections.defaultdict(dict)
    for i, entry in enumerate(entries):
        by_mask[entry[1]].setdefault(entry[0], i)
    for mask, known in by_mask.items():
        starts = np.array(sorted(known), np.int64)
        order = np.array([known[start] for start in starts.tolist()], np.int64)
        at = np.minimum(np.searchsorted(starts, keys & mask), len(starts) - 1)
        first = np.where(starts[at] == (keys & mask), np.minimum(first, order[at]), first)
    return np.array([e[2] for e in entries], np.int64)[first], np.array([e[3] for e in entries], bool)[first]


def check_compressed(original, compressed):
    """Every key of the original, one by one. Returns (entries before, after, largest after)."""
    before, after = tables(original), tables(compressed)
    expect([place for place, _ in before] == [place for place, _ in after], "other tables than before")
    for (place, old), (_, new) in zip(before, after):
        for key, mask, _, _ in new:
            expect(key & ~mask == 0, f"table {place}: an entry that matches nothing")
        keys = keys_of(old)
        routes, flags = owners(keys, old)
        found = look_up(keys, new)
        bad = np.flatnonzero((found != routes) & ~((found == -1) & flags))
        expect(len(bad) == 0, f"table {place}: key {int(keys[bad[0]]) if len(bad) else 0:08x} goes elsewhere")
    return sum(len(t) for _, t in before), sum(len(t) for _, t in after), max((len(t) for _, t in after), default=0)


def pairs(value, size):
    return [tuple(map(int, part.split(","))) for part in value.split(":") if part] if value else []


def check_place_route(instance, made):
    """Recomputes everything about one map. Returns (hops, entries in all, largest table)."""
    w, h = instance["machine"]
    expect(made["machine"] == [w, h], "another machine")
    dead = set(pairs(instance.get("down_chips", ""), 2))
    down = set()
    for x, y, link in pairs(instance.get("down_links", ""), 3):
        dx, dy = STEPS[link]
        down |= {(x, y, link), ((x + dx) % w, (y + dy) % h, (link + 3) % 6)}
    sizes, cores = instance["cores_per_population"], made["cores"]
    expect([c["population"] for c in cores] == [p for p, size in enumerate(sizes) for _ in range(size)], "other cores than asked for")
    seats = set()
    for core in cores:
        x, y = core["chip"]
        expect(0 <= x < w and 0 <= y < h and (x, y) not in dead, f"core on chip {x},{y}")
        expect(1 <= core["core"] <= 17, "core number")
        seats.add((x, y, core["core"]))
    expect(len(seats) == len(cores), "two cores on one seat")
    atoms = instance["atoms_per_core"]
    blocks = sorted((c["key"], c["mask"]) for c in cores)
    for (key, mask), following in zip(blocks, blocks[1:] + [(1 << 32, 0)]):
        size = (~mask & 0xFFFFFFFF) + 1
        expect(size & (size - 1) == 0 and size >= atoms and key & ~mask == 0, "a block of keys")
        expect(key + size <= following[0], "blocks of keys overlap")
    targets = collections.defaultdict(set)
    for source, target in instance["edges"]:
        targets[source].add(target)
    seats_of = collections.defaultdict(set)
    for core in cores:
        seats_of[core["population"]].add((*core["chip"], core["core"]))
    table_at = {(t["x"], t["y"]): [(e["key"], e["mask"], e["spinnaker_route"]) for e in t["entries"]] for t in made["tables"]}
    expect(not dead & set(table_at), "a table on a dead chip")
    hops = 0
    for core in cores:
        links = {tuple(link) for link in made["trees"][core["tree"]]["links"]}
        wanted = set().union(*(seats_of[t] for t in targets[core["population"]])) if targets[core["population"]] else set()
        reached, crossed, work = [], set(), [(tuple(core["chip"]), None)] if wanted else []
        visited = set()
        while work:
            place, came = work.pop()
            expect(place not in visited and place not in dead, f"a packet of {core} comes to {place} twice, or it is dead")
            visited.add(place)
            route = next((r for k, m, r in table_at.get(place, []) if core["key"] & m == k), None)
            if route is None:
                expect(came is not None, "no entry where the packet starts")
                route = 1 << came
            for bit in range(24):
                if route >> bit & 1 and bit < 6:
                    expect((*place, bit) not in down, f"a packet takes the broken link {bit} of {place}")
                    crossed.add((*place, bit))
                    work.append((((place[0] + STEPS[bit][0]) % w, (place[1] + STEPS[bit][1]) % h), bit))
                elif route >> bit & 1:
                    reached.append((*place, bit - 6))
        expect(len(reached) == len(set(reached)) and set(reached) == wanted, f"a packet of {core} reaches other cores than it should")
        expect(crossed == links, f"the tables of {core} and its tree differ")
        hops += len(crossed)
    return hops, sum(len(t) for t in table_at.values()), max((len(t) for t in table_at.values()), default=0)


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "compress":
        print("%d entries before, %d after, at most %d" % check_compressed(*arguments[1:]))
        return 0
    if len(arguments) >= 3 and arguments[0] == "place-route":
        maps = json.loads(text(arguments[1]))["maps"]
        expect(len(maps) == len(arguments) - 2, "another number of instances")
        for path, made in zip(arguments[2:], maps):
            print(pathlib.Path(path).name, "hops %d, entries %d, at most %d" % check_place_route(json.loads(text(path)), made))
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Wrong as wrong:
        print(f"wrong: {wrong}", file=sys.stderr)
        sys.exit(1)
