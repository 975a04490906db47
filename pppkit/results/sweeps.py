"""A grid of trials on Dask: each trial's rows are stored as it ends, and trials whose rows are present are skipped."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import dask
import pandas as pd
from distributed import Client, LocalCluster, as_completed
from tqdm.auto import tqdm

from .store import Store

# A training frees and asks for the same tens of megabytes at every step. Dask's workers give them back to the system each time,
# and fetching them again costs up to half of the time; these keep them (glibc; ignored elsewhere).
WORKER_ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1),
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TOP_PAD_": str(2**28),
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


@contextmanager
def connect(client: Client | str | int | None = None) -> Iterator[Client]:
    """A Dask client for a sweep.

    Args:
        client: A client (left open), the address of a scheduler, a number of single-threaded worker processes to start here,
            or None for one on each core. Local workers end with the context. A script (not a notebook) that starts them must
            do so under `if __name__ == "__main__":`, because they import it.

    Raises:
        ValueError: For anything else.
    """
    if isinstance(client, Client):
        yield client
        return
    if isinstance(client, str):
        with Client(client) as remote:
            yield remote
        return
    if client is not None and (not isinstance(client, int) or isinstance(client, bool) or client < 1):
        raise ValueError(
            f"client={client!r} must be a dask Client, a scheduler's address, a number of workers, or None for one on each core"
        )
    with (
        dask.config.set({"distributed.nanny.pre-spawn-environ": WORKER_ENVIRONMENT}),
        LocalCluster(
            n_workers=client or dask.system.CPU_COUNT,
            threads_per_worker=1,
            dashboard_address=":0",
            silence_logs=logging.ERROR,
        ) as cluster,
        Client(cluster) as local,
    ):
        yield local


def sweep(
    measure: Callable[[dict[str, Any]], pd.DataFrame],
    trials: Sequence[Mapping[str, Any]],
    store: Store,
    *,
    client: Client | str | int | None = None,
    desc: str = "trials",
) -> pd.DataFrame:
    """Measures the trials that a store lacks and returns the rows of all of them.

    This process alone writes, one trial at a time and each whole or not at all. Killing it loses the trials that were being
    measured; a worker that dies has its trial measured again by another (Dask gives up on a trial after the third death).

    Args:
        measure: From a trial to its rows, which must hold the store's key. Must be importable by the workers.
        trials: The grid, in the order to measure it.
        store: Where the rows are.
        client: As in `connect`. No worker is started where nothing is missing.
        desc: What the progress bar counts.

    Returns:
        The rows of `trials`, in their order.

    Raises:
        ValueError: If a trial lacks a key column or is given twice.
        RuntimeError: If trials failed, after all others have ended; names the first one.
    """
    store.check(trials)
    todo = store.missing(trials)
    failed: list[tuple[dict[str, Any], BaseException]] = []
    if todo:
        with (
            connect(client) as dask_client,
            tqdm(total=len(trials), initial=len(trials) - len(todo), desc=desc, unit="trial") as bar,
        ):
            futures = {
                f: dict(t)
                for f, t in zip(dask_client.map(measure, [dict(t) for t in todo], pure=False), todo)
            }
            try:
                for future in as_completed(futures):
                    if future.status == "finished":
                        store.append(future.result(), present="skip")
                    else:
                        failed.append((futures[future], future.exception()))
                    bar.update()
                    future.release()
            finally:
                dask_client.cancel(list(futures))
    if failed:
        trial, error = failed[0]
        raise RuntimeError(
            f"{len(failed)} of {len(todo)} {desc} failed; the first was {trial}: {error!r}"
        ) from error
    return store.rows(trials)
