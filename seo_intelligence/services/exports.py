"""An audit as CSV, Excel or PDF. Cells that a spreadsheet would run as formulas are neutralised."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any
from xml.sax.saxutils import escape

from django.db.models import QuerySet

from seo_intelligence.logic.checks.registry import CATEGORIES, all_checks
from seo_intelligence.models import AuditedPage, IssueCause, PageIssue, SiteAudit

MAX_XLSX_ROWS = 200_000
MAX_PDF_CAUSES = 100
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_XML_ILLEGAL = {n: None for n in range(32) if n not in (9, 10, 13)}

CAUSE_HEADER = (
    "check", "title", "severity", "category", "cause", "subject", "pages", "issues", "new", "points", "how_to_fix",
)  # fmt: skip
ISSUE_HEADER = (
    "check", "title", "severity", "category", "url", "target", "value", "evidence", "proven", "state", "cause",
)  # fmt: skip
PAGE_HEADER = (
    "url", "status", "error", "depth", "indexable", "in_sitemap", "template", "title", "description", "h1", "canonical",
    "language", "words", "size_bytes", "ttfb_ms", "total_ms", "inlinks", "outlinks", "pagerank", "errors", "warnings",
    "notices",
)  # fmt: skip


def neutralise(cell: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay numbers."""
    if cell is None:
        return ""
    if isinstance(cell, (bool, int, float)):
        return cell
    text = str(cell).translate(_XML_ILLEGAL)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _title(check_id: str) -> str:
    spec = all_checks().get(check_id)
    return spec.title if spec else check_id


def _fix(check_id: str) -> str:
    spec = all_checks().get(check_id)
    return spec.fix if spec else ""


def cause_rows(audit: SiteAudit) -> Iterator[tuple[Any, ...]]:
    for row in IssueCause.objects.filter(audit=audit).order_by("position"):
        yield (
            row.check_id,
            _title(row.check_id),
            row.severity,
            CATEGORIES.get(row.category, row.category),
            row.cause_kind,
            row.subject,
            row.pages_count,
            row.issues_count,
            row.new_count,
            float(row.points),
            _fix(row.check_id),
        )


def issue_rows(audit: SiteAudit) -> Iterator[tuple[Any, ...]]:
    rows: QuerySet[PageIssue] = (
        PageIssue.objects.filter(audit=audit).select_related("cause").order_by("check_id", "url")
    )
    for row in rows.iterator(chunk_size=2_000):
        yield (
            row.check_id,
            _title(row.check_id),
            row.severity,
            CATEGORIES.get(row.category, row.category),
            row.url,
            row.target,
            row.value,
            "; ".join(f"{name}: {value}" for name, value in row.evidence.items())[:2_000],
            "yes" if row.is_proven else "no",
            row.state,
            row.cause.cause_kind,
        )


def page_rows(audit: SiteAudit) -> Iterator[tuple[Any, ...]]:
    for row in (
        AuditedPage.objects.filter(audit=audit).order_by("-pagerank", "url").iterator(chunk_size=2_000)
    ):
        yield (
            row.url,
            row.status,
            row.fetch_error,
            row.depth,
            "yes" if row.is_indexable else "no",
            "yes" if row.in_sitemap else "no",
            row.template,
            row.title,
            row.description,
            row.h1,
            row.canonical,
            row.language,
            row.word_count,
            row.size,
            row.ttfb_ms,
            row.total_ms,
            row.inlinks,
            row.outlinks,
            row.pagerank,
            row.errors_count,
            row.warnings_count,
            row.notices_count,
        )


TABLES = {
    "fixes": (CAUSE_HEADER, cause_rows),
    "issues": (ISSUE_HEADER, issue_rows),
    "pages": (PAGE_HEADER, page_rows),
}


