"""What the API accepts and what it answers, as types that also make its OpenAPI document.

Not here: decisions that need the ledger or a bucket.
"""

import os

# Looking for plugins of pydantic reads the metadata of every installed package; there are none here.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
