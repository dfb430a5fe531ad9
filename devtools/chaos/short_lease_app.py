"""The worker's Celery app with leases of seconds: tests need not wait minutes for an expiry.

The config refuses a lease that is shorter than the hard limit of a batch. Leases are renewed while
a batch runs, so a short lease is safe here; a short hard limit would end good work on a busy
machine.
"""

import os

from worker.tasks import app

LEASE = "CHAOS_LEASE_S"

app.conf.broker_transport_options["visibility_timeout"] = float(os.environ[LEASE])
