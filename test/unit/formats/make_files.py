# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the HDF5 files of the formats tests that our own writer cannot make: other libraries' habits, and what strangers may try.

make_files.py FOLDER
"""

import pathlib
import sys

import h5py
import numpy as np


def save(name, make, **options):
    with h5py.File(FOLDER / name, "w", **options) as file:
        make(file)


def numbers(file):
    """Every stored form of number and text that a reader must understand."""
    file["i8"] = np.array([-128, 127], "i1")
    file["u8"] = np.array([0, 255], "u1")
    file["i16be"] = np.array([-2, 515], ">i2")
    file["u32"] = np.array([4294967295], "u4")
    file["i64"] = np.array([[-(2**53), 2**53]], "i8")
    file["f16"] = np.array([0.5, -2.0], "f2")
    file["f32be"] = np.array([1.5], ">f4")
    file["f64"] = np.float64(np.pi)
    file["f128"] = np.array([0.25], np.longdouble)
    file["bool"] = np.array([True, False, True])
    file["empty"] = np.zeros((0, 3), "f4")
    file["vlen"] = "köln"
    file.create_dataset("vlens", data=np.array(["a", "", "b c"], object), dtype=h5py.string_dtype())
    file["fixed"] = np.array([b"ab", b"abcd"], "S4")
    space = h5py.h5t.C_S1.copy()
    space.set_size(5)
    space.set_strpad(h5py.h5t.STR_SPACEPAD)
    padded = h5py.h5d.create(file.id, b"padded", space, h5py.h5s.create(h5py.h5s.SCALAR))
    padded.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array(b"xy   ", "S5"), mtype=space)
    file.create_dataset("deflated", data=np.arange(1000, dtype="i4"), compression="gzip", shuffle=True, fletcher32=True)
    file.attrs["pi"] = np.float32(3.5)
    file["u8"].attrs["note"] = "of a data set"
    file.create_group("inner/most").attrs["deep"] = np.array([1, 2, 3])


def odd(name, make, **options):
    save(f"odd-{name}.h5", make, **options)


def soft(file):
    file["a"] = [1]
    file["b"] = h5py.SoftLink("/a")


def external_link(file):
    file["b"] = h5py.ExternalLink("numbers.h5", "/u8")


def external_storage(file):
    file.create_dataset("secret", shape=(4,), dtype="u1", external=[("/etc/hostname", 0, 4)])


def virtual(file):
    layout = h5py.VirtualLayout(shape=(2,), dtype="u1")
    layout[:] = h5py.VirtualSource(str(FOLDER / "numbers.h5"), "u8", shape=(2,))
    file.create_virtual_dataset("v", layout)


def compound(file):
    file["c"] = np.zeros(2, [("x", "f4"), ("y", "i4")])


def reference(file):
    file["a"] = [1]
    file.create_dataset("r", data=file["a"].ref, dtype=h5py.ref_dtype)


def ragged(file):
    file.create_dataset("r", shape=(1,), dtype=h5py.vlen_dtype("i4"))


def wide_enumeration(file):
    file.create_dataset("e", data=np.array([1], "i4"), dtype=h5py.enum_dtype({"a": 1}, "i4"))


def null(file):
    file["n"] = h5py.Empty("f4")


def committed(file):
    file["t"] = np.dtype("f8")


def rank(file):
    file["r"] = np.zeros((1,) * 9, "u1")


def deep(file):
    group = file
    for _ in range(40):
        group = group.create_group("g")


def cycle(file):
    group = file.create_group("a")
    group["again"] = group


def bush(file):
    """Hard links that double at every level: a walk of it would never end."""
    group = file.create_group("a")
    for name in "bcdefghij":
        group[name] = group


def large(file):
    """A terabyte that takes no room: never written, so it reads as zeros."""
    file.create_dataset("large", shape=(1 << 20, 1 << 20), dtype="u1", chunks=(1024, 1024))


def many(file):
    """2^29 bytes that take no room."""
    file.create_dataset("many", shape=(1 << 29,), dtype="u1", chunks=(1 << 20,), compression="gzip")


def overflow(file):
    file.create_dataset("o", shape=(1 << 40, 1 << 40), dtype="u1", chunks=(1, 1))


def clipped(file):
    file["c"] = np.array([2**64 - 1], "u8")


def bad_name(file):
    h5py.h5g.create(file.id, b"caf\xe9")


def control_name(file):
    file.create_group("two\nlines")


def bad_text(file):
    file["t"] = np.array([b"\xff\xfe"], "S2")


def long_text(file):
    file["t"] = "x" * ((1 << 20) + 1)


def filtered(file):
    """A chunk that needs filter 32000, which nobody has; only a plug-in could supply it."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((16,))
    plist.set_filter(32000, h5py.h5z.FLAG_OPTIONAL, ())
    made = h5py.h5d.create(file.id, b"f", h5py.h5t.NATIVE_UINT8, h5py.h5s.create_simple((16,)), plist)
    made.write_direct_chunk((0,), bytes(16), 0)


#===--- Spikes --------------------------------------------------------------===#


def nir_node(nodes, name):
    node = nodes.create_group(name)
    node.attrs["__type__"] = "NIRNodeData"
    return node.create_group("observables")


