"""A worker on this box: `python -m workers serve|probe|build`; people type `farm worker` and `farm models`."""

import argparse
import importlib
import json
import logging
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from farm.contract.errors import FarmError
from farm.contract.job import ModelReference
from farm.settings import forget_secrets, read_settings
from farm.sweeps.catalogue import read_catalogue
from workers import cache, models, preload, probe


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give its exit code. The only place of the workers that exits or speaks to a person."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    try:
        return int(asked.do(asked))
    except FarmError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    commands = parser.add_subparsers(required=True)
    serving = commands.add_parser("serve", help="serve the queues this box fits")
    serving.add_argument("--platform", action="append", default=[])
    serving.add_argument("--tag", action="append", default=[])
    serving.add_argument("--name", default="")
    serving.add_argument("--pool", default="", help="default: the pool that all share")
    serving.add_argument("--with-parent", action="store_true", help="stop when stdin ends")
    serving.set_defaults(do=_serve)
    probing = commands.add_parser("probe", help="say what this box is, as JSON")
    probing.add_argument("--platform", action="append", default=[])
    probing.set_defaults(do=_probe)
    building = commands.add_parser("build", help="build models of the zoo; one JSON line for each")
    building.add_argument("name", nargs="+")
    building.set_defaults(do=_build)
    listing = commands.add_parser("cache", help="list or prune the cached models, as JSON")
    listing.add_argument("--max-bytes", type=int, default=None, help="prune to this size")
    listing.set_defaults(do=_cache)
    return parser


def _serve(asked: argparse.Namespace) -> int:
    settings = read_settings()
    forget_secrets()  # children run models: nothing of the farm's own services is theirs to know
    _log_to_stderr(settings.log_level)
    preload.start(read_catalogue(), asked.platform)
    serving = importlib.import_module("workers.serve")  # only now: the fork server imports meanwhile
    name = asked.name or f"{socket.gethostname()}-{'-'.join(asked.platform) or 'all'}-{os.getpid()}"
    orders = serving.Orders(
        platforms=tuple(asked.platform),
        tags=tuple(asked.tag),
        name=name,
        pool=asked.pool,
        with_parent=asked.with_parent,
    )
    return int(serving.serve(settings, orders))


def _probe(asked: argparse.Namespace) -> int:
    sys.stdout.write(probe.run(json.dumps(asked.platform)).model_dump_json() + "\n")
    return 0


def _build(asked: argparse.Namespace) -> int:
    settings = read_settings()
    for name in asked.name:
        reference = ModelReference(name=name, source="zoo", location=name, family="")
        folder = models.resolve(
            reference, cache_dir=settings.cache_dir, model_roots=(), remote_code=(), offline=settings.offline
        )
        told = {
            "model": name,
            "parameters": folder.parameters,
            "seconds": folder.seconds,
            "path": str(folder.path),
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
    return 0


def _cache(asked: argparse.Namespace) -> int:
    folder = Path(read_settings().cache_dir)
    if asked.max_bytes is not None:
        cache.prune(folder, asked.max_bytes)
    told = [entry._asdict() for entry in cache.entries(folder)]
    sys.stdout.write(json.dumps(told, default=str) + "\n")
    return 0


def _log_to_stderr(level: str) -> None:
    """Log one line per event; the libraries' own loggers only from warnings on."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level, logging.INFO)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main())
