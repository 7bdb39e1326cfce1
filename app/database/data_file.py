"""The file of a SQLite database: its lock, changes by other processes, and its identity."""

import os
import sqlite3
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt  # pylint: disable=import-error  # only Windows has it
else:
    import fcntl

_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
# The file stays open: its lock ends when it is closed, also if the process is killed.
_held: dict[Path, BinaryIO] = {}


class DataInUse(Exception):
    """Another server holds the data."""


class DataReplaced(OSError):
    """The file was deleted or replaced, so that everything written to it would be lost."""


def folder_fault(path: Path, error: OSError) -> str:
    """Describe why the folder of a database cannot be written, and what to do."""
    return (
        f"DATA_DIR: cannot write to {path.parent.resolve()} ({error.strerror}); "
        "set a folder that can be written (for example DATA_DIR=var)"
    )


def create_private(path: Path) -> bool:
    """Create the file of a database, and its folder; return whether the file is new.

    Only the owner can read both: the database contains password hashes and perhaps the signing key.
    SQLite gives its further files the mode of this one.
    """
    path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    is_new = not path.exists()
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, _PRIVATE_FILE))
    for each in path.parent.glob(f"{path.name}*"):
        _make_private(each, _PRIVATE_FILE)
    # A folder that also holds other files is not the shop's own.
    if all(each.name.startswith(("lavka.", "clock", "media")) for each in path.parent.iterdir()):
        _make_private(path.parent, _PRIVATE_FOLDER)
    return is_new


def _make_private(path: Path, mode: int) -> None:
    # A container's volume may belong to another user, who has chosen its mode.
    with suppress(PermissionError, FileNotFoundError):
        if path.stat().st_mode & 0o777 & ~mode:
            path.chmod(mode)


def back_up(path: Path, target: Path) -> int:
    """Copy a consistent snapshot of a database to a new file; return its size in bytes.

    Raises:
        FileExistsError: the file exists already.
        sqlite3.Error: the database cannot be read.
    """
    # SQLite would overwrite an existing file, and create a new one that everybody can read.
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE))
    try:
        with (
            closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
            # The copy is one file, without a separate write-ahead log.
            copy.execute("PRAGMA journal_mode = DELETE")
            ((result,),) = copy.execute("PRAGMA quick_check(1)")
            if result != "ok":
                raise sqlite3.DatabaseError(f"the database is damaged: {result}")
    except BaseException:
        target.unlink()
        raise
    return target.stat().st_size


def hold(path: Path) -> None:
    """Hold a SQLite database for the server of this process, until the process ends.

    Raises:
        DataInUse: another server holds it.
    """
    lock = _lock_of(path)
    if lock in _held:
        return
    lock.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    file = os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT, _PRIVATE_FILE), "r+b")
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:
        file.close()
        raise DataInUse(
            f"another server already uses {lock.parent}; stop it, or choose another folder "
            "with DATA_DIR"
        ) from error
    _held[lock] = file


def _lock_of(path: Path) -> Path:
    return path.resolve().with_suffix(".lock")


class DataFile:
    """The file of an open SQLite database."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = _lock_of(path)
        self._identity: tuple[int, int] | None = None
        self._announced = self._last_announced()

    def announce_change(self) -> None:
        """Tell the server that this process has changed the database, unless it is the server."""
        if self._lock in _held:
            return
        # The server checks only a time of the file, because it does so for every request.
        at = time.time_ns()
        with suppress(OSError):
            os.utime(self._lock, ns=(at, at))
            self._announced = at

    def is_change_announced(self) -> bool:
        """Return whether another process has announced a change since the last call."""
        before, self._announced = self._announced, self._last_announced()
        return before != self._announced

    def _last_announced(self) -> int:
        try:
            return os.stat(self._lock).st_mtime_ns
        except OSError:
            return 0

    def check_before_connecting(self, *_arguments: object) -> None:
        """Check the file in SQLAlchemy's event `do_connect`, which passes these arguments."""
        self.check()

    def check(self) -> None:
        """Check that the file is the one that was opened first.

        Raises:
            DataReplaced: the file was deleted or replaced.
        """
        try:
            found = os.stat(self._path)
        except FileNotFoundError as error:
            if self._identity is None:
                return
            raise DataReplaced(f"{self._path} was deleted; restart the shop") from error
        if self._identity is None:
            self._identity = (found.st_dev, found.st_ino)
        elif self._identity != (found.st_dev, found.st_ino):
            raise DataReplaced(f"{self._path} was replaced; restart the shop")
