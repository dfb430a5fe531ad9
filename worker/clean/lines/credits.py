"""Read contributors and their roles from credits such as "Reporting by Ann Lee; Editing by Bo
Chen"."""

import re

from worker.clean.line_rule_config import CreditRules
from worker.clean.text.people import people
from worker.model.records import Contributor

_AT_END = re.compile(r"[(\[]([^()\[\]]{5,600})[)\]]\s*$")
_OUTER = " ()[]."
_FIRST_WORD = re.compile(r"[ ()\[\].]*([^ :]{1,40})")
_JOINTS = " ;,.&"
_AND = re.compile(r"[\s;,.](?:and|und|et|y|e|и)$", re.I)


def read_credits(line: str, rules: CreditRules) -> tuple[Contributor, ...]:
    """Read the people and their roles from a line that consists of credits only, such as "Reporting
    by Ann Lee; Editing by Bo Chen"; return () for any other line."""
    first = _FIRST_WORD.match(line)
    if not first or first[1].lower() not in rules.first_words:
        return ()
    line = line.strip(_OUTER)
    lower = line.replace("\u0130", "I").lower()  # of the same length
    if not rules.announced.match(lower):
        return ()
    matches = list(rules.announced.finditer(lower))
    contributors: dict[tuple[str, str], Contributor] = {}  # strings hash fast
    for at, match in enumerate(matches):
        stop = matches[at + 1].start() if at + 1 < len(matches) else len(line)
        named = _AND.sub("", line[match.end() : stop].rstrip()).strip(_JOINTS)
        names = people(named)
        if named and not names:
            return ()
        role = rules.role_of[match[1].lower()]
        contributors |= {(name, role): Contributor(name=name, role=role) for name in names}
    return tuple(contributors.values())


def credits_at_end(line: str, rules: CreditRules) -> tuple[int, tuple[Contributor, ...]]:
    """Find credits in brackets at the end of a line, such as "(Reporting by Ann Lee)".

    Returns the offset at which they begin, and the people with their roles. For a line without
    credits, these are the length of the line and ().
    """
    match = _AT_END.search(line) if line.endswith((")", "]")) else None
    contributors = read_credits(match[1], rules) if match else ()
    return (match.start(), contributors) if match and contributors else (len(line), ())
