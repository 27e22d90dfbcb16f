"use client";

import { useQuery } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { useState } from "react";
import { Badge } from "@/components/ui/badge";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Pagination } from "@/components/ui/pagination";
import { Select } from "@/components/ui/select";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { useI18n } from "@/context/i18n";
import { useUrlState } from "@/hooks/use-url-state";
import { seoKeys } from "@/lib/api/keys";
import { type IssueCause, listFixes, listIssues, type Severity } from "@/lib/api/seo";
import type { MessageKey } from "@/lib/i18n/translator";
import { SeverityBadge } from "./severity";

const PAGE_SIZE = 25;
const CAUSES: Readonly<Record<IssueCause["cause_kind"], MessageKey>> = {
  shared_target: "cause.shared_target", shared_value: "cause.shared_value", template: "cause.template", site: "cause.site", page: "cause.page",
};

/** What to fix, by cause: one template mistake on 300 pages is one line. */
export function FixList({ auditId }: { auditId: string }) {
  const { t } = useI18n();
  const { get, set, page } = useUrlState();
  const severity = (["error", "warning", "notice"] as const).find((known) => known === get("severity"));
  const filter = { severity, page, page_size: PAGE_SIZE };
  const query = useQuery({ queryKey: seoKeys.part("fixes", { id: auditId, ...filter }), queryFn: ({ signal }) => listFixes(auditId, filter, signal), placeholderData: (previous) => previous });
  return (
    <div className="flex flex-col gap-3">
      <Select
        className="w-44"
        aria-label={t("audit.severity")}
        value={severity ?? "all"}
        onValueChange={(next) => set({ severity: next === "all" ? null : next, page: null })}
        options={[{ value: "all", label: t("audit.allSeverities") }, ...(["error", "warning", "notice"] as const satisfies readonly Severity[]).map((value) => ({ value, label: t(`severity.${value}`) }))]}
      />
      {query.isPending ? <LoadingRegion label={t("common.loading")}><Skeleton className="h-64" /></LoadingRegion> : null}
      {query.isError ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data?.count === 0 ? <EmptyState icon={CircleCheck} title={t("audit.noIssues")} /> : null}
      <ol className="flex flex-col gap-2">
        {query.data?.results.map((fix) => <Fix key={fix.id} auditId={auditId} fix={fix} />)}
      </ol>
      {query.data ? <Pagination page={page} pageSize={PAGE_SIZE} count={query.data.count} onPage={(next) => set({ page: String(next) }, { push: true })} /> : null}
    </div>
  );
}

function Fix({ auditId, fix }: { auditId: string; fix: IssueCause }) {
  const { t, format } = useI18n();
  const [open, setOpen] = useState(false);
  return (
    <li className="rounded-lg border border-line bg-surface shadow-card">
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="flex w-full flex-wrap items-center gap-x-3 gap-y-1 rounded-lg px-4 py-3 text-start hover:bg-hover/60">
        <SeverityBadge severity={fix.severity} />
        <span dir="auto" className="min-w-0 flex-1 font-medium">{fix.title}</span>
        {(fix.new_count ?? 0) > 0 ? <Badge tone="accent">{t("audit.newCount", { count: fix.new_count ?? 0 })}</Badge> : null}
        <span className="text-xs text-ink-3 tabular">{t("audit.onPages", { count: fix.pages_count })}</span>
        <span className="w-16 text-end text-sm font-medium tabular">{fix.points > 0 ? `−${format.number(fix.points, { maximumFractionDigits: 2 })}` : ""}</span>
        <span className="basis-full text-xs text-ink-3">
          {t(CAUSES[fix.cause_kind])}
          {fix.subject ? <span dir="ltr" className="ms-1 font-mono break-all">{fix.subject}</span> : null}
        </span>
      </button>
      {open ? (
        <div className="border-t border-line px-4 py-3">
          <div className="grid gap-4 text-sm md:grid-cols-2">
            <p dir="auto"><span className="mb-0.5 block text-xs font-medium text-ink-3">{t("audit.means")}</span>{fix.means}</p>
            <p dir="auto"><span className="mb-0.5 block text-xs font-medium text-ink-3">{t("audit.howToFix")}</span>{fix.how_to_fix}</p>
          </div>
          <Evidence auditId={auditId} cause={fix.id} />
        </div>
      ) : null}
    </li>
  );
}

function Evidence({ auditId, cause }: { auditId: string; cause: string }) {
  const { t } = useI18n();
  const [page, setPage] = useState(1);
  const filter = { cause, page, page_size: 20 };
  const query = useQuery({ queryKey: seoKeys.part("issues", { id: auditId, ...filter }), queryFn: ({ signal }) => listIssues(auditId, filter, signal), placeholderData: (previous) => previous });
  if (query.isPending) return <Skeleton className="mt-3 h-24" />;
  if (query.isError) return <ErrorState compact className="mt-3" error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <div className="mt-3">
      <p className="text-xs font-medium text-ink-3">{t("audit.evidence")}</p>
      <ul className="divide-y divide-line text-sm">
        {query.data.results.map((issue) => (
          <li key={issue.id} className="grid gap-x-4 py-1.5 md:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]">
            <span dir="ltr" className="truncate text-start" title={issue.url}>{issue.url || t("audit.wholeSite")}</span>
            <span className="text-xs break-words text-ink-3">
              {issue.is_proven ? null : <Badge tone="warning" className="me-1">{t("audit.notProven")}</Badge>}
              <EvidenceValues evidence={issue.evidence} value={issue.value} />
            </span>
          </li>
        ))}
      </ul>
      <Pagination page={page} pageSize={20} count={query.data.count} onPage={setPage} />
    </div>
  );
}

export function EvidenceValues({ evidence, value }: { evidence: Readonly<Record<string, unknown>>; value?: string }) {
  const entries = Object.entries(evidence).slice(0, 6);
  const text = (item: unknown): string => (typeof item === "string" ? item : JSON.stringify(item)).slice(0, 300);
  return (
    <>
      {value ? <span dir="auto" className="me-2 font-mono">{value.slice(0, 300)}</span> : null}
      {entries.map(([key, item]) => (
        <span key={key} className="me-2">
          {key.replaceAll("_", " ")}: <span dir="auto" className="font-mono text-ink-2">{text(item)}</span>
        </span>
      ))}
    </>
  );
}
