"""Copies that arrive at once, in processes that are killed and deliver again; the long form is
`make bench-race`."""

import json
import subprocess
import sys

import pytest
import redis

from devtools.waiting import limit_s

long = pytest.mark.long


@pytest.mark.parametrize(
    ("stories", "kind"),
    [
        (25, "postgres"),
        pytest.param(150, "postgres", marks=long),
        pytest.param(150, "sqlite", marks=long),
    ],
)
def test_every_story_has_one_canonical_article_whatever_dies(
    stories: int,
    kind: str,
    request: pytest.FixtureRequest,
    valkey: redis.Redis,
    valkey_url: str,
) -> None:
    store_url: str = request.getfixturevalue(f"{kind}_store_url")
    asked = ["--stories", str(stories), "--crash", "0.01"]
    asked += ["--store", store_url, "--index", valkey_url]
    command = [sys.executable, "-m", "bench.race", *asked, "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=4 * limit_s()
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["one_canonical"] == result["stories"] == stories
    assert (result["lost"], result["mixed"], result["killed"] > 0) == (0, 0, True)