def graph_data(file):
    """As nir.write_data makes it: two samples, padded with -1 and inf; a nested graph; a grid in its own time step."""
    file.attrs["__type__"] = "NIRGraphData"
    nodes = file.create_group("nodes")
    events = nir_node(nodes, "events").create_group("spikes")
    events.attrs["__type__"] = "EventData"
    events["idx"] = np.array([[3, 0, -1], [1, 1, 2]])
    events["time"] = np.array([[0.0035, 0.0005, np.inf], [0.0015, 0.0015, 0.0105]])
    events.attrs["n_neurons"] = 4
    events.attrs["t_max"] = 0.02
    valued = nir_node(nodes, "valued").create_group("spikes")
    valued.attrs["__type__"] = "ValuedEventData"
    valued["idx"], valued["time"], valued["value"] = np.array([[0], [1]]), np.array([[0.0], [0.001]]), np.array([[2.5], [-3.0]])
    valued.attrs["n_neurons"], valued.attrs["t_max"] = 2, 0.01
    inner = nodes.create_group("part")
    inner.attrs["__type__"] = "NIRGraphData"
    grid = nir_node(inner.create_group("nodes"), "grid").create_group("spikes")
    grid.attrs["__type__"] = "TimeGriddedData"
    cells = np.zeros((2, 3, 2), bool)
    cells[0, 0, 1] = cells[0, 2, 0] = cells[1, 1, 1] = True
    grid["data"], grid.attrs["dt"] = cells, 1e-3
    coarse = nir_node(nodes, "coarse").create_group("spikes")
    coarse.attrs["__type__"] = "TimeGriddedData"
    coarse["data"], coarse.attrs["dt"] = np.array([[[1.0], [0.0], [2.0]], [[0.0], [0.0], [0.0]]]), 5e-3


def sonata(file):
    """As the Allen Institute's tools make it: sorted by id, the unit in words, the order as an enumeration."""
    file.attrs["magic"], file.attrs["version"] = np.uint32(0x0A7A), np.array([0, 1], "u4")
    for name, unit in (("v1", "milliseconds"), ("lgn", None), ("slow", "s")):
        group = file.create_group(f"spikes/{name}")
        group["timestamps"] = np.array([12.25, 0.5, 3.0]) * (1e-3 if unit == "s" else 1)
        group["node_ids"] = np.array([0, 0, 7], "u8")
        if unit:
            group["timestamps"].attrs["units"] = unit
        group.attrs.create("sorting", 1, dtype=h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, "u1"))


def old_sonata(file):
    file["spikes/timestamps"], file["spikes/gids"] = np.array([1.0, 2.0]), np.array([5, 6])


def parsec(file):
    file["spikes/p/timestamps"], file["spikes/p/node_ids"] = np.array([1.0]), np.array([0])
    file["spikes/p/timestamps"].attrs["units"] = "us"


def dense(file):
    cells = np.zeros((2, 4, 3), np.int16)
    cells[0, 1, 2], cells[1, 0, 0], cells[1, 3, 1] = 1, 1, 7
    file["input_spikes"], file.attrs["dt"] = cells, 1e-3


def dense_one(file):
    file["input_spikes"] = np.array([[0, 1], [0.5, 0]], "f4")


#===--- NIR as other tools write it -----------------------------------------===#


def nir(file, nodes, edges, version="1.0.7"):
    if version:
        file.create_dataset("version", data=version, dtype=h5py.string_dtype())
    file["node/type"] = "NIRGraph"
    file.create_dataset("node/edges", data=np.array(edges, object), dtype=h5py.string_dtype())
    for name, params in nodes.items():
        for key, value in params.items():
            file[f"node/nodes/{name}/{key}"] = value


def old_nir(file):
    """Spec 0.1.1: numeric names, no v_reset, float32 beside float64, bytes for strings."""
    file["version"] = np.bytes_("0.1.1")
    file["node/type"] = np.bytes_("NIRGraph")
    file["node/edges"] = np.array([[b"input", b"0"], [b"0", b"1"], [b"1", b"output"]])
    for name, params in {"input": {"type": "Input", "shape": np.array([2])}, "output": {"type": "Output", "shape": np.array([3])},
                         "0": {"type": "Affine", "weight": np.ones((3, 2), "f4"), "bias": np.zeros(3, "f4")},
                         "1": {"type": "LIF", "tau": np.full(3, 2.5e-3), "r": np.ones(3, "f4"), "v_leak": np.zeros(3), "v_threshold": np.ones(3)}}.items():
        for key, value in params.items():
            file[f"node/nodes/{name}/{key}"] = np.bytes_(value) if isinstance(value, str) else value


def metadata_nir(file):
    nir(file, {"a": {"type": "Input", "shape": [1]}, "b": {"type": "Output", "shape": [1]}}, [("a", "b")])
    file["node/metadata/author"] = "somebody"
    file["node/nodes/a/metadata/note"] = np.zeros(3)


def shapeless_edges_nir(file):
    nir(file, {"a": {"type": "Input", "shape": [1]}}, [("a", "b", "c")])


def no_edges_nir(file):
    file["node/type"] = "NIRGraph"
    file["node/edges"] = np.zeros((0,))  # What h5py makes of an empty list.
    file["node/nodes/a/type"] = "Threshold"
    file["node/nodes/a/threshold"] = np.ones(4)


FOLDER = pathlib.Path(sys.argv[1])
save("numbers.h5", numbers, libver="latest")
save("numbers-old.h5", numbers)
for make in (soft, external_link, external_storage, virtual, compound, reference, ragged, wide_enumeration, null, committed, rank, deep, cycle, bush, large, many,
             overflow, clipped, bad_name, control_name, bad_text, long_text, filtered):
    odd(make.__name__, make)
save("graph_data.h5", graph_data)
for make in (sonata, old_sonata, parsec, dense, dense_one):
    save(make.__name__ + ".h5", make)
for make in (old_nir, metadata_nir, shapeless_edges_nir, no_edges_nir):
    save(make.__name__.replace("_nir", "") + ".nir", make)
