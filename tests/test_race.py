"""Copies that arrive at once, in processes that are killed and deliver again; the long form is
`make bench-race`."""

import json
import subprocess
import sys

import pytest
import redis

from devtools.waiting import limit_s


@pytest.mark.parametrize(
    ("stories", "crash"), [(25, 0.05), pytest.param(150, 0.01, marks=pytest.mark.long)]
)
def test_every_story_has_one_canonical_article_whatever_dies(
    stories: int, crash: float, store_url: str, valkey: redis.Redis, valkey_url: str
) -> None:
    asked = ["--stories", str(stories), "--crash", str(crash)]
    asked += ["--store", store_url, "--index", valkey_url]
    command = [sys.executable, "-m", "bench.race", *asked, "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=4 * limit_s()
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["one_canonical"] == result["stories"] == stories
    assert (result["lost"], result["mixed"], result["killed"] > 0) == (0, 0, True)
