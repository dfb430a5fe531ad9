"""Push a raw article with redis-py: python push.py article.json [redis://…]

To the embedded broker of a worker: python push.py article.json unix://$PWD/var/broker.sock
"""

import base64
import json
import sys
import uuid
from pathlib import Path

import redis


def message(article: dict, receipt: str) -> str:
    """A Celery message, task protocol 2. It may hold several articles: see docs/message.md."""
    body = [[[article]], {"receipts": [receipt]}, {}]
    return json.dumps(
        {
            "headers": {"task": "articles.ingest", "id": str(uuid.uuid4())},
            "properties": {"delivery_info": {}, "body_encoding": "base64"},
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "body": base64.b64encode(json.dumps(body).encode()).decode(),
        }
    )


if __name__ == "__main__":
    file, *url = sys.argv[1:]
    receipt = str(uuid.uuid4())
    with redis.Redis.from_url(url[0] if url else "redis://localhost:6379/0") as broker:
        broker.lpush("articles", message(json.loads(Path(file).read_text("utf-8")), receipt))
    print(receipt)
