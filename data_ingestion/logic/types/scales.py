"""Answer scales of questionnaires: which wordings form an ordered category, and in what order."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Wordings from the negative or low end to the positive or high end. One list per family; a column belongs to a
#: family when all its answers are in it (after folding), so 4-, 5- and 7-point versions need no list of their own.
_FAMILIES: tuple[tuple[str, ...], ...] = (
    (
        "completely disagree|totally disagree|strongly disagree|disagree strongly|disagree completely",
        "mostly disagree",
        "disagree",
        "moderately disagree",
        "somewhat disagree|slightly disagree|disagree somewhat|disagree slightly|tend to disagree|rather disagree",
        "neither agree nor disagree|neither disagree nor agree|neither|neutral|undecided|neither nor",
        "somewhat agree|slightly agree|agree somewhat|agree slightly|tend to agree|rather agree",
        "moderately agree",
        "agree",
        "mostly agree",
        "completely agree|totally agree|strongly agree|agree strongly|agree completely",
    ),
    (
        "extremely dissatisfied|completely dissatisfied|very dissatisfied|very unsatisfied",
        "dissatisfied|unsatisfied",
        "somewhat dissatisfied|slightly dissatisfied|rather dissatisfied|fairly dissatisfied",
        "neither satisfied nor dissatisfied|neutral|neither",
        "somewhat satisfied|slightly satisfied|rather satisfied|fairly satisfied",
        "satisfied",
        "very satisfied",
        "extremely satisfied|completely satisfied",
    ),
    (
        "never",
        "almost never|hardly ever|very rarely",
        "rarely|seldom",
        "occasionally|once in a while",
        "sometimes",
        "about half the time",
        "often|frequently|regularly",
        "usually|most of the time",
        "very often|very frequently|almost always",
        "always|all the time|every time",
    ),
    (
        "never",
        "less than once a year",
        "yearly|once a year|annually",
        "a few times a year|several times a year",
        "less than once a month",
        "monthly|once a month",
        "a few times a month|2-3 times a month|several times a month",
        "weekly|once a week",
        "a few times a week|2-3 times a week|several times a week",
        "daily|every day|once a day",
        "several times a day|multiple times a day|more than once a day",
    ),
    (
        "extremely unlikely|definitely not|very unlikely|definitely will not",
        "unlikely|probably not|probably will not",
        "somewhat unlikely|rather unlikely",
        "neither likely nor unlikely|neutral|neither|might or might not|maybe|unsure|possibly",
        "somewhat likely|rather likely",
        "likely|probably|probably will|probably yes",
        "very likely|definitely|definitely will|definitely yes",
        "extremely likely",
    ),
    (
        "not at all important|not important at all|very unimportant",
        "unimportant|not important|not very important|low importance",
        "slightly important|somewhat unimportant",
        "somewhat important|neutral|neither important nor unimportant",
        "moderately important|fairly important",
        "important",
        "quite important",
        "very important|high importance",
        "extremely important|essential",
    ),
    (
        "terrible|awful|extremely poor",
        "very poor|very bad",
        "poor|bad",
        "below average",
        "fair|average|ok|okay|acceptable|neutral|neither good nor bad|so-so",
        "above average",
        "good",
        "very good",
        "excellent|outstanding|extremely good",
    ),
    (
        "not at all|none|not",
        "very little|hardly|barely",
        "a little|slightly|a little bit|little",
        "somewhat|to some extent|a moderate amount|moderately|fairly",
        "quite a bit|quite|a lot|considerably|mostly",
        "very|very much|a great deal|to a great extent",
        "extremely|completely|totally|entirely",
    ),
    (
        "much worse",
        "worse",
        "somewhat worse|slightly worse|a little worse",
        "about the same|the same|same|no change",
        "somewhat better|slightly better|a little better",
        "better",
        "much better",
    ),
    (
        "very low|lowest",
        "low",
        "rather low",
        "medium|moderate|average|mid",
        "rather high",
        "high",
        "very high|highest",
    ),
    (
        "much too little|far too little",
        "too little|not enough",
        "about right|just right",
        "too much",
        "far too much|much too much",
    ),
    (
        "very difficult|very hard",
        "difficult|hard",
        "somewhat difficult",
        "neutral|neither easy nor difficult",
        "somewhat easy",
        "easy",
        "very easy",
    ),
    (
        "no formal education|none|no schooling",
        "primary school|primary|elementary school|primary education",
        "some high school|lower secondary",
        "high school|secondary school|secondary|high school graduate|high school diploma|upper secondary",
        "vocational training|vocational|trade school|apprenticeship",
        "some college",
        "associate degree|associate's degree",
        "bachelor's degree|bachelor|bachelors|bachelor degree|undergraduate degree|college|college graduate",
        "master's degree|master|masters|postgraduate|graduate degree|graduate",
        "doctorate|phd|doctoral degree|ph.d.",
    ),
    ("extra small|xs", "small|s", "medium|m", "large|l", "extra large|xl", "xxl"),
    (
        "stimme überhaupt nicht zu|stimme gar nicht zu|trifft überhaupt nicht zu|trifft gar nicht zu",
        "stimme nicht zu|trifft nicht zu",
        "stimme eher nicht zu|trifft eher nicht zu",
        "teils/teils|teils teils|weder noch|neutral|unentschieden",
        "stimme eher zu|trifft eher zu",
        "stimme zu|trifft zu",
        "stimme voll und ganz zu|stimme völlig zu|trifft voll und ganz zu|trifft völlig zu",
    ),
    (
        "sehr unzufrieden",
        "unzufrieden",
        "eher unzufrieden",
        "weder noch|neutral|teils/teils",
        "eher zufrieden",
        "zufrieden",
        "sehr zufrieden",
    ),
    ("nie|niemals", "selten", "gelegentlich", "manchmal", "oft|häufig", "sehr oft|meistens", "immer"),
    (
        "pas du tout d'accord|tout à fait en désaccord",
        "pas d'accord|en désaccord",
        "plutôt pas d'accord|plutôt en désaccord",
        "ni d'accord ni pas d'accord|neutre|sans opinion",
        "plutôt d'accord",
        "d'accord",
        "tout à fait d'accord",
    ),
    (
        "très insatisfait|pas du tout satisfait",
        "insatisfait|pas satisfait",
        "plutôt insatisfait",
        "neutre|ni satisfait ni insatisfait",
        "plutôt satisfait",
        "satisfait",
        "très satisfait|tout à fait satisfait",
    ),
    ("jamais", "rarement", "parfois|de temps en temps", "souvent", "toujours"),
    (
        "totalmente en desacuerdo|muy en desacuerdo",
        "en desacuerdo",
        "algo en desacuerdo",
        "ni de acuerdo ni en desacuerdo|neutral|indiferente",
        "algo de acuerdo",
        "de acuerdo",
        "totalmente de acuerdo|muy de acuerdo",
    ),
    (
        "muy insatisfecho",
        "insatisfecho",
        "algo insatisfecho",
        "neutral|ni satisfecho ni insatisfecho",
        "algo satisfecho",
        "satisfecho",
        "muy satisfecho",
    ),
    (
        "nunca",
        "casi nunca|rara vez|raramente",
        "a veces|algunas veces",
        "a menudo|frecuentemente|casi siempre",
        "siempre",
    ),
)

#: Answers that stand outside a scale: they neither break it nor get a place inside it.
_OUTSIDE = frozenset(
    {
        "don't know",
        "dont know",
        "do not know",
        "not sure",
        "no opinion",
        "prefer not to say",
        "prefer not to answer",
        "refused",
        "weiß nicht",
        "keine angabe",
        "ne sait pas",
        "no sabe",
        "does not apply",
        "no answer",
        "other",
    }
)
_LEADING_NUMBER = re.compile(r"\s*(\d{1,2})\s*[-–=:.)]\s*\S")
_RANGE = re.compile(r"\D{0,3}(\d[\d,. ]*)\s*[kKmM]?\s*(?:-|–|—|to|bis|à|a)\s*\D{0,3}(\d[\d,. ]*)")
_LOWER_OPEN = re.compile(
    r"(?:under|below|less than|up to|<=?|≤|unter|bis|moins de|menos de)\s*\D{0,3}(\d[\d,. ]*)", re.I
)
_UPPER_OPEN = re.compile(
    r"(?:over|above|more than|>=?|≥|über|plus de|más de)\s*\D{0,3}(\d[\d,. ]*)"
    r"|\D{0,3}(\d[\d,. ]*)\s*[kKmM]?\s*"
    r"(?:\+|and over|and older|or more|or older|plus|years and over|and above)",
    re.I,
)
_MIN_POINTS = 3


def _fold(text: str) -> str:
    return re.sub(r"\s+", " ", text.strip().casefold().replace("’", "'"))


def _index(family: tuple[str, ...]) -> dict[str, int]:
    return {_fold(wording): place for place, step in enumerate(family) for wording in step.split("|")}


_INDEXES = tuple(_index(family) for family in _FAMILIES)


def order_scale(values: Iterable[str]) -> tuple[str, ...] | None:
    """The distinct answers in scale order (low to high), answers outside the scale last, or None if it is no scale.

    Recognised: known wordings (agreement, satisfaction, frequency, likelihood, importance, quality, amount ... in
    English, German, French, Spanish), "1 - wording" labels, and number bands ("18-24", "under 20,000", "65+").
    """
    distinct = list(dict.fromkeys(value for value in values if value.strip()))
    inside = [value for value in distinct if _fold(value) not in _OUTSIDE]
    outside = [value for value in distinct if _fold(value) in _OUTSIDE]
    if len(inside) < _MIN_POINTS or len(inside) > 30:
        return None
    keys = _wording_keys(inside) or _number_keys(inside) or _band_keys(inside)
    if keys is None:
        return None
    return tuple(sorted(inside, key=lambda value: keys[value])) + tuple(sorted(outside))


def _wording_keys(values: list[str]) -> dict[str, float] | None:
    best: dict[str, float] | None = None
    for index in _INDEXES:
        places = {value: float(index[_fold(value)]) for value in values if _fold(value) in index}
        # Two different answers at one place ("poor", "bad") would make the order arbitrary.
        folded = {(_fold(value)) for value in values}
        if len(places) == len(values) and len({index[f] for f in folded}) == len(folded):
            best = places
            break
    return best


def _number_keys(values: list[str]) -> dict[str, float] | None:
    keys: dict[str, float] = {}
    for value in values:
        match = _LEADING_NUMBER.match(value)
        if match is None or _RANGE.match(value.strip()):
            return None
        keys[value] = float(match[1])
    return keys if len(set(keys.values())) == len(keys) else None


def _band_keys(values: list[str]) -> dict[str, float] | None:
    keys: dict[str, float] = {}
    ranges = 0
    for value in values:
        text = value.strip()
        if match := _LOWER_OPEN.fullmatch(text) or _LOWER_OPEN.match(text):
            keys[value] = _number(match[1]) - 1e6
        elif match := _UPPER_OPEN.match(text):
            keys[value] = _number(match[1] or match[2]) + 0.5
        elif match := _RANGE.match(text):
            low, high = _number(match[1]), _number(match[2])
            if high < low:
                return None
            ranges += 1
            keys[value] = low
        else:
            return None
    return keys if ranges and len(set(keys.values())) == len(keys) else None


def _number(text: str) -> float:
    digits = re.sub(r"[^\d]", "", text)
    return float(digits) if digits else 0.0
