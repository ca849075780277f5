"""Command line: `python -m artifacts lambda|stage|image-hash`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from artifacts.archive import PackageTooLargeError
from artifacts.dependencies import DependencyError
from artifacts.image import image_content_hash
from artifacts.lambda_package import build_lambda_package
from artifacts.platforms import Architecture
from artifacts.sources import MissingSourceError
from artifacts.stage import stage_image


def main(arguments: list[str]) -> int:
    """Runs one command and returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except (DependencyError, MissingSourceError, PackageTooLargeError) as error:
        sys.stderr.write(f"artifacts: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m artifacts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    package = commands.add_parser("lambda", help="build the package of the Lambda functions")
    package.add_argument("--output", type=Path, required=True, help="zip file to write")
    package.add_argument(
        "--architecture", type=Architecture, choices=list(Architecture), default=Architecture.ARM64
    )
    stage = commands.add_parser("stage", help="lay out the container image's packages for this machine")
    stage.add_argument("--output", type=Path, required=True, help="directory that holds the copies")
    stage.add_argument("--ca-bundle", type=Path, required=True, help="trusted roots to put in place of AWS's")
    commands.add_parser("image-hash", help="print the tag of the container image")
    return parser


def _run(options: argparse.Namespace) -> None:
    if options.command == "lambda":
        package = build_lambda_package(options.output, options.architecture)
        sys.stdout.write(
            f"{package.path}  {package.path.stat().st_size:,} bytes, {package.unzipped_bytes:,} unzipped, "
            f"{package.files} files\nsha256 {package.sha256}\n"
        )
    elif options.command == "stage":
        sys.stdout.write(f"{stage_image(options.output, options.ca_bundle.read_bytes())}\n")
    else:
        sys.stdout.write(f"{image_content_hash()}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
