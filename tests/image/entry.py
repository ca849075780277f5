"""Starts pytest inside of the image; what the image holds comes first, what only tests need comes last."""

import sys

CHECKOUT = "/mnt/checkout"

if __name__ == "__main__":
    sys.path += [CHECKOUT, f"{CHECKOUT}/services", "/mnt/test-packages"]
    import pytest

    own = [
        "-c",
        f"{CHECKOUT}/pyproject.toml",
        "--rootdir",
        CHECKOUT,
        "-o",
        "pythonpath=",
        "-p",
        "no:cacheprovider",
    ]
    sys.exit(pytest.main([*own, "--basetemp", "/scratch/pytest", *sys.argv[1:]]))
