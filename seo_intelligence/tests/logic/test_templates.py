import pytest

from seo_intelligence.logic.templates import assign_templates, url_patterns

BASE = "https://shop.example"


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/", "/"),
        ("/about", "/about"),
        ("/about/", "/about"),
        ("/product/12345", "/product/{number}"),
        ("/2024/05/launch", "/{year}/{number}/launch"),
        ("/news/2024-05-03", "/news/{date}"),
        ("/o/550e8400-e29b-41d4-a716-446655440000", "/o/{id}"),
        ("/o/9f86d081884c7d65", "/o/{id}"),
        ("/p/red-shoes-88123.html", "/p/{slug}.html"),
        ("/list/page-2", "/list/{page}"),
        ("/en-gb/help", "/{locale}/help"),
        ("/search?q=a&sort=b", "/search?q&sort"),
    ],
)
def test_generated_looking_segments_become_placeholders(path, pattern):
    assert url_patterns([BASE + path])[BASE + path] == pattern


def test_words_that_vary_under_one_parent_become_a_slug():
    names = ["oak", "elm", "ash", "fir", "yew", "pine"]
    patterns = url_patterns([f"{BASE}/trees/{n}" for n in names] + [f"{BASE}/trees", f"{BASE}/contact"])
    assert {patterns[f"{BASE}/trees/{n}"] for n in names} == {"/trees/{slug}"}
    assert patterns[f"{BASE}/trees"] == "/trees"
    assert patterns[f"{BASE}/contact"] == "/contact"


def test_sections_with_many_pages_keep_their_names():
    urls = [
        f"{BASE}/{s}/{n}"
        for s in ("a", "b", "c", "d", "e", "f")
        for n in ["one", "two", "three", "four", "five", "six"]
    ]
    assert set(url_patterns(urls).values()) == {f"/{s}/{{slug}}" for s in "abcdef"}


def test_one_pattern_with_two_markups_is_two_templates():
    skeletons = {f"{BASE}/post/{n}": ("article" if n < 6 else "landing") for n in range(10)}
    names = assign_templates(skeletons)
    assert names[f"{BASE}/post/0"] == "/post/{number}"
    assert names[f"{BASE}/post/9"] == "/post/{number} #2"
    assert len(set(names.values())) == 2


def test_a_rare_markup_stays_with_its_pattern():
    skeletons = {f"{BASE}/post/{n}": ("odd" if n == 0 else "article") for n in range(10)}
    assert set(assign_templates(skeletons).values()) == {"/post/{number}"}
