"""Properties that rich results need, by type (from the search engines' public documentation).

`required` holds alternatives: each tuple is satisfied by any one of its properties. `recommended` likewise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Alternatives = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class RichType:
    """Requirements of one type. `top_required` applies only to items that are no part of another."""

    required: Alternatives = ()
    recommended: Alternatives = ()
    top_required: Alternatives = ()


def _props(text: str) -> Alternatives:
    return tuple(tuple(part.split("|")) for part in text.split())


_ARTICLE = RichType(recommended=_props("headline image datePublished author"))
RICH_TYPES: Mapping[str, RichType] = {
    "Article": _ARTICLE,
    "NewsArticle": _ARTICLE,
    "BlogPosting": _ARTICLE,
    "BreadcrumbList": RichType(_props("itemListElement")),
    "Product": RichType(_props("name offers|review|aggregateRating"), _props("image description")),
    "Offer": RichType(
        _props("price|priceSpecification"), _props("priceCurrency|priceSpecification availability")
    ),
    "AggregateOffer": RichType(_props("lowPrice priceCurrency")),
    "Review": RichType(_props("author reviewRating"), _props("datePublished"), _props("itemReviewed")),
    "AggregateRating": RichType(_props("ratingValue ratingCount|reviewCount"), (), _props("itemReviewed")),
    "Rating": RichType(_props("ratingValue")),
    "Event": RichType(_props("name startDate location"), _props("endDate description image")),
    "Recipe": RichType(
        _props("name image"), _props("recipeIngredient recipeInstructions author description")
    ),
    "JobPosting": RichType(
        _props("title description datePosted hiringOrganization jobLocation|applicantLocationRequirements"),
        _props("employmentType validThrough"),
    ),
    "VideoObject": RichType(
        _props("name thumbnailUrl uploadDate"), _props("description contentUrl|embedUrl")
    ),
    "FAQPage": RichType(_props("mainEntity")),
    "QAPage": RichType(_props("mainEntity")),
    "Question": RichType(_props("name acceptedAnswer|suggestedAnswer")),
    "Answer": RichType(_props("text")),
    "LocalBusiness": RichType(_props("name address"), _props("telephone url")),
    "Organization": RichType(recommended=_props("name url")),
    "Course": RichType(_props("name description"), _props("provider")),
    "SoftwareApplication": RichType(_props("name offers|aggregateRating|review")),
    "Movie": RichType(_props("name image")),
    "Book": RichType(_props("name author"), _props("url|workExample")),
    "Dataset": RichType(_props("name description"), _props("creator license")),
    "ProfilePage": RichType(_props("mainEntity")),
    "DiscussionForumPosting": RichType(_props("author datePublished text|image|video")),
}
_SUBTYPES = {
    "Restaurant": "LocalBusiness",
    "Store": "LocalBusiness",
    "Dentist": "LocalBusiness",
    "Hotel": "LocalBusiness",
    "MusicEvent": "Event",
    "SportsEvent": "Event",
    "BusinessEvent": "Event",
    "Festival": "Event",
    "TechArticle": "Article",
    "WebApplication": "SoftwareApplication",
    "MobileApplication": "SoftwareApplication",
    "Corporation": "Organization",
    "OnlineStore": "Organization",
}
# Types whose rich result the search engine has retired.
RETIRED = frozenset(
    (
        "HowTo",
        "SpecialAnnouncement",
        "ClaimReview",
        "OccupationAggregationByEmployer",
        "Occupation",
        "LearningVideo",
    )
)

_ISO_TIME = r"\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s?(?:Z|[+-]\d{2}:?\d{2})?"
_ISO_DATE = re.compile(rf"\d{{4}}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])(?:[T ]{_ISO_TIME})?)?)?")
_DURATION = re.compile(
    r"P(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+W)?(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?"
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_DATES = (
    "datePublished",
    "dateModified",
    "uploadDate",
    "startDate",
    "endDate",
    "datePosted",
    "validThrough",
    "priceValidUntil",
    "dateCreated",
    "birthDate",
)
_URLS = ("url", "image", "logo", "thumbnailUrl", "contentUrl", "embedUrl", "sameAs")
_NUMBERS = (
    "price",
    "lowPrice",
    "highPrice",
    "ratingValue",
    "bestRating",
    "worstRating",
    "ratingCount",
    "reviewCount",
)
_DURATIONS = ("duration", "prepTime", "cookTime", "totalTime")
_ENUMS = {
    "availability": frozenset(
        (
            "InStock",
            "OutOfStock",
            "PreOrder",
            "PreSale",
            "BackOrder",
            "Discontinued",
            "InStoreOnly",
            "OnlineOnly",
            "LimitedAvailability",
            "SoldOut",
            "MadeToOrder",
            "Reserved",
        )
    ),
    "itemCondition": frozenset(("NewCondition", "UsedCondition", "RefurbishedCondition", "DamagedCondition")),
    "eventStatus": frozenset(
        ("EventScheduled", "EventCancelled", "EventMovedOnline", "EventPostponed", "EventRescheduled")
    ),
    "eventAttendanceMode": frozenset(
        ("OfflineEventAttendanceMode", "OnlineEventAttendanceMode", "MixedEventAttendanceMode")
    ),
}


def requirements(types: tuple[str, ...]) -> tuple[str, RichType] | None:
    """Name and requirements of the first type known."""
    for name in types:
        found = RICH_TYPES.get(_SUBTYPES.get(name, name))
        if found is not None:
            return name, found
    return None


def present(props: Mapping[str, Any], alternatives: tuple[str, ...]) -> bool:
    """True when one of the alternatives has a value."""
    return any(props.get(name) not in (None, "", [], {}) for name in alternatives)


def _bad_value(name: str, value: str) -> str:
    if name in _DATES and not _ISO_DATE.fullmatch(value):
        return "date"
    if (
        name in _URLS
        and (" " in value or "://" not in value)
        and not value.startswith(("/", "data:", "#", "_:"))
    ):
        # Relative addresses resolve against the page, so a path is accepted; a bare word is not.
        return "url" if " " in value or "." not in value else ""
    if name in _NUMBERS and not _NUMBER.fullmatch(value):
        return "number"
    if name in _DURATIONS and not _DURATION.fullmatch(value):
        return "duration"
    if name == "priceCurrency" and not _CURRENCY.fullmatch(value):
        return "currency"
    allowed = _ENUMS.get(name)
    if allowed is not None and value.rsplit("/", 1)[-1] not in allowed:
        return "enumeration"
    return ""


def bad_values(props: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(property, value, expected form) of malformed values of one object."""
    found: list[tuple[str, str, str]] = []
    for name, value in props.items():
        for single in value if isinstance(value, list) else (value,):
            if isinstance(single, str) and single.strip():
                expected = _bad_value(name, single.strip())
                if expected:
                    found.append((name, single[:120], expected))
    try:
        rating = float(props["ratingValue"])
        if not float(props.get("worstRating", 0)) <= rating <= float(props.get("bestRating", 5)):
            found.append(("ratingValue", str(props["ratingValue"]), "within worstRating and bestRating"))
    except (KeyError, TypeError, ValueError):
        pass
    return found
