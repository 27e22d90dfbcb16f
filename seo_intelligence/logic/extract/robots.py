"""robots.txt: structure and faults. Whether a URL may be fetched is decided by Protego (RFC 9309)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from protego import Protego

from seo_intelligence.logic.page import FetchError, RobotsFacts, RobotsRule
from seo_intelligence.logic.urls import is_absolute

MAX_BYTES = 512_000
_RULES = frozenset(("allow", "disallow"))
_KNOWN = frozenset(
    [
        "user-agent",
        "allow",
        "disallow",
        "sitemap",
        "crawl-delay",
        "host",
        "clean-param",
        "request-rate",
        "visit-time",
        "noindex",
        "content-signal",
        "content-usage",
    ]
)
_LINE = re.compile(r"^\s*([A-Za-z][A-Za-z-]*)\s*:\s*(.*?)\s*$")


def parse_robots(url: str, status: int | None, body: bytes, error: FetchError | None = None) -> RobotsFacts:
    """Facts of a robots.txt answer. Faults are (line, code, text); codes: unknown_directive, no_user_agent,
    bad_pattern, syntax, bad_sitemap, html.
    """
    if status != 200:
        return RobotsFacts(url, status, len(body), error=error)
    text = body[:MAX_BYTES].decode("utf-8-sig", "replace")
    rules: list[RobotsRule] = []
    sitemaps: list[str] = []
    faults: list[tuple[int, str, str]] = []
    signals: dict[str, dict[str, str]] = {}
    agents: tuple[str, ...] = ()
    in_rules = False
    if re.match(r"\s*<(?:!doctype|html)", text, re.IGNORECASE):
        faults.append((1, "html", text.strip()[:80]))
        return RobotsFacts(url, status, len(body), text, error, faults=tuple(faults))
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split("#", 1)[0].strip()
        if not line:
            continue
        match = _LINE.match(line)
        if match is None:
            faults.append((number, "syntax", line[:120]))
            continue
        directive, value = match.group(1).lower(), match.group(2)
        if directive == "user-agent":
            agents = (value.lower(),) if in_rules or not agents else (*agents, value.lower())
            in_rules = False
            if not value:
                faults.append((number, "syntax", line[:120]))
        elif directive == "sitemap":
            sitemaps.append(value)
            if not is_absolute(value):
                faults.append((number, "bad_sitemap", value[:120]))
        elif directive not in _KNOWN:
            faults.append((number, "unknown_directive", line[:120]))
        elif directive == "content-signal":
            in_rules = True
            pairs = (part.partition("=") for part in value.split(","))
            found = {key.strip().lower(): val.strip().lower() for key, _, val in pairs if key.strip()}
            for agent in agents or ("*",):
                signals.setdefault(agent, {}).update(found)
        else:
            if directive not in ("host", "clean-param"):
                in_rules = True
            if directive in _RULES:
                if not agents:
                    faults.append((number, "no_user_agent", line[:120]))
                if (value and not value.startswith(("/", "*"))) or "$" in value[:-1]:
                    faults.append((number, "bad_pattern", line[:120]))
            rules.append(RobotsRule(number, directive, value, agents))
    return RobotsFacts(
        url, status, len(body), text, error, tuple(rules), tuple(sitemaps), tuple(faults), _frozen(signals)
    )


def _frozen(signals: dict[str, dict[str, str]]) -> Mapping[str, Mapping[str, str]]:
    return {agent: dict(values) for agent, values in signals.items()}


@lru_cache(maxsize=64)
def _parser(text: str) -> Protego:
    return Protego.parse(text)


def allowed(robots: RobotsFacts | None, url: str, agent: str) -> bool:
    """True when the agent may fetch the URL. 4xx means no limits, 5xx and no answer mean none may (RFC
    9309)."""
    if robots is None or (robots.status is not None and 400 <= robots.status < 500):
        return True
    if robots.status != 200:
        return robots.error is None and robots.status is not None and robots.status < 400
    return bool(_parser(robots.text).can_fetch(url, agent))


def names_agent(robots: RobotsFacts, agent: str) -> bool:
    """True when a group is addressed to this agent by name."""
    return any(agent.lower() in rule.agents for rule in robots.rules)
