"""Push a raw article from a stock Celery client: python push_celery.py article.json [redis://…]

To a worker's embedded broker: python push_celery.py article.json redis+socket://$PWD/var/broker.sock
"""

import json
import sys
import uuid
from pathlib import Path

from celery import Celery


def push(article: dict, url: str) -> str:
    receipt = str(uuid.uuid4())
    with Celery(broker=url) as app:
        app.send_task(
            "articles.ingest",
            args=[[article]],
            kwargs={"receipts": [receipt]},
            queue="articles",
            ignore_result=True,
            argsrepr="[1 article]",  # otherwise the headers contain the text
        )
    return receipt


if __name__ == "__main__":
    file, *url = sys.argv[1:]
    article = json.loads(Path(file).read_text("utf-8"))
    print(push(article, url[0] if url else "redis://localhost:6379/0"))
