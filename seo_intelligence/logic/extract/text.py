"""Numbers from the main text: words, hashes, shingles, readability, repeated terms."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

MAX_WORDS = 200_000
SKETCH_SIZE = 2_000
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_SENTENCE_END = re.compile(r"[.!?]+(?:\s|$)")
_VOWEL_GROUP = re.compile(r"[aeiouy]+")
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9))

_hash_cache: dict[str, int] = {}
_CACHE_LIMIT = 200_000


@dataclass(frozen=True, slots=True)
class TextFacts:
    """Hashes are 0 for an empty text. `shingles` are the sorted 32-bit hashes of the 3-word shingles
    (the smallest 2,000, a bottom-k sketch, for longer texts), as little-endian bytes.
    """

    words: tuple[str, ...]
    word_count: int
    text_hash: int
    simhash: int
    shingles: bytes


def tokenize(text: str) -> list[str]:
    """Lower-case words; every ideograph or kana is a word of its own, as CJK has no spaces."""
    text = text.lower()
    if not text.isascii() and _CJK.search(text):
        text = _CJK.sub(lambda m: f" {m.group(0)} ", text)
    return _WORD.findall(text)[:MAX_WORDS]


def _word_hash(word: str) -> int:
    found = _hash_cache.get(word)
    if found is None:
        if len(_hash_cache) >= _CACHE_LIMIT:
            _hash_cache.clear()
        found = int.from_bytes(
            blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little"
        )
        _hash_cache[word] = found
    return found


def _simhash(hashes: NDArray[np.uint64]) -> int:
    """Charikar's simhash over words, weighted by how often they occur (all occurrences vote)."""
    bits = np.unpackbits(hashes.view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
    votes = bits.sum(axis=0, dtype=np.int64) * 2 - len(hashes)
    return int.from_bytes(np.packbits(votes > 0, bitorder="little").tobytes(), "little")


def _shingles(hashes: NDArray[np.uint64]) -> bytes:
    if len(hashes) < 3:
        mixed = hashes * _MIX[0]
    else:
        mixed = (hashes[:-2] * _MIX[0]) ^ (hashes[1:-1] * _MIX[1] + hashes[2:] * _MIX[2])
    short = np.unique((mixed >> np.uint64(32)).astype(np.uint32))
    return short[:SKETCH_SIZE].astype("<u4").tobytes()


def text_facts(text: str) -> TextFacts:
    """Facts of one main text."""
    words = tokenize(text)
    if not words:
        return TextFacts((), 0, 0, 0, b"")
    hashes = np.fromiter(map(_word_hash, words), dtype=np.uint64, count=len(words))
    digest = blake2b(hashes.tobytes(), digest_size=8).digest()
    return TextFacts(
        tuple(words),
        len(words),
        int.from_bytes(digest, "little") >> 1 or 1,
        _simhash(hashes),
        _shingles(hashes),
    )


def jaccard(left: bytes, right: bytes) -> float:
    """Jaccard similarity of two shingle sets; an estimate from bottom-k sketches when a text is long."""
    a, b = np.frombuffer(left, dtype="<u4"), np.frombuffer(right, dtype="<u4")
    if not len(a) or not len(b):
        return 0.0
    if len(a) >= SKETCH_SIZE or len(b) >= SKETCH_SIZE:
        union = np.union1d(a, b)[:SKETCH_SIZE]
        both = np.intersect1d(a, b, assume_unique=True)
        return float(np.isin(union, both, assume_unique=True).sum() / len(union))
    common = len(np.intersect1d(a, b, assume_unique=True))
    return common / (len(a) + len(b) - common)


@lru_cache(maxsize=50_000)
def _syllables(word: str) -> int:
    groups = len(_VOWEL_GROUP.findall(word))
    if groups > 1 and word.endswith("e") and not word.endswith("le"):
        groups -= 1
    return max(1, groups)


def flesch_inputs(text: str, words: tuple[str, ...]) -> tuple[int, int]:
    """Sentences and syllables (English vowel groups, silent final e dropped) of the first 2,000 words."""
    sentences = max(1, len(_SENTENCE_END.findall(text[:20_000])))
    syllables = sum(map(_syllables, words[:2000]))
    return sentences, syllables


def flesch_reading_ease(words: int, sentences: int, syllables: int) -> float:
    """Flesch (1948): 206.835 - 1.015 words/sentence - 84.6 syllables/word."""
    return 206.835 - 1.015 * words / sentences - 84.6 * syllables / words


def top_terms(words: tuple[str, ...], stop_words: frozenset[str], n: int = 10) -> tuple[tuple[str, int], ...]:
    """The n most frequent words of three letters or more that are no stop words."""
    counts = Counter(w for w in words if len(w) > 2 and w not in stop_words and not w.isdigit())
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:n])


def squash(text: str) -> str:
    """White space collapsed, ends trimmed."""
    return " ".join(text.split())


@lru_cache(maxsize=16384)
def fold(text: str) -> str:
    """Text for comparisons: compatibility form, case folded, white space collapsed."""
    return squash(unicodedata.normalize("NFKC", text).casefold())
