"""Patterns of leaked keys, injected scripts, spam words, bot challenges and affiliate links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl, urlsplit

from seo_intelligence.logic.page import Element, Link

# (literal that must occur, name, pattern): the literal keeps the cost near zero for ordinary pages.
_SECRETS = (
    ("AKIA", "AWS access key", re.compile(r"\bAKIA[0-9A-Z]{16}\b")),
    ("sk_live_", "Stripe secret key", re.compile(r"\bsk_live_[0-9a-zA-Z]{16,}")),
    ("rk_live_", "Stripe restricted key", re.compile(r"\brk_live_[0-9a-zA-Z]{16,}")),
    ("ghp_", "GitHub token", re.compile(r"\bghp_[0-9A-Za-z]{36}\b")),
    ("github_pat_", "GitHub token", re.compile(r"\bgithub_pat_[0-9A-Za-z_]{40,}")),
    ("glpat-", "GitLab token", re.compile(r"\bglpat-[0-9A-Za-z_\-]{20,}")),
    ("xox", "Slack token", re.compile(r"\bxox[abprs]-[0-9A-Za-z\-]{10,}")),
    ("hooks.slack.com", "Slack webhook", re.compile(r"hooks\.slack\.com/services/T\w+/B\w+/\w{16,}")),
    # Map keys stand in the address of the script by design.
    ("AIza", "Google API key", re.compile(r"(?<!key=)\bAIza[0-9A-Za-z_\-]{35}")),
    ("SG.", "SendGrid key", re.compile(r"\bSG\.[0-9A-Za-z_\-]{16,}\.[0-9A-Za-z_\-]{16,}")),
    ("PRIVATE KEY-----", "private key", re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----")),
    ("sk-", "AI provider key", re.compile(r"\bsk-(?:proj-|ant-)?[0-9A-Za-z_\-]{32,}")),
    ("_secret", "secret assignment", re.compile(
        r"(?i)(?:client|api|app|aws)_secret(?:_(?:access_)?key)?[\"']?\s*[:=]\s*[\"'][0-9A-Za-z/+_\-]{20,}[\"']")),
    ("://", "credentials in a database address", re.compile(
        r"\b(?:postgres(?:ql)?|mysql|mongodb(?:\+srv)?|redis|amqp)://[^\s:/\"'<>]+:[^\s@/\"'<>]+@")),
)  # fmt: skip
_DATABASE = re.compile(r"(?:sql|postgres|mongodb|mongodb\+srv|redis|amqp)://")
_OBFUSCATED = (
    re.compile(r"eval\(\s*function\(p,a,c,k,e,[rd]\)"),
    re.compile(
        r"(?:eval|Function)\s*\(\s*(?:window\.)?(?:atob|unescape|decodeURIComponent|String\.fromCharCode)\s*\("
    ),
    re.compile(r"document\.write\(\s*(?:unescape|atob)\s*\("),
    re.compile(r"fromCharCode\((?:\s*(?:0x)?[0-9a-fA-F]+\s*,){25,}"),
    re.compile(r"(?:\\x[0-9a-fA-F]{2}){40,}"),
)
_SPAM_WORDS = frozenset(["viagra", "cialis", "levitra", "kamagra", "tramadol", "togel", "porn"])
_SPAM_PHRASES = (
    "payday loan", "online casino", "casino bonus", "free spins", "slot gacor", "judi online", "replica watches",
    "cheap jerseys", "escort service", "buy essay", "weight loss pills", "sports betting", "poker online",
)  # fmt: skip
_CHALLENGE = (
    "<title>just a moment...", "<title>attention required! | cloudflare", "<title>ddos-guard",
    "/cdn-cgi/challenge-platform/h/", "cf-chl-", "_incapsula_resource", "px-captcha", "captcha-delivery.com",
    "checking your browser before accessing", "awswafcookiedomainlist", "sgcaptcha",
)  # fmt: skip
_AFFILIATE_HOSTS = (
    "amzn.to",
    "shareasale.com",
    "awin1.com",
    "clickbank.net",
    "linksynergy.com",
    "go.redirectingat.com",
)
_AFFILIATE_PARAMS = frozenset(
    ["tag", "aff", "affid", "aff_id", "affiliate", "affiliate_id", "afftrack", "irclickid", "awinaffid"]
)


def secrets(text: str) -> tuple[Element, ...]:
    """Leaked keys; all but the first characters of a match are redacted."""
    found: list[Element] = []
    for literal, name, pattern in _SECRETS:
        if literal in text and (literal != "://" or _DATABASE.search(text)):
            matches = (match.group(0) for match in pattern.finditer(text))
            found.extend(Element(name, f"{match[:8]}… ({len(match)} characters)") for match in matches)
    return tuple(found[:20])


def obfuscated(scripts: Iterable[str]) -> int:
    """Number of inline scripts that hide their code."""
    return sum(any(pattern.search(script) for pattern in _OBFUSCATED) for script in scripts)


def spam_terms(text: str, words: Sequence[str]) -> int:
    """Occurrences of words typical of injected spam."""
    text = text.lower()
    return sum(word in _SPAM_WORDS for word in words) + sum(map(text.count, _SPAM_PHRASES))


def challenge_marker(status: int | None, headers: dict[str, str], text: str) -> str:
    """The sign by which a bot challenge is known, or an empty string.

    A 200 page counts only when it is short: large pages may carry the vendor's passive script.
    """
    if "challenge" in headers.get("cf-mitigated", ""):
        return "cf-mitigated: challenge"
    if headers.get("x-amzn-waf-action") in ("challenge", "captcha"):
        return f"x-amzn-waf-action: {headers['x-amzn-waf-action']}"
    if status in (403, 429, 503) or len(text) < 20_000:
        start = text[:60_000].lower()
        return next((marker for marker in _CHALLENGE if marker in start), "")
    return ""


def is_affiliate(link: Link) -> bool:
    """True for an external link that earns a commission."""
    if not link.url or link.internal:
        return False
    parts = urlsplit(link.url)
    if any((parts.hostname or "").endswith(host) for host in _AFFILIATE_HOSTS):
        return True
    return (
        any(key.lower() in _AFFILIATE_PARAMS for key, _ in parse_qsl(parts.query)) if parts.query else False
    )
