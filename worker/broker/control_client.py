"""The client side of Celery's remote control, which stops waiting when every worker has answered.

`celery inspect`, `celery status` and `celery control` send a command to all workers at once. Celery
does not know how many there are, so it always waits a second for more answers. The broker says how
many workers received the command; when so many have answered, nothing more can come.
"""

from celery.app.control import Control as CeleryControl

from worker.broker.kombu_internals import CountingMailbox


class Control(CeleryControl):
    """Celery's remote control, which sends one command to all workers, but without needless
    waiting.

    It has the methods and arguments of Celery's class. A call returns as soon as each worker that
    received the command has answered, or when no answer has come for the whole timeout. If no
    worker received the command, it returns at once.
    """

    Mailbox = CountingMailbox
