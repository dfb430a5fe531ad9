"""Limit how often somebody may try to sign in, so that nobody finds the password by trying."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

_PERIOD_S = 300.0
_MOST_FROM_ONE = 10  # failures from one address in the period
_MOST_FROM_ALL = 200
_MOST_ADDRESSES = 10_000  # that are remembered


class SignInLimit:
    """Counts failed attempts to sign in during the last five minutes, for each address and for all
    together, and says how long to wait before the next.

    An IPv6 address counts as its /64 network, because one machine can use all addresses of that.
    Its memory is bounded. Threads may share it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._all: list[float] = []
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Seconds until this address may try again; 0.0 if it may try now."""
        with self._lock:
            now = self._clock()
            ours = _recent(self._failures.get(_network(address), []), now)
            self._all = _recent(self._all, now)
            waits = [
                times[-most] + _PERIOD_S - now
                for times, most in ((ours, _MOST_FROM_ONE), (self._all, _MOST_FROM_ALL))
                if len(times) >= most
            ]
            return max(waits, default=0.0)

    def note_failure(self, address: str) -> None:
        """Count a failed attempt from this address."""
        with self._lock:
            now, network = self._clock(), _network(address)
            failures = _recent(self._failures.pop(network, []), now)
            self._failures[network] = [*failures, now][-_MOST_FROM_ONE:]
            self._all = [*_recent(self._all, now), now][-_MOST_FROM_ALL:]
            while len(self._failures) > _MOST_ADDRESSES:
                self._failures.popitem(last=False)

    def note_success(self, address: str) -> None:
        """Forget the failures of an address from which somebody has signed in."""
        with self._lock:
            self._failures.pop(_network(address), None)


def _recent(times: list[float], now: float) -> list[float]:
    return [at for at in times if now - at < _PERIOD_S]


def _network(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:100]
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(ip) >> 64 << 64, 64)))
    return str(ip)
