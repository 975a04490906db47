"""A grid of trials on Dask: rows are stored as each trial ends; trials whose rows are present are skipped."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd
from tqdm.auto import tqdm

from .store import Store

if TYPE_CHECKING:
    from distributed import Client

Trial = Mapping[str, Any]
Outcome = tuple[Trial, pd.DataFrame | Exception]

# A training frees and asks for the same tens of megabytes at every step. Dask's workers give them back to the
# system each time, and fetching them again costs up to half of the time; these keep them (glibc; ignored
# elsewhere).
WORKER_ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1),
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TOP_PAD_": str(2**28),
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def check_client(client: Any) -> None:
    """Refuses what `connect` cannot use.

    Raises:
        ValueError: With what it takes.
    """
    from distributed import Client

    workers = isinstance(client, int) and not isinstance(client, bool) and client >= 1
    if not (client is None or workers or isinstance(client, (str, Client))):
        raise ValueError(
            f"client={client!r} must be a dask Client, a scheduler's address, a number of workers, "
            "or None for one on each core"
        )


@contextmanager
def connect(client: Client | str | int | None = None) -> Iterator[Client]:
    """A Dask client for a sweep.

    Args:
        client: A client (left open), the address of a scheduler, a number of single-threaded worker processes
            to start here, or None for one on each core. Local workers end with the context. A script (not a
            notebook) that starts them must do so under `if __name__ == "__main__":`, because they import it.

    Raises:
        ValueError: For anything else.
        OSError: If no scheduler answers at an address.
    """
    import dask
    from distributed import Client, LocalCluster

    check_client(client)
    if isinstance(client, Client):
        yield client
        return
    if isinstance(client, str):
        with Client(client) as remote:
            yield remote
        return
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


def _on_dask(
    measure: Callable[[Any], pd.DataFrame], trials: Sequence[Trial], client: Client | str | int | None
) -> Generator[Outcome]:
    """Trials as they end, with their rows or their error."""
    from distributed import as_completed

    with connect(client) as dask_client:
        pending = dict(zip(dask_client.map(measure, [dict(t) for t in trials], pure=False), trials))
        try:
            for future in as_completed(list(pending)):
                trial, done = pending.pop(future), future.status == "finished"
                yield trial, future.result() if done else future.exception()
                future.release()
        finally:
            if pending:  # the scheduler tells all of its clients, one that just connects is not ready for it
                dask_client.cancel(list(pending))


def _here(measure: Callable[[Any], pd.DataFrame], trials: Sequence[Trial]) -> Generator[Outcome]:
    """Trials one after the other in this process, with all of its threads."""
    for trial in trials:
        try:
            rows = measure(dict(trial))
        except Exception as error:
            yield trial, error
        else:
            yield trial, rows


def only_itself(trial: Trial) -> list[Trial]:
    """What a trial stands for unless an experiment says otherwise: the rows of its own key."""
    return [trial]


def sweep(
    measure: Callable[[dict[str, Any]], pd.DataFrame],
    trials: Sequence[Trial],
    store: Store,
    *,
    rows_of: Callable[[Trial], Sequence[Trial]] = only_itself,
    client: Client | str | int | None = None,
    here: bool = False,
    stored: Callable[[Trial], None] | None = None,
    desc: str = "trials",
    progress: bool = True,
) -> pd.DataFrame:
    """Measures the trials that a store lacks and returns the rows of all of them.

    This process alone writes, one trial at a time and each whole or not at all. Killing it loses the trials
    that were being measured; a worker that dies has its trial measured again by another (Dask gives up on a
    trial after the third death).

    Args:
        measure: From a trial to its rows, which must hold the store's key. Must be importable by the workers.
        trials: The grid, in the order to measure it.
        store: Where the rows are.
        rows_of: From a trial to the keys of the rows that it gives; a trial is missing where one of them is.
        client: As in `connect`. No worker is started where nothing is missing.
        here: Where there is no client, measure in this process with all of its threads, one trial after the
            other.
        stored: Called with each trial once its rows are on disk.
        desc: What the progress bar counts.
        progress: Show the progress bar, with an estimate of the time left.

    Returns:
        The rows of `trials`, in their order.

    Raises:
        ValueError: If a trial lacks a key column or is given twice, or for a client as in `connect`.
        RuntimeError: If trials failed, after all others have ended; names the first one.
    """
    wanted = {id(t): list(rows_of(t)) for t in trials}
    rows = [row for t in trials for row in wanted[id(t)]]
    store.check(rows)
    present = store.present()
    todo = [t for t in trials if any(store.key_of(row) not in present for row in wanted[id(t)])]
    failed: list[tuple[Trial, Exception]] = []
    if todo:
        check_client(client)
        outcomes = _here(measure, todo) if here and client is None else _on_dask(measure, todo, client)
        bar = tqdm(
            total=len(trials), initial=len(trials) - len(todo), desc=desc, unit="trial", disable=not progress
        )
        with bar, closing(outcomes):
            for trial, outcome in outcomes:
                if isinstance(outcome, Exception):
                    failed.append((trial, outcome))
                else:
                    store.append(outcome, present="skip")
                    if stored:
                        stored(trial)
                bar.update()
    if failed:
        trial, error = failed[0]
        raise RuntimeError(
            f"{len(failed)} of {len(todo)} {desc} failed; the first was {dict(trial)}: {error!r}"
        ) from error
    return store.rows(rows)
