"use client";

import { useQuery } from "@tanstack/react-query";
import { GitCompareArrows } from "lucide-react";
import { Badge, type BadgeTone } from "@/components/ui/badge";
import { Card, CardHeader, CardTitle } from "@/components/ui/card";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Pagination } from "@/components/ui/pagination";
import { Select } from "@/components/ui/select";
import { Skeleton } from "@/components/ui/skeleton";
import { Table, TableCell, TableHead, TableRow } from "@/components/ui/table";
import { useI18n } from "@/context/i18n";
import { useUrlState } from "@/hooks/use-url-state";
import { cn } from "@/lib/class-names";
import { seoKeys } from "@/lib/api/keys";
import { type DiffState, getDiff, listAudits, type SiteAuditDetail } from "@/lib/api/seo";
import type { MessageKey } from "@/lib/i18n/translator";

const STATES: readonly { state: DiffState; key: MessageKey; tone: BadgeTone }[] = [
  { state: "new", key: "diff.new", tone: "bad" },
  { state: "regressed", key: "diff.regressed", tone: "bad" },
  { state: "persisting", key: "diff.persisting", tone: "warning" },
  { state: "fixed", key: "diff.fixed", tone: "good" },
  { state: "not_rechecked", key: "diff.not_rechecked", tone: "neutral" },
];
const PAGE_SIZE = 50;

/** What changed since an earlier audit of the same scope, over the pages that both visited. */
export function AuditDiffView({ audit }: { audit: SiteAuditDetail }) {
  const { t, format } = useI18n();
  const { get, set, page } = useUrlState();
  const others = useQuery({
    queryKey: seoKeys.part("audits", { diff: audit.id, project: audit.project }),
    queryFn: ({ signal }) => listAudits({ project: audit.project, page_size: 100 }, signal),
  });
  const candidates = (others.data?.results ?? []).filter((other) => other.audit_status === "COMPLETED" && other.id !== audit.id && other.created_at < audit.created_at && other.home_url === audit.home_url);
  const previous = get("with") ?? audit.previous ?? candidates[0]?.id ?? null;
  const state = STATES.find((known) => known.state === get("state"))?.state;
  const query = useQuery({
    queryKey: seoKeys.part("diff", { id: audit.id, previous, state, page }),
    queryFn: ({ signal }) => getDiff(audit.id, previous ?? "", { state, offset: (page - 1) * PAGE_SIZE, limit: PAGE_SIZE }, signal),
    enabled: previous !== null,
    placeholderData: (before) => before,
  });
  if (others.isPending) return <Skeleton className="h-48" />;
  if (previous === null) return <EmptyState icon={GitCompareArrows} title={t("diff.none")}>{t("diff.noneDetail")}</EmptyState>;
  return (
    <div className="flex flex-col gap-4">
      {candidates.length > 0 ? (
        <Select
          className="w-80 max-w-full"
          aria-label={t("diff.with")}
          value={previous}
          onValueChange={(id) => set({ with: id, page: null })}
          options={candidates.map((other) => ({ value: other.id, label: `${format.dateTime(other.created_at)} · ${other.score === null ? "–" : format.number(other.score, { maximumFractionDigits: 1 })}` }))}
        />
      ) : null}
      {query.isPending ? <Skeleton className="h-64" /> : null}
      {query.isError ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data ? (
        <>
          <div className="grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-6">
            <div className="rounded-lg border border-line bg-surface p-3">
              <p className="text-xs text-ink-3">{t("diff.score")}</p>
              <p className={cn("font-display text-2xl tabular", (query.data.score_change ?? 0) > 0 && "text-good", (query.data.score_change ?? 0) < 0 && "text-bad")}>
                {query.data.score_change === null ? "–" : format.number(query.data.score_change, { maximumFractionDigits: 1, signDisplay: "exceptZero" })}
              </p>
            </div>
            {STATES.map((entry) => (
              <button
                key={entry.state}
                type="button"
                aria-pressed={state === entry.state}
                onClick={() => set({ state: state === entry.state ? null : entry.state, page: null })}
                className={cn("rounded-lg border border-line bg-surface p-3 text-start hover:border-line-strong", state === entry.state && "border-accent bg-accent-soft")}
              >
                <p className="text-xs text-ink-3">{t(entry.key)}</p>
                <p className="font-display text-2xl tabular">{format.number(query.data.counts[entry.state] ?? 0)}</p>
              </button>
            ))}
          </div>
          <p className="text-xs text-ink-3">
            {t("diff.compared", { count: query.data.compared_urls })}
            {query.data.changed_checks.length > 0 ? ` ${t("diff.changedChecks", { count: query.data.changed_checks.length })}` : ""}
          </p>
          <Card>
            <CardHeader><CardTitle>{t("diff.byCheck")}</CardTitle></CardHeader>
            {query.data.checks.length === 0 ? <EmptyState title={t("diff.noChange")} className="m-4 border-0" /> : (
              <Table label={t("diff.byCheck")}>
                <thead><tr><TableHead>{t("diff.check")}</TableHead>{STATES.map((entry) => <TableHead key={entry.state} className="text-end">{t(entry.key)}</TableHead>)}</tr></thead>
                <tbody>
                  {query.data.checks.map((check) => (
                    <TableRow key={check.check_id}>
                      <TableCell className="max-w-96">{check.title}</TableCell>
                      {STATES.map((entry) => <TableCell key={entry.state} className="text-end tabular">{check[entry.state] ? format.number(check[entry.state]) : <span className="text-ink-3">0</span>}</TableCell>)}
                    </TableRow>
                  ))}
                </tbody>
              </Table>
            )}
          </Card>
          {query.data.findings.length > 0 ? (
            <Card>
              <CardHeader><CardTitle>{t("diff.findings")}</CardTitle></CardHeader>
              <Table label={t("diff.findings")}>
                <tbody>
                  {query.data.findings.map((finding, index) => {
                    const entry = STATES.find((known) => known.state === finding.state);
                    return (
                      <TableRow key={index}>
                        <TableCell className="w-32">{entry ? <Badge tone={entry.tone}>{t(entry.key)}</Badge> : null}</TableCell>
                        <TableCell>{query.data.checks.find((check) => check.check_id === finding.check_id)?.title ?? finding.check_id}</TableCell>
                        <TableCell dir="ltr" className="max-w-md truncate text-start text-xs text-ink-3">{finding.url}</TableCell>
                      </TableRow>
                    );
                  })}
                </tbody>
              </Table>
              <Pagination page={page} pageSize={PAGE_SIZE} count={query.data.count} onPage={(next) => set({ page: String(next) }, { push: true })} />
            </Card>
          ) : null}
        </>
      ) : null}
    </div>
  );
}
