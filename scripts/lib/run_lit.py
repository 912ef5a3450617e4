#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs lit with its arguments; in threads where the machine gives no semaphores.

lit starts a pool of processes, and Python's needs named semaphores in /dev/shm. A plain chroot has none that an ordinary user may make
(found in a bare Debian root). lit only starts other programs, so threads do as well.
"""

import concurrent.futures
import multiprocessing
import pathlib
import sys
import threading
import types

for folder in ("/usr/lib/llvm-22/utils/lit", "/usr/lib/llvm-22/build/utils/lit"):
    if (pathlib.Path(folder) / "lit" / "main.py").exists():
        sys.path.insert(0, folder)
        break

import lit.main  # noqa: E402
import lit.worker  # noqa: E402


class Threads:
    """What lit uses of multiprocessing.Pool."""

    def __init__(self, workers, initializer, arguments):
        initializer(*arguments)
        self.pool = concurrent.futures.ThreadPoolExecutor(workers)
        self.reporting = threading.Lock()

    def apply_async(self, function, args, callback):
        def work():
            result = function(*args)
            with self.reporting:
                callback(result)
            return result

        future = self.pool.submit(work)

        def get(timeout):
            try:
                return future.result(timeout)
            except concurrent.futures.TimeoutError as late:
                raise multiprocessing.TimeoutError from late

        return types.SimpleNamespace(get=get)

    def close(self):
        self.pool.shutdown(wait=False)

    def terminate(self):
        self.pool.shutdown(wait=False, cancel_futures=True)

    def join(self):
        self.pool.shutdown()


try:
    multiprocessing.Lock()
except OSError as problem:
    print(f"lit runs in threads: no semaphores here ({problem})", file=sys.stderr)
    multiprocessing.Pool = Threads
    # Only the main thread may set what a signal does, and here it is the one that Ctrl-C reaches.
    lit.worker.signal = types.SimpleNamespace(signal=lambda *_: None, SIGINT=None, SIG_IGN=None)

lit.main.main()
