"""How large this machine is, for tests that do media work themselves."""

import os
from typing import Final

from processor.task.task_size import CGROUPS, measure

THIS_MACHINE: Final = measure(os.environ, CGROUPS)
