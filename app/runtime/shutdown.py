"""The end of a serving process: with its parent, and within a limited time."""

import ctypes
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time

logger = logging.getLogger(__name__)

STOP_SECONDS = 22
"""The time that a process has for its last requests. Orchestrators kill it after 30 s."""
_PARENT_SECONDS = 1.0
_LAST_SECONDS = 1.0
_PR_SET_PDEATHSIG = 1


def end_in_time(seconds: float = STOP_SECONDS) -> None:
    """Exit with 1 after a time, unless the process has ended before; one call is enough.

    A thread does it, because a client that does not read its response blocks the server's end, and
    a fault may block the event loop. Where not even a thread can run, the kernel ends the process
    a second later.
    """
    timer = threading.Timer(seconds, _exit)
    timer.daemon = True
    timer.start()
    signal.setitimer(signal.ITIMER_REAL, seconds + _LAST_SECONDS)


def _exit() -> None:
    logger.error("not all requests ended within %d s of the stop; exiting", STOP_SECONDS)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(1)


def end_with_parent() -> None:
    """Make this process get SIGTERM when the process that started it ends in any way."""
    starter = multiprocessing.parent_process()
    parent = os.getppid() if starter is None or starter.pid is None else starter.pid
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) == 0:
            # The parent may have ended before the call.
            if os.getppid() != parent:
                signal.raise_signal(signal.SIGTERM)
            return
        logger.warning("prctl: %s; watching the parent instead", os.strerror(ctypes.get_errno()))
    threading.Thread(target=_watch, args=(parent,), name="parent-watch", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_SECONDS)
    end_in_time()
    os.kill(os.getpid(), signal.SIGTERM)
