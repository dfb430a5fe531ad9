"""Our worker with a lease of seconds, so that nobody waits minutes for one to run out.

Config refuses a lease under the hard limit of a batch; but leases are renewed, and a hard limit
of seconds would end good work on a busy machine.
"""

import os

from worker.tasks import app

LEASE = "CHAOS_LEASE_S"

app.conf.broker_transport_options["visibility_timeout"] = float(os.environ[LEASE])
