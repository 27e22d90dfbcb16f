"""One pass over the HTML tree that collects what the checks need."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from lxml.etree import _Element

from seo_intelligence.logic.extract.text import squash
from seo_intelligence.logic.page import Canonical as CanonicalFact
from seo_intelligence.logic.page import (
    Element,
    Form,
    Heading,
    Hreflang,
    Image,
    Link,
    Meta,
    Position,
    Resource,
    Video,
)
from seo_intelligence.logic.urls import BadURL, host_of, resolve, same_site

INLINE = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "ins",
        "kbd",
        "label",
        "mark",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
    ]
)
_SKIPPED = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "math",
        "iframe",
        "object",
        "embed",
        "canvas",
        "textarea",
        "select",
    ]
)
_REGION_BY_TAG = {
    "nav": Position.NAV,
    "footer": Position.FOOTER,
    "aside": Position.ASIDE,
    "main": Position.MAIN,
}
_REGION_BY_ROLE = {
    "navigation": Position.NAV,
    "banner": Position.HEADER,
    "contentinfo": Position.FOOTER,
    "complementary": Position.ASIDE,
    "main": Position.MAIN,
}
_REGION_BY_NAME = {
    "header": Position.HEADER, "site-header": Position.HEADER, "masthead": Position.HEADER, "topbar": Position.HEADER,
    "page-header-bar": Position.HEADER, "nav": Position.NAV, "navbar": Position.NAV, "navigation": Position.NAV,
    "menu": Position.NAV, "main-menu": Position.NAV, "breadcrumb": Position.NAV, "breadcrumbs": Position.NAV,
    "footer": Position.FOOTER, "site-footer": Position.FOOTER, "page-footer": Position.FOOTER,
    "sidebar": Position.ASIDE, "cookie-banner": Position.ASIDE, "cookie-notice": Position.ASIDE,
}  # fmt: skip
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|text-indent\s*:\s*-\d{3,}|font-size\s*:\s*0(?![.\d]*[1-9])"
    r"|(?:left|top)\s*:\s*-\d{4,}px|opacity\s*:\s*0(?![.\d])",
    re.IGNORECASE,
)
_CSS_URL = re.compile(r"url\(\s*['\"]?((?:https?:)?//[^'\")\s]+)", re.IGNORECASE)
_FONT_FACE = re.compile(r"@font-face\s*\{([^}]*)\}", re.IGNORECASE)
_NAMED_CONTROLS = frozenset(("hidden", "submit", "button", "reset", "image"))
_COUNTED_CONTROLS = frozenset(("input", "select", "textarea"))
_DATE_HINT = re.compile(r"publish|posted|date|updated|modified|byline", re.IGNORECASE)
_LIST_CHILDREN = frozenset(("li", "script", "template"))
MAX_TEXT_CHARS = 2_000_000
FAULT_EXAMPLES = 20


class _Ctx(NamedTuple):
    """What an element inherits from its ancestors."""

    region: Position
    content: bool
    hidden: bool
    head: bool
    label: bool
    sectioned: bool


def snippet(element: _Element) -> str:
    """The start tag, shortened, as evidence."""
    attributes = " ".join(f'{k}="{v[:60]}"' for k, v in element.items()[:5])
    return f"<{element.tag} {attributes}>"[:160] if attributes else f"<{element.tag}>"


class Walker:
    """Collects facts from a parsed page. `base` is the address against which hrefs resolve."""

    def __init__(self, base: str, home_host: str, *, include_subdomains: bool) -> None:
        self.base = base
        self.home_host = home_host
        self.include_subdomains = include_subdomains
        self.titles: list[str] = []
        self.titles_outside = 0
        self.metas: list[Meta] = []
        self.canonicals: list[CanonicalFact] = []
        self.hreflangs: list[Hreflang] = []
        self.next_urls: list[str] = []
        self.prev_urls: list[str] = []
        self.links: list[Link] = []
        self.images: list[Image] = []
        self.resources: list[Resource] = []
        self.forms: list[Form] = []
        self.videos: list[Video] = []
        self.headings: list[Heading] = []
        self.json_ld: list[str] = []
        self.inline_scripts: list[str] = []
        self.faults: dict[str, list[Element]] = {}
        self.ids: Counter[str] = Counter()
        self.anchor_names: set[str] = set()
        self.main_parts: list[str] = []
        self.body_parts: list[str] = []
        self.other_chars = 0
        self.hidden_chars = 0
        self.hidden_links = 0
        self.time_texts: list[tuple[str, bool]] = []
        self.label_for: set[str] = set()
        self.pending_controls: list[tuple[str, Element]] = []
        self.preconnects: set[str] = set()
        self.font_faces_without_display = 0
        self.svg_bytes = 0
        self.nodes = 0
        self.max_depth = 0
        self.max_children = 0
        self.has_main = False
        self.has_skip_link = False
        self.footer_parts: list[str] = []
        self.skeleton: set[str] = set()
        self.html_lang: str | None = None
        self.has_microdata = False
        self._resolved: dict[str, tuple[str, str]] = {}
        self._internal: dict[str, bool] = {}

    # -- small tools
    def fault(self, kind: str, element: _Element) -> None:
        """Remember an element that a check will object to."""
        found = self.faults.setdefault(kind, [])
        if len(found) < FAULT_EXAMPLES:
            found.append(Element(str(element.tag), snippet(element)))

    def absolute(self, href: str) -> tuple[str, str]:
        """URL and fragment; an empty URL for other schemes and unparsable hrefs."""
        found = self._resolved.get(href)
        if found is None:
            try:
                found = resolve(self.base, href)
            except BadURL:
                found = ("", "")
            self._resolved[href] = found
        return found

    def internal(self, url: str) -> bool:
        """True when the URL is on the audited site."""
        host = host_of(url)
        found = self._internal.get(host)
        if found is None:
            found = same_site(host, self.home_host, include_subdomains=self.include_subdomains)
            self._internal[host] = found
        return found

    def resource(
        self, raw: str, kind: str, ctx: _Ctx, *, blocking: bool = False, integrity: bool = False
    ) -> None:
        """Remember a file that the page loads."""
        raw = raw.strip()
        if not raw or raw[:5].lower() in ("data:", "about", "blob:", "javas"):
            return
        url = self.absolute(raw)[0]
        self.resources.append(
            Resource(url, kind, raw, ctx.head, blocking, integrity, bool(url) and self.internal(url))
        )

    # -- the pass
    def run(self, root: _Element) -> None:
        """Walk the tree iteratively (pages nest thousands of levels deep)."""
        start = _Ctx(Position.MAIN, False, False, False, False, False)
        stack: list[tuple[_Element | str, _Ctx, int]] = [(root, start, 1)]
        handlers = _HANDLERS
        inline, skipped = INLINE, _SKIPPED
        pop, push = stack.pop, stack.append
        while stack:
            node, ctx, depth = pop()
            if isinstance(node, str):
                self._text(node, ctx)
                continue
            tag = node.tag
            if not isinstance(tag, str):
                continue
            self.nodes += 1
            items = node.items()
            if items:
                attrs = dict(items)
                ctx = self._attributes(node, tag, attrs, ctx)
            else:
                attrs = {}
                region = _REGION_BY_TAG.get(tag)
                if region is not None or tag in ("header", "article", "dialog"):
                    ctx = self._region(tag, attrs, ctx)
            if depth <= 4 and not ctx.head:
                classes = attrs.get("class", "").split()
                self.skeleton.add(f"{depth}{tag}.{classes[0]}" if classes else f"{depth}{tag}")
            handler = handlers.get(tag)
            if handler is not None:
                ctx = handler(self, node, attrs, ctx) or ctx
            if depth > self.max_depth:
                self.max_depth = depth
            if tag in skipped:
                if tag == "svg":
                    # Icons of an ordinary site stay far below the limit, so only larger trees are measured.
                    self._svg(node)
                elif tag in ("object", "select"):
                    self.nodes += sum(1 for _ in node.iter()) - 1
                continue
            children = node[:]
            if children:
                if len(children) > self.max_children:
                    self.max_children = len(children)
                for child in reversed(children):
                    tail = child.tail
                    if tail:
                        push((tail if child.tag in inline else " " + tail, ctx, 0))
                    push((child, ctx, depth + 1))
            text = node.text
            if text:
                self._text(text if tag in inline else " " + text, ctx)
            elif tag not in inline and self.body_parts and tag != "br":
                self.body_parts.append(" ")

    def _text(self, text: str, ctx: _Ctx) -> None:
        if ctx.head:
            return
        if ctx.hidden:
            self.hidden_chars += len(text.strip())
            return
        if ctx.region is Position.MAIN:
            (self.main_parts if ctx.content else self.body_parts).append(text)
        else:
            self.other_chars += len(text.strip())
            if ctx.region is Position.FOOTER:
                self.footer_parts.append(text)

    def _svg(self, node: _Element) -> None:
        count = 0
        size = 0
        for inner in node.iter():
            count += 1
            size += 12 + sum(len(k) + len(v) + 4 for k, v in inner.items())
        self.nodes += count - 1
        self.svg_bytes = max(self.svg_bytes, size)

    def _region(self, tag: str, attrs: dict[str, str], ctx: _Ctx) -> _Ctx:
        if tag == "main":
            self.has_main = True
            return ctx._replace(region=Position.MAIN, content=True)
        if tag == "article":
            return ctx._replace(sectioned=True)
        if tag == "dialog" and "open" not in attrs:
            return ctx._replace(region=Position.ASIDE)
        if tag == "header":
            return ctx if ctx.content or ctx.sectioned else ctx._replace(region=Position.HEADER)
        if tag == "footer" and (ctx.sectioned or ctx.content):
            return ctx
        region = _REGION_BY_TAG.get(tag)
        return ctx._replace(region=region) if region is not None else ctx

    def _attributes(self, node: _Element, tag: str, attrs: dict[str, str], ctx: _Ctx) -> _Ctx:
        if tag in _REGION_BY_TAG or tag in ("header", "article", "dialog"):
            ctx = self._region(tag, attrs, ctx)
        element_id = attrs.get("id")
        if element_id is not None:
            self.ids[element_id] += 1
        style = attrs.get("style")
        if style is not None:
            if (
                not ctx.hidden
                and _HIDING.search(style)
                and attrs.get("role") != "dialog"
                and ctx.region is not Position.NAV
            ):
                ctx = ctx._replace(hidden=True)
            if "//" in style:
                for match in _CSS_URL.finditer(style):
                    self.resource(match.group(1), "image", ctx)
        role = attrs.get("role")
        if role is not None:
            region = _REGION_BY_ROLE.get(role)
            if region is Position.MAIN:
                self.has_main = True
                ctx = ctx._replace(region=Position.MAIN, content=True)
            elif region is not None:
                ctx = ctx._replace(region=region)
        elif tag in ("div", "section", "ul", "p", "table", "td") and not ctx.content and not ctx.sectioned:
            names = attrs.get("class", "").lower().split()
            if element_id:
                names.append(element_id.lower())
            for name in names:
                region = _REGION_BY_NAME.get(name)
                if region is not None:
                    ctx = ctx._replace(region=region)
                    break
        tabindex = attrs.get("tabindex")
        if tabindex is not None and tabindex.strip().isdigit() and int(tabindex) > 0:
            self.fault("tabindex", node)
        if "itemscope" in attrs:
            self.has_microdata = True
        if "onclick" in attrs and tag not in ("a", "button", "input") and "location" in attrs["onclick"]:
            self.fault("onclick_nav", node)
        return ctx

    # -- one method per element; each may return a changed context
    def on_html(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        self.html_lang = attrs.get("lang", attrs.get("xml:lang"))

    def on_head(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> _Ctx:
        return ctx._replace(head=True)

    def on_title(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> _Ctx:
        if ctx.head:
            self.titles.append(squash("".join(node.itertext())))
        else:
            self.titles_outside += 1
            self.fault("outside_head:title", node)
        return ctx._replace(head=True)

    def on_base(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        href = attrs.get("href")
        if href:
            url = self.absolute(href)[0]
            if url:
                self.base = url
                self._resolved.clear()

    def on_meta(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        for attribute in ("name", "property", "http-equiv"):
            key = attrs.get(attribute)
            if key:
                key = key.strip().lower()
                self.metas.append(Meta(key, attrs.get("content", "").strip(), ctx.head, attribute))
                if not ctx.head and "itemprop" not in attrs:
                    self.fault("meta_in_body", node)
                    if key in ("robots", "googlebot", "description"):
                        self.fault(f"outside_head:{'robots' if key == 'googlebot' else key}", node)
                return

    def on_link(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        rels = attrs.get("rel", "").lower().split()
        href = attrs.get("href", "")
        for rel in rels:
            if rel == "canonical":
                self.canonicals.append(
                    CanonicalFact(
                        self.absolute(href)[0] if href.strip() else "",
                        href,
                        "tag",
                        ctx.head,
                        "hreflang" in attrs,
                    )
                )
                if not ctx.head:
                    self.fault("meta_in_body", node)
                    self.fault("outside_head:canonical", node)
            elif rel == "alternate" and "hreflang" in attrs:
                url = self.absolute(href)[0] if href.strip() else ""
                self.hreflangs.append(Hreflang(attrs["hreflang"].strip(), url, href, "tag", ctx.head))
                if not ctx.head:
                    self.fault("outside_head:hreflang", node)
            elif rel == "next" and href:
                self.next_urls.append(self.absolute(href)[0])
            elif rel in ("prev", "previous") and href:
                self.prev_urls.append(self.absolute(href)[0])
            elif rel == "stylesheet":
                media = attrs.get("media", "").lower()
                blocking = ctx.head and "disabled" not in attrs and media in ("", "all", "screen")
                self.resource(href, "style", ctx, blocking=blocking, integrity="integrity" in attrs)
            elif rel in ("icon", "apple-touch-icon"):
                self.resource(href, "icon", ctx)
            elif rel in ("preload", "modulepreload"):
                self.resource(href, "preload", ctx)
            elif rel in ("preconnect", "dns-prefetch"):
                self.preconnects.add(host_of(self.absolute(href)[0]))
            elif rel == "manifest":
                self.resource(href, "manifest", ctx)

    def on_a(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        href = attrs.get("href")
        if "name" in attrs:
            self.anchor_names.add(attrs["name"])
        anchor = squash("".join(node.itertext()) if len(node) else node.text or "")
        named = bool(anchor)
        if not anchor:
            anchor = squash(" ".join(i.get("alt") or "" for i in node.iter("img")))
            if not anchor:
                anchor = squash(attrs.get("aria-label") or attrs.get("title") or "")
                named = bool(anchor) or "aria-labelledby" in attrs
                if not named:
                    named = any(
                        e.get("aria-label") or e.get("title")
                        for e in node.iterdescendants()
                        if isinstance(e.tag, str)
                    )
            else:
                named = True
        if href is None:
            onclick = "onclick" in attrs
            if onclick or not (node.get("id") or node.get("name")):
                self.links.append(
                    Link("", None, anchor[:200], frozenset(), ctx.region, "", False, False, named, onclick)
                )
            return
        if ctx.hidden:
            self.hidden_links += 1
        url, fragment = self.absolute(href)
        rel = attrs.get("rel")
        target = attrs.get("target", "").lower() == "_blank"
        rels = frozenset(rel.lower().split()) if rel else _NO_REL
        internal = bool(url) and self.internal(url)
        self.links.append(
            Link(
                url,
                href,
                anchor[:200],
                rels,
                ctx.region,
                fragment,
                internal,
                target,
                named,
                "onclick" in attrs,
            )
        )
        if not named and attrs.get("aria-hidden") != "true":
            self.fault("link_name", node)
        if href.startswith("#") and len(self.links) <= 3 and len(href) > 1:
            self.has_skip_link = True

    def on_area(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        href = attrs.get("href")
        if href is None:
            return
        url, fragment = self.absolute(href)
        alt = attrs.get("alt", "")
        internal = bool(url) and self.internal(url)
        self.links.append(Link(url, href, alt, _NO_REL, ctx.region, fragment, internal, False, bool(alt)))

    def on_img(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        get = attrs.get
        src = get("src", "").strip()
        if (not src or src.startswith("data:")) and (get("data-src") or get("data-lazy-src")):
            src = (get("data-src") or get("data-lazy-src") or "").strip()
        parent = node.getparent()
        url = "" if not src or src.startswith("data:") else self.absolute(src)[0]
        decorative = get("role") in ("presentation", "none") or get("aria-hidden") == "true"
        self.images.append(
            Image(
                url, src[:300], "" if decorative and "alt" not in attrs else get("alt"),
                get("width", ""), get("height", ""), get("style", ""), get("loading", "").lower(), get("srcset", ""),
                get("sizes", ""), get("fetchpriority", "").lower(),
                parent is not None and parent.tag == "picture", ctx.region, len(self.images), ctx.hidden,
            )
        )  # fmt: skip
        if url:
            self.resource(src, "image", ctx)

    def on_picture(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        if node.find(".//img") is None:
            self.fault("picture_no_img", node)

    def on_script(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        kind = attrs.get("type", "").lower().split(";")[0].strip()
        src = attrs.get("src")
        if kind == "application/ld+json":
            self.json_ld.append(node.text or "")
        elif src:
            deferred = "async" in attrs or "defer" in attrs or kind == "module"
            self.resource(
                src, "script", ctx, blocking=ctx.head and not deferred, integrity="integrity" in attrs
            )
        elif node.text and kind in ("", "text/javascript", "application/javascript", "module"):
            self.inline_scripts.append(node.text)

    def on_style(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        text = node.text or ""
        if "//" in text:
            for match in _CSS_URL.finditer(text):
                self.resource(match.group(1), "style-url", ctx)
        if "@font-face" in text:
            self.font_faces_without_display += sum(
                "font-display" not in match.group(1).lower() for match in _FONT_FACE.finditer(text)
            )

    def on_iframe(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        self.resource(attrs.get("src", ""), "iframe", ctx)
        tracking = ctx.hidden or attrs.get("hidden") is not None or attrs.get("width") in ("0", "1")
        if not (attrs.get("title") or attrs.get("aria-label")) and not tracking:
            self.fault("iframe_title", node)

    def on_object(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        kind = attrs.get("type", "").lower()
        self.resource(attrs.get("data") or attrs.get("src") or "", "object", ctx)
        if node.tag == "applet" or not kind.startswith(
            ("image/", "application/pdf", "text/", "video/", "audio/")
        ):
            self.fault("plugin", node)

    def on_frame(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        self.fault("frames", node)

    def on_media(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        sources = [s.get("src") or "" for s in node.iter("source")]
        for src in [attrs.get("src", ""), *sources]:
            self.resource(src, "media", ctx)
        if node.tag == "video":
            captions = any(
                (t.get("kind") or "subtitles") in ("captions", "subtitles") for t in node.iter("track")
            )
            first = attrs.get("src") or next((s for s in sources if s), "")
            self.videos.append(Video(first, "poster" in attrs, captions, "muted" in attrs))

    def on_form(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        action = attrs.get("action", "").strip()
        url = self.absolute(action)[0] if action else self.base
        password = any((i.get("type") or "").lower() == "password" for i in node.iter("input"))
        self.forms.append(Form(url or action, attrs.get("method", "get").lower(), password))

    def on_heading(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        text = squash("".join(node.itertext()))
        alt_only = False
        if not text:
            text = squash(" ".join(i.get("alt") or "" for i in node.iter("img")))
            alt_only = bool(text)
        self.headings.append(Heading(int(node.tag[1]), text[:500], alt_only))

    def on_label(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> _Ctx | None:
        if "for" in attrs:
            self.label_for.add(attrs["for"])
        return ctx._replace(label=True) if squash("".join(node.itertext())) else None

    def on_control(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        kind = attrs.get("type", "text").lower() if node.tag == "input" else str(node.tag)
        named = any(attrs.get(a) for a in ("aria-label", "aria-labelledby", "title")) or ctx.label
        if named or ctx.hidden or kind in ("hidden", "submit", "reset"):
            return
        if kind == "button":
            if not attrs.get("value"):
                self.fault("button_name", node)
        elif kind == "image":
            if not attrs.get("alt"):
                self.fault("button_name", node)
        else:
            self.pending_controls.append((attrs.get("id", ""), Element(str(node.tag), snippet(node))))

    def on_button(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        if squash("".join(node.itertext())) or any(
            attrs.get(a) for a in ("aria-label", "aria-labelledby", "title")
        ):
            return
        for inner in node.iterdescendants():
            if isinstance(inner.tag, str) and any(inner.get(a) for a in ("alt", "aria-label", "title")):
                return
        self.fault("button_name", node)

    def on_table(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        layout = attrs.get("role") in ("presentation", "none") or node.find(".//table") is not None
        if not layout and node.find(".//td") is not None and node.find(".//th") is None:
            rows = len(node.findall(".//tr"))
            if rows >= 2 and len(node.findall(".//td")) >= 2 * rows:
                self.fault("table_th", node)

    def on_list(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        if attrs.get("role") is None:
            for child in node:
                if isinstance(child.tag, str) and child.tag not in _LIST_CHILDREN:
                    self.fault("list", child)
                    return

    def on_li(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        parent = node.getparent()
        if parent is not None and parent.tag not in ("ul", "ol", "menu") and parent.get("role") != "list":
            self.fault("list", node)

    def on_time(self, node: _Element, attrs: dict[str, str], ctx: _Ctx) -> None:
        if ctx.region is Position.MAIN and len(self.time_texts) < 20:
            hints = f"{attrs.get('class', '')} {attrs.get('itemprop', '')}"
            parent = node.getparent()
            if parent is not None:
                hints += f" {parent.get('class') or ''} {parent.text or ''}"
            text = attrs.get("datetime") or "".join(node.itertext())
            self.time_texts.append((text, bool(_DATE_HINT.search(hints))))

    def finish(self) -> None:
        """Resolve what needs the whole page: labels, repeated ids, the image for shared links."""
        head = _Ctx(Position.HEADER, False, False, True, False, False)
        known = {resource.url for resource in self.resources}
        for meta in self.metas:
            if meta.key == "og:image" and self.absolute(meta.content)[0] not in known:
                self.resource(meta.content, "og-image", head)
        for element_id, element in self.pending_controls:
            if not (element_id and element_id in self.label_for):
                found = self.faults.setdefault("label", [])
                if len(found) < FAULT_EXAMPLES:
                    found.append(element)
        for element_id, count in self.ids.items():
            if count > 1 and element_id.strip():
                found = self.faults.setdefault("dup_id", [])
                if len(found) < FAULT_EXAMPLES:
                    found.append(Element("id", f'id="{element_id[:80]}" ({count} times)'))


_NO_REL: frozenset[str] = frozenset()
_HANDLERS = {
    "html": Walker.on_html, "head": Walker.on_head, "title": Walker.on_title, "base": Walker.on_base,
    "meta": Walker.on_meta, "link": Walker.on_link, "a": Walker.on_a, "area": Walker.on_area, "img": Walker.on_img,
    "picture": Walker.on_picture, "script": Walker.on_script, "style": Walker.on_style, "iframe": Walker.on_iframe,
    "object": Walker.on_object, "embed": Walker.on_object, "applet": Walker.on_object, "frame": Walker.on_frame,
    "frameset": Walker.on_frame, "video": Walker.on_media, "audio": Walker.on_media, "form": Walker.on_form,
    "h1": Walker.on_heading, "h2": Walker.on_heading, "h3": Walker.on_heading, "h4": Walker.on_heading,
    "h5": Walker.on_heading, "h6": Walker.on_heading, "label": Walker.on_label, "input": Walker.on_control,
    "select": Walker.on_control, "textarea": Walker.on_control, "button": Walker.on_button, "table": Walker.on_table,
    "ul": Walker.on_list, "ol": Walker.on_list, "li": Walker.on_li, "time": Walker.on_time,
}  # fmt: skip
