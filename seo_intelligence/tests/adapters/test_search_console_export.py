import contextlib
import datetime as dt
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seo_intelligence.adapters.search_console_export import ExportUnreadable, read_export

QUERIES = 'Top queries,Clicks,Impressions,CTR,Position\nred shoes,12,"1,200",1%,4.25\nboots,0,30,0%,18\n'
PAGES = "Top pages,Clicks,Impressions,CTR,Position\nhttps://shop.example/,10,400,2.5%,3.1\n"
DATES = "Date,Clicks,Impressions,CTR,Position\n2026-02-01,5,100,5%,7\n2026-02-02,0,0,0%,0\n"


def archive(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, text in files.items():
            target.writestr(f"{name}.csv", text.encode("utf-8"))
    return out.getvalue()


def test_a_whole_export_is_read():
    export = read_export(
        archive(
            Queries=QUERIES,
            Pages=PAGES,
            Dates=DATES,
            Countries="Country,Clicks,Impressions,CTR,Position\nGermany,1,2,50%,1\n",
            Devices="Device,Clicks,Impressions,CTR,Position\nMobile,1,2,50%,1\n",
            Filters="Filter,Value\nSearch type,Web\nDate,Last 3 months\n",
        )
    )
    assert [(r.key, r.clicks, r.impressions, r.ctr, r.position) for r in export.queries] == [
        ("red shoes", 12, 1200, 0.01, 4.25),
        ("boots", 0, 30, 0.0, 18.0),
    ]
    assert [r.key for r in export.pages] == ["https://shop.example/"]
    assert export.period == (dt.date(2026, 2, 1), dt.date(2026, 2, 2))
    assert export.filters == (("Search type", "Web"), ("Date", "Last 3 months"))


def test_a_day_without_impressions_has_no_position():
    assert read_export(DATES.encode(), "Dates.csv").dates[1].position is None


def test_a_german_export_with_decimal_commas_is_read():
    text = "Häufigste Suchanfragen;Klicks;Impressionen;CTR;Position\nrote schuhe;12;1.200;1,5 %;4,25\n"
    (row,) = read_export(text.encode("utf-8-sig"), "Suchanfragen.csv").queries
    assert (row.impressions, row.ctr, row.position) == (1200, 0.015, 4.25)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00bad", "UTF-8"),
        (b"a,b,c\n1,2,3\n", "No table"),
        (b"PK\x03\x04broken", "damaged"),
        (b"Top queries,Clicks,Impressions,CTR,Position\nx,many,3,1%,2\n", "without numbers"),
        (b"Top queries,Clicks,Impressions,CTR,Position\nx,9,3,1%,2\n", "impossible"),
        (b"Top queries,Clicks,Impressions,CTR,Position\nx,1\n", "fewer than five"),
    ],
)
def test_unusable_files_are_refused_with_the_reason(content, message):
    with pytest.raises(ExportUnreadable, match=message):
        read_export(content, "Queries.csv")


def test_a_zip_bomb_is_refused():
    with pytest.raises(ExportUnreadable, match="larger than"):
        read_export(archive(Queries="a" * 50_000_001))


@given(st.binary(max_size=300))
def test_no_bytes_make_it_crash(content):
    with contextlib.suppress(ExportUnreadable):
        read_export(content, "Queries.csv")
