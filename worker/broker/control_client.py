"""The client side of Celery's remote control, which stops waiting when every worker has answered.

`celery inspect`, `celery status` and `celery control` send a command to all workers at once. Celery
does not know how many there are, so it always waits a second for more answers. The broker says how
many workers received the command; when so many have answered, nothing more can come.
"""

from celery.app.control import Control as CeleryControl

from worker.broker.kombu_internals import CountingMailbox


class Control(CeleryControl):
    """Celery's remote control, by which one command is sent to all workers, without idle waits.

    It has the methods and arguments of Celery's class. A call returns when each worker that
    received the command has answered, and at the latest after its timeout without an answer. It
    returns at once when no worker listens.
    """

    Mailbox = CountingMailbox
