"""Push messages to a worker, and read its lines as a program would."""

import json
import re
from typing import Any


def logfmt(line: str) -> dict[str, str]:
    """Parse a line as logfmt, by a parser that knows nothing of the one that wrote it."""
    pairs = re.findall(r'([^ =]+)=("(?:[^"\\]|\\.)*"|[^ "]*)(?: |$)', line)
    assert " ".join(f"{key}={value}" for key, value in pairs) == line
    return {k: json.loads(astral(v)) if v.startswith('"') else v for k, v in pairs}


def astral(text: str) -> str:
    """JSON has no \\UXXXXXXXX."""
    return re.sub(r"(?<!\\)((?:\\\\)*)\\U([0-9a-f]{8})", lambda m: m[1] + chr(int(m[2], 16)), text)


def pushed_message(receipt: str, article: object, **headers: Any) -> str:
    return json.dumps(
        {
            "headers": {"task": "articles.ingest", "id": f"id-{receipt}", **headers},
            "properties": {"delivery_info": {}},
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "body": json.dumps([[[article]], {"receipts": [receipt]}, {}]),
        }
    )
