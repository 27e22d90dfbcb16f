"""Language of a text from its script and its stop words.

Each language is known by its most frequent function words. The score of a language is the share of the text's
words that are in its list; the confidence compares the best score with the second (words shared by several
languages count for all of them, so close relatives lower each other's confidence).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_LISTS = {
    "en": "the of and to in is that for it as with was on are be this by at from or an which have not you we can "
    "has will your our their these more when if all there been also but how they into its than",
    "de": "der die und das ist in den von zu mit sich des auf für nicht ein eine dem als auch es an werden aus er "
    "hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber",
    "fr": "le la les de des et en un une du est que pour dans qui sur pas au plus par avec ce se ne sont il elle "
    "nous vous ou mais cette aux son ses leur être ont été votre notre comme tout",
    "es": "el la los las de que y en un una es por con para no se del al lo como más su sus pero este esta son "
    "entre cuando muy sin sobre también hay nos ya o fue ha todo desde nuestro puede",
    "it": "il lo la gli le di che e in un una per è con non si da del della dei delle al alla come più sono anche "
    "nel nella ma questo questa ha o se su ci sono essere tra ogni nostro può dal",
    "pt": "o a os as de que e em um uma para com não se do da dos das no na por mais como mas ao é ser são foi ou "
    "seu sua também pela pelo já nos este esta isso você tem entre quando",
    "nl": "de het een en van in is dat op te voor met zijn die niet aan er om als ook bij naar maar dan worden "
    "door wordt of deze dit heeft uit nog wij je kan over hun onze zoals meer veel",
    "sv": "och att det som en är på för av med den till inte har de ett om vi var från men kan så när eller ska "
    "man blir denna också efter vid alla mycket detta vara sin",
    "da": "og at det er en til af på for med som de ikke den har der et om vi kan fra men var eller så ved også "
    "efter skal sig blive bliver når deres alle vores meget hvor",
    "no": "og i det er en til av på for med som de ikke den har et om vi kan fra men var eller så ved også etter "
    "skal seg blir når deres alle være mye hvor bare noen",
    "fi": "ja on ei että se hän oli mutta kun myös ovat tai kuin joka mitä niin jos sen tämä ole vain voi sekä "
    "jotka ovat kanssa sitä nyt hyvin kaikki olla",
    "pl": "i w na z do nie się jest to że o jak po dla od za są przez ale oraz być tym który które przy może czy "
    "ich go tylko już jego także lub co wszystkie",
    "cs": "a v na se je že o s z do to i za jako pro by ale po jsou od který které jeho která nebo tak jsme být "
    "při také může více pouze všechny kde již",
    "ro": "și de în la a cu pe este un o nu că din pentru mai care sunt sau ce se fi prin au al ale dar după fost "
    "aceasta acest poate toate fără către",
    "hu": "a az és hogy nem is egy ez meg de ha van csak már mint vagy még ki azt el lehet volt kell amely minden "
    "ezt azonban lesz után más nagyon",
    "tr": "ve bir bu için ile de da olarak çok daha en var gibi ne olan kadar sonra ama ya her mi olduğu değil "
    "veya göre tarafından olduğunu nasıl biz",
    "id": "dan yang di untuk dengan dari ini pada adalah dalam tidak itu akan atau juga ke karena oleh kami anda "
    "lebih sebagai dapat ada saat para bisa telah",
    "vi": "và của là có cho không được các một trong những với người khi đã để này từ đến như cũng bạn ra về làm",
}
_STOP_WORDS: Mapping[str, frozenset[str]] = {lang: frozenset(words.split()) for lang, words in _LISTS.items()}
_BY_WORD: dict[str, tuple[str, ...]] = {}
for _lang, _words in _STOP_WORDS.items():
    for _word in _words:
        _BY_WORD[_word] = (*_BY_WORD.get(_word, ()), _lang)

_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
)
MIN_WORDS = 50


def stop_words(lang: str) -> frozenset[str]:
    """The function words of a language (empty for unknown ones)."""
    return _STOP_WORDS.get(lang.split("-")[0], frozenset())


ALL_STOP_WORDS = frozenset(_BY_WORD)


def detect(words: tuple[str, ...], text: str) -> tuple[str | None, float]:
    """Language code and confidence in [0, 1]; (None, 0) under 50 words or when nothing is recognised.

    Scripts used by several languages that are not in the lists (Cyrillic, Arabic) are left undecided.
    """
    if len(words) < MIN_WORDS:
        return None, 0.0
    sample = text[:2000]
    if not sample.isascii():
        letters = sum(map(str.isalpha, sample)) or 1
        for lang, pattern in _SCRIPTS:
            share = len(pattern.findall(sample)) / letters
            if share > (0.1 if lang == "ja" else 0.4):
                return lang, min(1.0, 0.9 + share / 10)
    scores = dict.fromkeys(_STOP_WORDS, 0)
    looked = words[:400]
    for word in looked:
        for lang in _BY_WORD.get(word, ()):
            scores[lang] += 1
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    (best, first), (_, second) = ranked[0], ranked[1]
    share = first / len(looked)
    if share < 0.12:
        return None, 0.0
    margin = (first - second) / first
    return best, min(1.0, 0.5 + margin) if share >= 0.2 else min(0.89, 0.4 + margin)
