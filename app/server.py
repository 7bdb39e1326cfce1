"""The HTTP server: one process by default, optionally several on PostgreSQL."""

import argparse
import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from litestar import Litestar

from app.database.data_file import DataInUse, folder_fault, hold
from app.database.outages import outage_reason
from app.errors import Unavailable
from app.runtime.http_server import serve_by_workers, serve_here
from app.runtime.process import begin_process, run
from app.settings import InvalidSettings, Settings, get_settings
from app.wiring.lifecycle import ensure_admin, prepare
from app.wiring.resources import Shop

_LAST_PORT = 65_535


def main(create_app: Callable[[], Litestar], argv: list[str] | None = None) -> None:
    """Serve the shop until SIGINT or SIGTERM."""
    try:
        settings = get_settings()
        arguments = _parser(settings).parse_args(argv)
        begin_process(settings)
    except InvalidSettings as error:
        sys.exit(f"error: {error}")
    if arguments.workers > 1 and settings.db_host is None:
        sys.exit(
            "error: --workers: SQLite has one writer; "
            "set DB_HOST for several processes on PostgreSQL"
        )
    if arguments.workers > 1 and settings.redis_host is None:
        logging.warning("without Redis (REDIS_HOST), each process counts rate limits separately")
    arguments.port = _free_port(arguments.host, arguments.port)
    _hold_data(settings)
    with contextlib.suppress(KeyboardInterrupt):
        password = asyncio.run(_prepare(settings, is_demo=arguments.demo))
        _print_where(arguments.host, arguments.port, settings, password)
        if arguments.workers > 1:
            serve_by_workers(arguments.host, arguments.port, arguments.workers)
        else:
            run_here(settings, _serve_here(create_app, arguments.host, arguments.port))


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="main.py",
        description="Run the shop. By default, the data is in SQLite under ./var; "
        "DB_HOST and the POSTGRES_* variables, in the environment or in .env, select PostgreSQL.",
    )
    parser.add_argument(
        "--demo", action="store_true", help="fill an empty shop with demo data first"
    )
    parser.add_argument(
        "--host", default=settings.host, help="address to listen on (HOST, %(default)s)"
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=settings.port,
        help="port to listen on; 0 chooses a free one (PORT, %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=settings.workers,
        help="number of processes; several need PostgreSQL (WORKERS, %(default)s)",
    )
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"must be 0 to {_LAST_PORT}")
    return int(text)


async def _prepare(settings: Settings, *, is_demo: bool) -> str | None:
    """Prepare the shop; return the administrator's password if one was generated."""
    shop = Shop(settings)
    try:
        await prepare(shop)
        if shop.is_new:
            print(f"new database made at {settings.data_place}", flush=True)
        if is_demo:
            # The progress bar takes a tenth of a second to import, and most starts do not need it.
            from app.demo.load import fill_with_demo  # pylint: disable=import-outside-toplevel

            await fill_with_demo(shop)
        return await ensure_admin(shop)
    except Unavailable as error:
        sys.exit(f"error: {settings.data_place}: {outage_reason(error)}")
    except (InvalidSettings, OSError) as error:
        sys.exit(f"error: {error}")
    finally:
        await shop.close()


def _hold_data(settings: Settings) -> None:
    if settings.data_file is None:
        return
    try:
        hold(settings.data_file)
    except DataInUse as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {folder_fault(settings.data_file, error)}")


def _free_port(host: str, port: int) -> int:
    """Return the port to listen on: a free one for 0."""
    # The server itself would share a port with a server that already listens.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            return int(probe.getsockname()[1])
        except OSError as error:
            sys.exit(
                f"error: cannot listen on {host}:{port}: {error.strerror}; "
                "choose another port with --port or PORT"
            )


def _print_where(host: str, port: int, settings: Settings, password: str | None) -> None:
    everywhere = "0.0.0.0"  # nosec B104  # compared with, not bound to
    shown = "localhost" if host in (everywhere, "::", "127.0.0.1") else host
    url = f"http://{shown}:{port}"
    print(
        f"Lavka\n  shop  {url}/api/v1/products\n  docs  {url}/docs\n  data  {settings.data_place}",
        flush=True,
    )
    if password is not None:
        print(
            f"  admin {settings.admin_email}, password {password}\n"
            "        (generated at the first start and shown only once)",
            flush=True,
        )


def run_here(settings: Settings, serving: Coroutine[Any, Any, None]) -> None:
    """Run the server; a database that is unavailable ends it with its reason."""
    try:
        run(serving)
    except ExceptionGroup as group:
        # The database may become unavailable after `_prepare`; the framework groups the errors of
        # its start.
        error: Exception = group
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        if not isinstance(error, Unavailable):
            raise
        sys.exit(f"error: {settings.data_place}: {outage_reason(error)}")


async def _serve_here(create_app: Callable[[], Litestar], host: str, port: int) -> None:
    app = create_app()
    async with app.lifespan():
        await serve_here(app, host, port, app.state.streams.stop)
