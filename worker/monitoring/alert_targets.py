"""Choose the targets of alerts that the settings name: a webhook, mail, both, or none."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from worker.model.alert_addresses import mail_addresses, smtp_server
from worker.monitoring.alert_mail import send_mail
from worker.monitoring.alert_messages import AlertMessage
from worker.monitoring.webhook import post
from worker.settings import Settings

SendAlert = Callable[[AlertMessage, datetime], None]


def alert_targets(settings: Settings) -> dict[str, SendAlert]:
    """Return the targets to which alerts are sent, by their names "webhook" and "mail".

    The value is a function that sends a report: it takes the report and the present time, and
    raises Unavailable if it can't send it. The result is empty if the settings name no target.
    """
    targets: dict[str, SendAlert] = {}
    if settings.alert_webhook:
        targets["webhook"] = partial(post, settings.alert_webhook, settings.alert_secret)
    if recipients := mail_addresses(settings.alert_mail_to):
        sender = settings.alert_mail_from or recipients[0]
        server = smtp_server(settings.smtp_url)
        targets["mail"] = partial(send_mail, server, sender, recipients)
    return targets
