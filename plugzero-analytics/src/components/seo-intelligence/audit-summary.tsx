"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { ErrorState } from "@/components/ui/error-state";
import { Skeleton } from "@/components/ui/skeleton";
import { Table, TableCell, TableHead, TableRow } from "@/components/ui/table";
import { useI18n } from "@/context/i18n";
import { seoKeys } from "@/lib/api/keys";
import { getOverview, listFixes, type SiteAuditDetail } from "@/lib/api/seo";
import { ScoreMark } from "./score-mark";
import { SEVERITY_TONES } from "./severity";
import { Badge } from "@/components/ui/badge";

const SHOWN = 9;

/** The score beside what takes it away: all points together are exactly 100 minus the score. */
export function AuditSummary({ audit }: { audit: SiteAuditDetail }) {
  const { t, format } = useI18n();
  const overview = useQuery({ queryKey: seoKeys.part("overview", { id: audit.id }), queryFn: ({ signal }) => getOverview(audit.id, signal), staleTime: Infinity });
  const fixes = useQuery({ queryKey: seoKeys.part("fixes", { id: audit.id, page_size: 200 }), queryFn: ({ signal }) => listFixes(audit.id, { page_size: 200 }, signal), staleTime: Infinity });
  const costly = (fixes.data?.results ?? []).filter((fix) => fix.points > 0).sort((a, b) => b.points - a.points);
  const lost = audit.score === null ? 0 : 100 - audit.score;
  const shown = costly.slice(0, SHOWN);
  const rest = Math.max(0, lost - shown.reduce((sum, fix) => sum + fix.points, 0));
  const points = (value: number): string => format.number(value, { maximumFractionDigits: 2 });
  const [all, setAll] = useState(false);
  const categories = overview.data?.categories ?? [];
  const concerned = categories.filter((row) => row.error + row.warning + row.notice > 0);
  return (
    <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1.25fr)_minmax(0,1fr)]">
      <Card>
        <CardHeader>
          <CardTitle>{t("audit.health")}</CardTitle>
          <span className="text-xs text-ink-3">{t("audit.formula", { version: String(audit.formula_version ?? "") })}</span>
        </CardHeader>
        <CardBody className="flex flex-col gap-6 sm:flex-row">
          <div className="flex flex-col items-center gap-2">
            <ScoreMark size="lg" score={audit.score} low={audit.score_low} high={audit.score_high} />
            {audit.score === null && audit.score_reason ? <p className="max-w-40 text-center text-xs text-ink-3">{audit.score_reason}</p> : null}
            <p className="text-xs text-ink-3">{t("audit.indexable", { count: audit.indexable_pages ?? 0 })}</p>
          </div>
          <div className="min-w-0 flex-1">
            <p className="mb-2 text-sm font-medium">{t("audit.whatCosts", { points: points(lost) })}</p>
            {fixes.isPending ? <Skeleton className="h-40" /> : null}
            {fixes.isError ? <ErrorState compact error={fixes.error} onRetry={() => void fixes.refetch()} /> : null}
            {fixes.data && costly.length === 0 ? <p className="text-sm text-ink-3">{t("audit.nothingCosts")}</p> : null}
            <ol className="flex flex-col gap-2">
              {[...shown.map((fix) => ({ id: fix.id, title: fix.title, points: fix.points, severity: fix.severity })), ...(rest > 0.005 ? [{ id: "rest", title: t("audit.otherCauses", { count: costly.length - shown.length }), points: rest, severity: "notice" as const }] : [])].map((fix) => (
                <li key={fix.id} className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1 text-sm">
                  <span dir="auto" className="truncate">{fix.title}</span>
                  <span className="tabular text-ink-2">−{points(fix.points)}</span>
                  <span aria-hidden className="col-span-2 h-1.5 overflow-hidden rounded-full bg-hover">
                    <span className="block h-full rounded-full" style={{ width: `${lost > 0 ? (fix.points / lost) * 100 : 0}%`, background: fix.severity === "error" ? "var(--bad)" : fix.severity === "warning" ? "var(--signal)" : "var(--line-strong)" }} />
                  </span>
                </li>
              ))}
            </ol>
          </div>
        </CardBody>
      </Card>
      <Card>
        <CardHeader><CardTitle>{t("audit.map")}</CardTitle></CardHeader>
        {overview.isPending ? <Skeleton className="m-4 h-48" /> : null}
        {overview.isError ? <ErrorState compact className="m-4" error={overview.error} onRetry={() => void overview.refetch()} /> : null}
        {overview.data ? (
          <Table label={t("audit.map")}>
            <thead>
              <tr>
                <TableHead>{t("audit.category")}</TableHead>
                <TableHead className="text-end">{t("severity.error")}</TableHead>
                <TableHead className="text-end">{t("severity.warning")}</TableHead>
                <TableHead className="text-end">{t("severity.notice")}</TableHead>
                <TableHead className="text-end">{t("audit.points")}</TableHead>
              </tr>
            </thead>
            <tbody>
              {(all ? categories : concerned).map((row) => (
                <TableRow key={row.category}>
                  <TableCell className="py-1.5">{row.title}</TableCell>
                  {(["error", "warning", "notice"] as const).map((severity) => (
                    <TableCell key={severity} className="py-1.5 text-end">{row[severity] > 0 ? <Badge tone={SEVERITY_TONES[severity]}>{format.number(row[severity])}</Badge> : <span className="text-ink-3">0</span>}</TableCell>
                  ))}
                  <TableCell className="py-1.5 text-end">{row.points >= 0.005 ? `−${points(row.points)}` : <span className="text-ink-3">0</span>}</TableCell>
                </TableRow>
              ))}
            </tbody>
          </Table>
        ) : null}
        {concerned.length < categories.length ? (
          <div className="border-t border-line p-2">
            <Button size="sm" variant="ghost" aria-expanded={all} onClick={() => setAll(!all)}>
              {all ? t("common.showLess") : t("audit.cleanCategories", { count: categories.length - concerned.length })}
            </Button>
          </div>
        ) : null}
      </Card>
    </div>
  );
}