def as_csv(audit: SiteAudit, table: str) -> Iterator[bytes]:
    """One table as UTF-8 CSV with a byte-order mark, in chunks."""
    header, rows = TABLES[table]
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(header)
    for number, row in enumerate(rows(audit), 1):
        writer.writerow([neutralise(cell) for cell in row])
        if number % 500 == 0:
            yield buffer.getvalue().encode("utf-8", "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "replace")


def summary_rows(audit: SiteAudit) -> list[tuple[str, Any]]:
    """The head of a report."""
    score = "not rated" if audit.score is None else float(audit.score)
    rows: list[tuple[str, Any]] = [
        ("Site", audit.target_url),
        ("Finished", audit.finished_at.isoformat(timespec="seconds") if audit.finished_at else ""),
        ("Health score", score),
        ("Pages crawled", audit.pages_crawled),
        ("Indexable pages", audit.indexable_pages),
        ("Errors", audit.errors_count),
        ("Warnings", audit.warnings_count),
        ("Notices", audit.notices_count),
        ("Affected pages", audit.affected_pages),
        ("Fixes", audit.fixes_count),
    ]
    if audit.score_low is not None and audit.score_high is not None:
        rows.insert(3, ("Score of the whole site between", f"{audit.score_low} and {audit.score_high}"))
    if audit.caps:
        rows.append(("Cut short by", ", ".join(audit.caps)))
    return rows


def as_xlsx(audit: SiteAudit) -> bytes:
    """A workbook with summary, fixes, issues and pages."""
    import xlsxwriter

    buffer = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "in_memory": True,
    }
    with xlsxwriter.Workbook(buffer, options) as book:
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet("Summary")
        sheet.set_column(0, 0, 32)
        sheet.set_column(1, 1, 60)
        for number, (name, value) in enumerate(summary_rows(audit)):
            sheet.write(number, 0, name, bold)
            sheet.write(number, 1, neutralise(value))
        for table, (header, rows) in TABLES.items():
            _write_sheet(book.add_worksheet(table.capitalize()), header, rows(audit), bold)
    return buffer.getvalue()


def _write_sheet(sheet: Any, header: tuple[str, ...], rows: Iterable[tuple[Any, ...]], bold: Any) -> None:
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, header, bold)
    for number, row in enumerate(rows, 1):
        if number > MAX_XLSX_ROWS:
            sheet.write(
                number, 0, f"Only the first {MAX_XLSX_ROWS} rows are in this sheet; the CSV export has all."
            )
            return
        for column, cell in enumerate(row):
            value = neutralise(cell)
            sheet.write(number, column, value[:32_000] if isinstance(value, str) else value)


def as_pdf(audit: SiteAudit) -> bytes:
    """A printable report: the score, what it costs, and the list of fixes."""
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

    styles = getSampleStyleSheet()
    small = styles["BodyText"].clone("small", fontSize=8, leading=10)

    def text(value: Any, style: Any = small) -> Any:
        cleaned = str(value).translate(_XML_ILLEGAL)[:600]
        return Paragraph(escape(cleaned), style)

    grid = TableStyle(
        [
            ("GRID", (0, 0), (-1, -1), 0.25, colors.lightgrey),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
        ]
    )
    story: list[Any] = [text("Site audit", styles["Title"]), text(audit.target_url, styles["Heading2"])]
    head = [[text(name), text(value)] for name, value in summary_rows(audit)]
    story += [Table(head, colWidths=[55 * mm, 115 * mm], style=grid), Spacer(1, 6 * mm)]
    story.append(text("What to fix", styles["Heading2"]))
    causes = list(IssueCause.objects.filter(audit=audit).order_by("position")[:MAX_PDF_CAUSES])
    rows = [[text(name) for name in ("Fix", "Severity", "Pages", "Points", "How")]]
    for cause in causes:
        what = _title(cause.check_id) + (f": {cause.subject}" if cause.subject else "")
        rows.append(
            [
                text(what),
                text(cause.severity),
                text(cause.pages_count or "site"),
                text(f"{cause.points:.2f}"),
                text(_fix(cause.check_id)),
            ]
        )
    if causes:
        widths = [58 * mm, 17 * mm, 14 * mm, 14 * mm, 67 * mm]
        story.append(Table(rows, colWidths=widths, style=grid, repeatRows=1))
    else:
        story.append(text("Nothing: all checks passed.", styles["BodyText"]))
    left = IssueCause.objects.filter(audit=audit).count() - len(causes)
    if left > 0:
        story.append(text(f"{left} further fixes are in the Excel export."))
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        title=f"Site audit of {audit.target_url[:150]}",
        leftMargin=18 * mm,
        rightMargin=18 * mm,
    )
    document.build(story)
    return buffer.getvalue()
