"""The rules of alerts: when something that needs attention is reported, and how often.

They are the table `alerts` of `config/monitoring.toml`.
"""

from typing import Annotated

from pydantic import Field

from worker.model.admission import Frozen

_LONGEST_S = 366 * 86_400.0  # a year


class AlertRules(Frozen):
    """When incidents are reported. An incident is one thing that needs the attention of a person,
    such as a store that does not answer, from its beginning to its end.

    The state of the system is judged every `every_s` seconds, by one of the workers. An incident is
    reported after it has lasted `for_s`, by its name; `default_for_s` is for names that are not
    listed there. Its end is reported after it was gone for `recovery_s`. A message waits `group_s`
    for further incidents, to report them together. Incidents that last are reported again every
    `repeat_s`; 0: never. `dead_share_6h` is the share of dead letters, articles that could not be
    processed, in six hours from which `dead-slow` is reported, and `dead_articles_6h` the number
    below which a share says little.
    """

    every_s: float = Field(default=30, ge=1, le=600)
    default_for_s: float = Field(default=0, ge=0, le=_LONGEST_S)
    recovery_s: float = Field(default=120, ge=0, le=_LONGEST_S)
    group_s: float = Field(default=60, ge=0, le=_LONGEST_S)
    repeat_s: float = Field(default=14_400, ge=0, le=_LONGEST_S)
    dead_share_6h: float = Field(default=0.06, gt=0, le=1)
    dead_articles_6h: int = Field(default=20, ge=0)
    for_s: dict[str, Annotated[float, Field(ge=0, le=_LONGEST_S)]] = Field(default_factory=dict)

    def lasting_s(self, name: str) -> float:
        """Return how many seconds an incident with this name lasts before it is reported."""
        return self.for_s.get(name, self.default_for_s)
