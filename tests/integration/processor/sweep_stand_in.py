"""Deletes what jobs left on the shared files, as whatever user it is started: `python sweep_stand_in.py`."""

import json
import sys
from pathlib import Path

from ledger.database.connection import FixedCredentials, connect
from ledger.database.settings import Credentials, DatabaseSettings
from upkeep.shared_files import remove_shared_files


def main() -> None:
    """Do one run; standard input names the root and the ledger."""
    asked = json.load(sys.stdin)
    login = FixedCredentials(Credentials(**asked["login"]))
    with connect(DatabaseSettings(**asked["database"]), login) as conn:
        given_up = remove_shared_files(Path(asked["root"]), conn)
    json.dump({"given_up": given_up}, sys.stderr)


if __name__ == "__main__":
    main()
