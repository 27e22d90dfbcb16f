"use client";

import { useQuery } from "@tanstack/react-query";
import { Plus, Radar } from "lucide-react";
import Link from "next/link";
import { Badge, type BadgeTone } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Pagination } from "@/components/ui/pagination";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { Table, TableCell, TableHead, TableRow } from "@/components/ui/table";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { useUrlState } from "@/hooks/use-url-state";
import { seoKeys } from "@/lib/api/keys";
import { listAudits, type SiteAudit } from "@/lib/api/seo";
import type { MessageKey } from "@/lib/i18n/translator";
import { ScoreMark } from "./score-mark";
import { SeoHeader } from "./seo-header";
import { StartAuditDialog } from "./start-audit-dialog";

const PAGE_SIZE = 30;
const STATUS: Record<SiteAudit["audit_status"], { key: MessageKey; tone: BadgeTone }> = {
  PENDING: { key: "task.state.PENDING", tone: "neutral" },
  RUNNING: { key: "task.state.STARTED", tone: "accent" },
  COMPLETED: { key: "task.state.SUCCESS", tone: "good" },
  FAILED: { key: "task.state.FAILURE", tone: "bad" },
  CANCELLED: { key: "task.state.REVOKED", tone: "neutral" },
};

export function AuditStatusBadge({ status }: { status: SiteAudit["audit_status"] }) {
  const { t } = useI18n();
  return <Badge tone={STATUS[status].tone}>{t(STATUS[status].key)}</Badge>;
}

export function AuditList() {
  const { t, format } = useI18n();
  const { can } = useMeta();
  const { get, set, page } = useUrlState();
  const filter = { project: get("project") ?? undefined, own: true, page, page_size: PAGE_SIZE };
  const query = useQuery({
    queryKey: seoKeys.part("audits", filter),
    queryFn: ({ signal }) => listAudits(filter, signal),
    placeholderData: (previous) => previous,
    refetchInterval: (state) => (state.state.data?.results.some((audit) => audit.audit_status === "RUNNING" || audit.audit_status === "PENDING") ? 4_000 : false),
  });
  const start = can("seo.audit") ? <Button variant="primary" onClick={() => set({ new: "1" })}><Plus aria-hidden /> {t("audit.new")}</Button> : null;
  return (
    <>
      <SeoHeader intro={t("seo.intro")} actions={query.data && query.data.count > 0 ? start : null} />
      {query.isPending ? <LoadingRegion label={t("common.loading")}><Skeleton className="h-64" /></LoadingRegion> : null}
      {query.isError ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data?.count === 0 ? <EmptyState icon={Radar} title={t("audit.empty")} action={start}>{t("audit.emptyDetail")}</EmptyState> : null}
      {query.data && query.data.count > 0 ? (
        <Card>
          <Table label={t("seo.audits")}>
            <thead>
              <tr>
                <TableHead>{t("audit.site")}</TableHead>
                <TableHead>{t("audit.score")}</TableHead>
                <TableHead className="text-end">{t("audit.pages")}</TableHead>
                <TableHead className="text-end">{t("audit.fixes")}</TableHead>
                <TableHead>{t("files.status")}</TableHead>
                <TableHead>{t("audit.started")}</TableHead>
              </tr>
            </thead>
            <tbody>
              {query.data.results.map((audit) => (
                <TableRow key={audit.id}>
                  <TableCell className="max-w-96"><Link dir="ltr" href={`/seo/audits/${audit.id}`} className="block truncate text-start font-medium hover:text-accent hover:underline">{audit.target_url}</Link></TableCell>
                  <TableCell><ScoreMark size="sm" score={audit.score} /></TableCell>
                  <TableCell className="text-end">{format.number(audit.pages_crawled ?? 0)}</TableCell>
                  <TableCell className="text-end">{format.number(audit.fixes_count ?? 0)}</TableCell>
                  <TableCell><AuditStatusBadge status={audit.audit_status} /></TableCell>
                  <TableCell className="whitespace-nowrap text-ink-3">{format.relative(audit.created_at)}</TableCell>
                </TableRow>
              ))}
            </tbody>
          </Table>
          <Pagination page={page} pageSize={PAGE_SIZE} count={query.data.count} onPage={(next) => set({ page: String(next) }, { push: true })} />
        </Card>
      ) : null}
      {get("new") === "1" && can("seo.audit") ? <StartAuditDialog initialProject={get("project")} onClose={() => set({ new: null })} /> : null}
    </>
  );
}
