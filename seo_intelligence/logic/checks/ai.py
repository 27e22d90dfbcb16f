"""Access and readability for AI search, assistants and training crawlers."""

from __future__ import annotations

from collections.abc import Iterator

from seo_intelligence.logic.checks.content import is_article
from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.extract.llms import llms_faults
from seo_intelligence.logic.extract.page import estimated_tokens
from seo_intelligence.logic.extract.robots import allowed, names_agent
from seo_intelligence.logic.extract.structured import walk
from seo_intelligence.logic.extract.text import jaccard
from seo_intelligence.logic.page import Page, Site

_CATEGORY = "ai"
SEARCH_AGENTS = ("OAI-SearchBot", "Claude-SearchBot", "PerplexityBot", "DuckAssistBot")
USER_AGENTS = ("ChatGPT-User", "Claude-User", "Perplexity-User", "Meta-ExternalFetcher", "MistralAI-User")
TRAINING_AGENTS = (
    "GPTBot",
    "ClaudeBot",
    "Google-Extended",
    "Applebot-Extended",
    "Bytespider",
    "Amazonbot",
    "Meta-ExternalAgent",
)
ARCHIVE_AGENTS = ("CCBot", "archive.org_bot")


def _blocked(site: Site, agents: tuple[str, ...]) -> list[str]:
    robots = site.robots
    if robots is None or robots.status != 200:
        return []
    return [agent for agent in agents if not allowed(robots, site.home_url, agent)]


def _by_agents(site: Site, agents: tuple[str, ...]) -> Iterator[Hit]:
    blocked = _blocked(site, agents)
    if blocked and site.robots is not None:
        named = [agent for agent in blocked if names_agent(site.robots, agent)]
        yield Hit({"agents": blocked, "named_in_robots_txt": named}, value=",".join(blocked))


@check(
    id="ai.search_blocked",
    severity=WARNING,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="AI search engines are blocked",
    means="robots.txt keeps crawlers of AI search out, so answers there cannot cite the site.",
    fix="Allow the search agents if the site shall be found there.",
)
def search_blocked(site: Site, ctx: Context) -> Iterator[Hit]:
    yield from _by_agents(site, SEARCH_AGENTS)


@check(
    id="ai.user_blocked",
    severity=WARNING,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="Assistants acting for users are blocked",
    means="robots.txt keeps out assistants that open pages because a user asked for it.",
    fix="Allow these agents if users shall be able to read the site through them.",
)
def user_blocked(site: Site, ctx: Context) -> Iterator[Hit]:
    yield from _by_agents(site, USER_AGENTS)


@check(
    id="ai.training_policy",
    severity=NOTICE,
    category=_CATEGORY,
    scope="site",
    phase="x",
    scored=False,
    title="Training crawlers are blocked",
    means="A policy of the site's owner, listed for information.",
    fix="Nothing to do if meant.",
)
def training_policy(site: Site, ctx: Context) -> Iterator[Hit]:
    yield from _by_agents(site, TRAINING_AGENTS)


@check(
    id="ai.archive_blocked",
    severity=NOTICE,
    category=_CATEGORY,
    scope="site",
    phase="x",
    scored=False,
    title="Web archives are blocked",
    means="Common Crawl or the Internet Archive may not keep copies of the site.",
    fix="Nothing to do if meant.",
)
def archive_blocked(site: Site, ctx: Context) -> Iterator[Hit]:
    yield from _by_agents(site, ARCHIVE_AGENTS)


@check(
    id="ai.edge_block",
    severity=ERROR,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="AI agents are refused by the server",
    means="A firewall refuses AI agents that robots.txt allows, while browsers get the page.",
    fix="Allow the agents in the firewall, or say in robots.txt that they are not welcome.",
)
def edge_block(site: Site, ctx: Context) -> Iterator[Hit]:
    browser = site.probes.get("browser_home")
    if browser is None or browser.status != 200 or browser.is_challenge:
        return
    refused: list[dict[str, object]] = []
    for name, probe in site.probes.items():
        kind, _, agent = name.partition(":")
        if (
            kind == "agent"
            and allowed(site.robots, site.home_url, agent)
            and (probe.status in (401, 403, 406, 429, 451, 503) or probe.is_challenge)
        ):
            refused.append({"agent": agent, "status": probe.status, "challenge": probe.is_challenge})
    if refused:
        yield Hit({"refused": refused}, value=",".join(str(r["agent"]) for r in refused))


