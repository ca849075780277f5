"""Runs one task as the local agent does, under whatever user this program has: `python agent_stand_in.py`.

Standard input says what to run. A process beside the container, with a secret in its environment, shows that
the user of the task can read what is not protected.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from local.agent.child import TaskProcess


def main() -> int:
    """Run the task to its end; its output is this program's."""
    asked = json.load(sys.stdin)
    with subprocess.Popen(["sleep", "600"], env={"DECOY": asked["wanted"]["secrets"]["DECOY"]}) as beside:
        Path(asked["wanted_path"]).write_text(json.dumps(asked["wanted"] | {"beside": beside.pid}))
        task = TaskProcess(
            asked["command"],
            environment=asked["environment"],
            directory=Path(asked["directory"]),
            cores=asked["cores"],
            on_line=lambda line: print(line, flush=True),  # noqa: T201 (its output is this program's)
        )
        while (code := task.exit_code()) is None:
            time.sleep(0.05)
        beside.kill()
    return code


if __name__ == "__main__":
    sys.exit(main())
