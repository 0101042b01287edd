"""PostgreSQL and Redis from packages, for one machine: nothing to install, nothing left behind.

`start()` and `temporary()` give running services; `with_embedded()` fills the addresses of a
configuration that names none; `python -m cloudchat.local` is what `make run` runs.
"""

from cloudchat.local.embedded import with_embedded
from cloudchat.local.errors import LocalError
from cloudchat.local.process import tie_forks_to_parent
from cloudchat.local.services import Services, start, temporary

__all__ = ["LocalError", "Services", "start", "temporary", "tie_forks_to_parent", "with_embedded"]
