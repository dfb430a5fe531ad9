"""The address of a Redis or Valkey as it stands in a setting: a URL, or several with ";" between.

    redis://:password@host:6379/0        rediss://host/0?ssl_ca_certs=ca.pem
    redis+socket:///run/valkey.sock
    sentinel://a:26379/0;sentinel://b:26379/0?master_name=news      the primary that these name

Options in the query: `master_name` of the primary, `sentinel_password` where the Sentinels have
one of their own, `global_keyprefix` that all keys begin with.
"""

from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

OPTIONS = ("master_name", "sentinel_password", "global_keyprefix")


class Address(NamedTuple):
    url: str  # without the options
    master_name: str = ""
    sentinel_password: str = ""
    global_keyprefix: str = ""

    @property
    def parts(self) -> list[str]:
        return self.url.split(";")


def address(given: str) -> Address:
    """The options may stand in any of several URLs, and hold for all of them."""
    options: dict[str, str] = {}
    urls = []
    for part in given.split(";"):
        url, _, query = part.partition("?")
        kept = []
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name in OPTIONS:
                options[name] = value
            else:
                kept.append((name, value))
        urls.append(f"{url}?{urlencode(kept)}" if kept else url)
    return Address(";".join(urls), **options)


def masked(given: str) -> str:
    """An address fit for a terminal or a log: three stars for every password."""
    return ";".join(_masked(part) for part in given.split(";"))


def _masked(url: str) -> str:
    head, _, query = url.partition("?")
    if urlsplit(head).password is not None:
        scheme, _, rest = head.partition("://")
        credentials, _, place = rest.rpartition("@")
        head = f"{scheme}://{credentials.partition(':')[0]}:***@{place}"
    pairs = [f"{n}={'***' if 'password' in n else v}" for n, v in _pairs(query)]
    return head + (f"?{'&'.join(pairs)}" if pairs else "")


def _pairs(query: str) -> list[tuple[str, str]]:
    return [(pair.partition("=")[0], pair.partition("=")[2]) for pair in query.split("&") if pair]
