"use client";

import { useQuery } from "@tanstack/react-query";
import { ArrowDown, ArrowUp, Search } from "lucide-react";
import { useState } from "react";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Input } from "@/components/ui/input";
import { Pagination } from "@/components/ui/pagination";
import { Select } from "@/components/ui/select";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { Table, TableCell, TableHead, TableRow } from "@/components/ui/table";
import { useI18n } from "@/context/i18n";
import { useUrlState } from "@/hooks/use-url-state";
import { seoKeys } from "@/lib/api/keys";
import { type AuditedPage, getAuditedPage, listLinks, listPages, type PageFilter } from "@/lib/api/seo";
import type { MessageKey } from "@/lib/i18n/translator";
import { EvidenceValues } from "./fix-list";
import { SeverityBadge } from "./severity";

const PAGE_SIZE = 50;
const SHOW: Readonly<Record<string, PageFilter>> = {
  all: {}, errors: { has_errors: true }, indexable: { is_indexable: true }, excluded: { is_indexable: false }, redirects: { status_min: 300, status_max: 399 }, broken: { status_min: 400 },
};
const COLUMNS: readonly [string, MessageKey, string][] = [
  ["status", "pages.status", "status"],
  ["depth", "pages.depth", "depth"],
  ["pagerank", "pages.rank", "pagerank"],
  ["inlinks", "pages.inlinks", "inlinks"],
  ["word_count", "pages.words", "word_count"],
  ["ttfb_ms", "pages.ttfb", "ttfb_ms"],
  ["errors_count", "severity.error", "errors_count"],
];

export function PageExplorer({ auditId }: { auditId: string }) {
  const { t, format } = useI18n();
  const { get, set, page } = useUrlState();
  const show = get("show") && SHOW[get("show") ?? ""] ? (get("show") ?? "all") : "all";
  const search = get("q") ?? "";
  const ordering = get("order") ?? "-pagerank";
  const [typed, setTyped] = useState(search);
  const filter: PageFilter = { ...SHOW[show], search: search || undefined, ordering, page, page_size: PAGE_SIZE };
  const query = useQuery({ queryKey: seoKeys.part("pages", { id: auditId, ...filter }), queryFn: ({ signal }) => listPages(auditId, filter, signal), placeholderData: (previous) => previous });
  const openPage = get("url");
  const cell = (row: AuditedPage, key: string) => {
    if (key === "status") return row.status ? <Badge tone={row.status >= 400 ? "bad" : row.status >= 300 ? "warning" : "good"}>{row.status}</Badge> : <Badge tone="bad">{row.fetch_error || "–"}</Badge>;
    if (key === "pagerank") return format.number((row.pagerank ?? 0) * 100, { maximumFractionDigits: 2 });
    const value = row[key as keyof AuditedPage];
    return typeof value === "number" ? format.number(value) : "–";
  };
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap gap-2">
        <form role="search" className="relative w-full max-w-sm" onSubmit={(event) => { event.preventDefault(); set({ q: typed.trim(), page: null }); }}>
          <Search className="absolute start-2.5 top-2.5 size-4 text-ink-3" aria-hidden />
          <Input type="search" dir="ltr" className="ps-8" aria-label={t("pages.search")} placeholder={t("pages.search")} value={typed} onChange={(event) => setTyped(event.target.value)} />
        </form>
        <Select
          className="w-52"
          aria-label={t("pages.show")}
          value={show}
          onValueChange={(next) => set({ show: next === "all" ? null : next, page: null })}
          options={(["all", "errors", "indexable", "excluded", "redirects", "broken"] as const).map((value) => ({ value, label: t(`pages.show.${value}`) }))}
        />
      </div>
      {query.isPending ? <LoadingRegion label={t("common.loading")}><Skeleton className="h-72" /></LoadingRegion> : null}
      {query.isError ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data?.count === 0 ? <EmptyState icon={Search} title={t("common.nothingFound")} /> : null}
      {query.data && query.data.count > 0 ? (
        <Card>
          <Table label={t("audit.tab.pages")}>
            <thead>
              <tr>
                <TableHead>{t("pages.page")}</TableHead>
                {COLUMNS.map(([key, label, field]) => {
                  const direction = ordering === field ? "up" : ordering === `-${field}` ? "down" : null;
                  return (
                    <TableHead key={key} className="text-end" aria-sort={direction === "up" ? "ascending" : direction === "down" ? "descending" : undefined}>
                      <button type="button" className="inline-flex items-center gap-1 rounded hover:text-ink" onClick={() => set({ order: direction === "down" ? field : `-${field}`, page: null })}>
                        {t(label)}
                        {direction === "up" ? <ArrowUp className="size-3" aria-hidden /> : null}
                        {direction === "down" ? <ArrowDown className="size-3" aria-hidden /> : null}
                      </button>
                    </TableHead>
                  );
                })}
              </tr>
            </thead>
            <tbody>
              {query.data.results.map((row) => (
                <TableRow key={row.id}>
                  <TableCell className="max-w-md">
                    <button type="button" onClick={() => set({ url: row.id }, { push: true })} className="block max-w-full rounded text-start hover:text-accent">
                      <span dir="auto" className="block truncate font-medium">{row.title || t("pages.untitled")}</span>
                      <span dir="ltr" className="block truncate text-start text-xs text-ink-3">{row.url}</span>
                    </button>
                  </TableCell>
                  {COLUMNS.map(([key]) => <TableCell key={key} className="text-end tabular">{cell(row, key)}</TableCell>)}
                </TableRow>
              ))}
            </tbody>
          </Table>
          <Pagination page={page} pageSize={PAGE_SIZE} count={query.data.count} onPage={(next) => set({ page: String(next) }, { push: true })} />
        </Card>
      ) : null}
      {openPage ? <PageSheet auditId={auditId} pageId={openPage} onClose={() => set({ url: null })} /> : null}
    </div>
  );
}

