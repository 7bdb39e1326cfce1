"""The end of a serving process: with its parent, and within a limited time."""

import ctypes
import logging
import os
import signal
import sys
import threading
import time

logger = logging.getLogger(__name__)

STOP_SECONDS = 22
"""The time that a process has for its last requests. Orchestrators kill it after 30 s."""
_PARENT_SECONDS = 1.0
_AGAIN_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1


def end_in_time(seconds: float = STOP_SECONDS) -> None:
    """Exit with 1 after a time, unless the process has ended before; one call is enough.

    A thread does it, because a client that does not read its response blocks the server's end, and
    a fault may block the event loop.
    """
    timer = threading.Timer(seconds, _exit)
    timer.daemon = True
    timer.start()


def _exit() -> None:
    logger.error("not all requests ended within %d s of the stop; exiting", STOP_SECONDS)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(1)


def end_with_parent() -> None:
    """Have this process stop by SIGTERM when the process that started it ends in any way."""
    parent = os.getppid()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
            logger.warning(
                "prctl: %s; watching the parent instead", os.strerror(ctypes.get_errno())
            )
    # Also for a parent that ended before the call above, and where the call does not exist.
    threading.Thread(target=_watch, args=(parent,), name="parent-watch", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_SECONDS)
    end_in_time()
    while True:
        # Again, because a process that is still starting has the handlers of its parent.
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_AGAIN_SECONDS)
