"""The message by which the API has due webhooks sent at once."""

from typing import Final

# Travels among the reports: nothing came back, but something is due that should not wait for the schedule.
WAKE_UP: Final = '{"wake_up":true}'