function PageSheet({ auditId, pageId, onClose }: { auditId: string; pageId: string; onClose: () => void }) {
  const { t, format } = useI18n();
  const query = useQuery({ queryKey: seoKeys.part("page", { auditId, pageId }), queryFn: ({ signal }) => getAuditedPage(auditId, pageId, signal), staleTime: Infinity });
  const page = query.data;
  const facts: [string, string][] = page
    ? [
        [t("pages.status"), String(page.status ?? "–")],
        [t("pages.canonical"), page.canonical || "–"],
        [t("pages.description"), page.description || "–"],
        ["H1", page.h1 || "–"],
        [t("pages.language"), page.language || "–"],
        [t("pages.words"), format.number(page.word_count ?? 0)],
        [t("pages.depth"), String(page.depth ?? "–")],
        [t("pages.ttfb"), page.ttfb_ms === null || page.ttfb_ms === undefined ? "–" : format.number(page.ttfb_ms)],
        [t("data.size"), format.bytes(page.size ?? 0)],
        [t("pages.template"), page.template || "–"],
      ]
    : [];
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent kind="sheet-wide" title={page?.title || t("pages.page")} description={page ? <bdi dir="ltr">{page.url}</bdi> : undefined} closeLabel={t("common.close")}>
        {query.isPending ? <Skeleton className="h-64" /> : null}
        {query.isError ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : null}
        {page ? (
          <div className="flex flex-col gap-6">
            <dl className="grid gap-x-6 gap-y-1.5 text-sm sm:grid-cols-[10rem_1fr]">
              {facts.map(([label, text]) => (
                <div key={label} className="contents">
                  <dt className="text-ink-3">{label}</dt>
                  <dd dir="auto" className="break-words">{text}</dd>
                </div>
              ))}
            </dl>
            <section>
              <h3 className="mb-2 text-sm font-semibold">{t("pages.issues", { count: page.issues.length })}</h3>
              {page.issues.length === 0 ? <p className="text-sm text-ink-3">{t("audit.noIssues")}</p> : null}
              <ul className="divide-y divide-line rounded-lg border border-line">
                {page.issues.map((issue) => (
                  <li key={issue.id} className="px-3 py-2 text-sm">
                    <span className="flex items-center gap-2"><SeverityBadge severity={issue.severity} /> <span dir="auto" className="font-medium">{issue.title}</span></span>
                    <span className="mt-1 block text-xs break-words text-ink-3"><EvidenceValues evidence={issue.evidence} value={issue.value} /></span>
                  </li>
                ))}
              </ul>
            </section>
            <Links auditId={auditId} url={page.url} />
          </div>
        ) : null}
      </DialogContent>
    </Dialog>
  );
}

function Links({ auditId, url }: { auditId: string; url: string }) {
  const { t } = useI18n();
  const [direction, setDirection] = useState<"in" | "out">("in");
  const query = useQuery({ queryKey: seoKeys.part("links", { auditId, url, direction }), queryFn: ({ signal }) => listLinks(auditId, url, direction, signal), staleTime: Infinity });
  return (
    <section>
      <div className="mb-2 flex items-center gap-2">
        <h3 className="text-sm font-semibold">{t("pages.links", { count: query.data?.count ?? 0 })}</h3>
        <span className="ms-auto flex gap-1">
          {(["in", "out"] as const).map((value) => <Button key={value} size="sm" variant={direction === value ? "primary" : "secondary"} aria-pressed={direction === value} onClick={() => setDirection(value)}>{t(`pages.links.${value}`)}</Button>)}
        </span>
      </div>
      {query.isPending ? <Skeleton className="h-24" /> : null}
      {query.isError ? <ErrorState compact error={query.error} onRetry={() => void query.refetch()} /> : null}
      <ul className="divide-y divide-line rounded-lg border border-line text-sm">
        {query.data?.links.map((link, index) => (
          <li key={index} className="flex items-baseline gap-3 px-3 py-1.5">
            <span dir="ltr" className="min-w-0 flex-1 truncate text-start">{direction === "in" ? link.source : link.target}</span>
            <span dir="auto" className="max-w-60 truncate text-xs text-ink-3">{link.anchor}</span>
            {link.nofollow ? <Badge>nofollow</Badge> : null}
          </li>
        ))}
      </ul>
    </section>
  );
}