@check(
    id="ai.signal_clash",
    severity=WARNING,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="Content-Signal contradicts the rules",
    means="The signal allows a use that a Disallow rule prevents, or forbids one that crawlers of that kind may do.",
    fix="Let both say the same.",
)
def signal_clash(site: Site, ctx: Context) -> Iterator[Hit]:
    robots = site.robots
    if robots is None:
        return
    uses = (
        ("ai-train", TRAINING_AGENTS),
        ("ai-input", (*SEARCH_AGENTS, *USER_AGENTS)),
        ("search", ("Googlebot", "Bingbot")),
    )
    for group, signals in robots.content_signals.items():
        for use, agents in uses:
            value = signals.get(use)
            named = [a for a in agents if group == "*" or a.lower() == group]
            blocked = [a for a in named if not allowed(robots, site.home_url, a)]
            if value == "yes" and blocked:
                evidence = {"signal": f"{use}=yes", "group": group, "disallowed": blocked}
            elif value == "no" and any(names_agent(robots, a) and a not in blocked for a in named):
                welcome = [a for a in named if names_agent(robots, a) and a not in blocked]
                evidence = {"signal": f"{use}=no", "group": group, "allowed": welcome}
            else:
                continue
            yield Hit(evidence, value=f"{group}:{use}")


@check(
    id="ai.llms_missing",
    severity=NOTICE,
    category=_CATEGORY,
    scope="site",
    phase="x",
    scored=False,
    title="No llms.txt",
    means="The site has no llms.txt that leads language models to its main pages (a proposal, not a standard).",
    fix="Add /llms.txt with a heading and links, if you want one.",
)
def llms_missing(site: Site, ctx: Context) -> Iterator[Hit]:
    probe = site.probes.get("llms_txt")
    if probe is not None and probe.error is None and probe.status != 200:
        yield Hit({"url": probe.url, "status": probe.status})


@check(
    id="ai.llms_format",
    severity=NOTICE,
    category=_CATEGORY,
    scope="site",
    phase="x",
    scored=False,
    title="llms.txt is malformed",
    means="The file is no Markdown with one heading and lists of links.",
    fix="Start with # and the site's name, then lists of links.",
)
def llms_format(site: Site, ctx: Context) -> Iterator[Hit]:
    probe = site.probes.get("llms_txt")
    if probe is not None and probe.status == 200:
        faults = llms_faults(probe.text)
        if faults:
            yield Hit({"url": probe.url, "faults": list(faults)}, value=faults[0])


@check(
    id="ai.token_weight",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    scored=False,
    title="Page is costly for language models",
    means="The page has very many tokens, or little of its HTML is text.",
    fix="Reduce inline code and data, or offer a plain version.",
    thresholds={"max_tokens": 100_000, "min_text_share": 0.15, "min_html_chars": 10_000},
)
def token_weight(page: Page, ctx: Context) -> Iterator[Hit]:
    doc = document(page)
    tokens = estimated_tokens(doc.html_chars)
    share = doc.text_chars / doc.html_chars if doc.html_chars else 1.0
    # The share says nothing on small pages, where the head alone outweighs the text.
    if tokens > ctx.t["max_tokens"] or (
        share < ctx.t["min_text_share"] and doc.html_chars >= ctx.t["min_html_chars"]
    ):
        yield Hit({"tokens": tokens, "text_share": round(share, 3)})


@check(
    id="ai.noai",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    scored=False,
    title="noai directive",
    means="The page asks AI systems not to use its text or images; few of them obey.",
    fix="Use robots.txt rules for the agents you mean.",
)
def noai(page: Page, ctx: Context) -> Iterator[Hit]:
    found = sorted(page.robots & {"noai", "noimageai"})
    if found:
        yield Hit({"robots": found})


@check(
    id="ai.cloaking",
    severity=ERROR,
    category=_CATEGORY,
    phase="x",
    title="Crawlers get other content",
    means="The text sent to Googlebot differs much from the text sent to a browser.",
    fix="Serve the same content to both.",
    thresholds={"max_difference": 0.3},
)
def cloaking(site: Site, ctx: Context) -> Iterator[Hit]:
    bot, browser = site.probes.get("googlebot_home"), site.probes.get("browser_home")
    if bot is None or browser is None or bot.status != 200 or browser.status != 200:
        return
    if bot.is_challenge or browser.is_challenge or not (bot.shingles and browser.shingles):
        return
    likeness = jaccard(bot.shingles, browser.shingles)
    if 1 - likeness > ctx.t["max_difference"]:
        evidence = {
            "difference": round(1 - likeness, 3),
            "words": {"googlebot": bot.word_count, "browser": browser.word_count},
        }
        yield Hit(evidence, url=site.home_url)


def _has_author(page: Page) -> bool:
    doc = document(page)
    if any(props.get("author") for item in doc.structured for _, props in walk(item.props)):
        return True
    named = any(
        m.key in ("author", "article:author", "parsely-author", "dc.creator") and m.content for m in doc.metas
    )
    return named or any("author" in link.rel for link in doc.links)


@check(
    id="ai.author_date",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="Article without author or date",
    means="Neither readers nor answer engines can judge who wrote the article and when.",
    fix="Name the author and the date, also in structured data.",
)
def author_date(page: Page, ctx: Context) -> Iterator[Hit]:
    if not is_article(page):
        return
    missing = [] if _has_author(page) else ["author"]
    if page.date_published is None and page.date_modified is None and not document(page).visible_dates:
        missing.append("date")
    if missing:
        yield Hit({"missing": missing}, value=",".join(missing))
