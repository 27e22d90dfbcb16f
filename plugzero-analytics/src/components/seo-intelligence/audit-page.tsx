"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Download, MoreHorizontal, Play, Trash2 } from "lucide-react";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { PageHeader } from "@/components/page-header";
import { TaskRow } from "@/components/task/task-row";
import { Button } from "@/components/ui/button";
import { Card, CardBody } from "@/components/ui/card";
import { Confirm } from "@/components/ui/confirm";
import { ErrorState } from "@/components/ui/error-state";
import { MenuContent, MenuItem, MenuRoot, MenuTrigger } from "@/components/ui/menu";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "@/components/ui/tabs";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { useTask } from "@/hooks/use-task";
import { useUrlState } from "@/hooks/use-url-state";
import { seoKeys } from "@/lib/api/keys";
import { ApiProblem } from "@/lib/api/problem";
import { describeProblem } from "@/lib/api/problem-text";
import { deleteAudit, exportAudit, getAudit, resumeAudit, type SiteAuditDetail } from "@/lib/api/seo";
import { fileNameOf, saveBlob } from "@/lib/save-file";
import { AuditDiffView } from "./audit-diff";
import { AuditStatusBadge } from "./audit-list";
import { AuditSummary } from "./audit-summary";
import { FixList } from "./fix-list";
import { PageExplorer } from "./page-explorer";

const TABS = ["fixes", "pages", "diff"] as const;

export function AuditPage({ id }: { id: string }) {
  const { t, format } = useI18n();
  const { get, set } = useUrlState();
  const client = useQueryClient();
  const audit = useQuery({ queryKey: seoKeys.part("audit", { id }), queryFn: ({ signal }) => getAudit(id, signal) });
  const data = audit.data;
  const active = data?.audit_status === "PENDING" || data?.audit_status === "RUNNING";
  const task = useTask(active ? data.task_id : null, { onEnd: () => void client.invalidateQueries({ queryKey: seoKeys.all }) });
  if (audit.isPending) return <LoadingRegion label={t("common.loading")}><Skeleton className="h-9 w-80" /><Skeleton className="mt-6 h-52" /><Skeleton className="mt-4 h-72" /></LoadingRegion>;
  if (audit.isError) return <ErrorState error={audit.error} onRetry={() => void audit.refetch()} />;
  const tab = TABS.find((known) => known === get("tab")) ?? "fixes";
  const finished = data?.audit_status === "COMPLETED";
  if (!data) return null;
  return (
    <>
      <PageHeader
        eyebrow={<Link href={`/seo?project=${data.project}`} className="hover:underline">{t("seo.audits")}</Link>}
        title={<bdi dir="ltr">{data.target_url.replace(/^https?:\/\//, "").replace(/\/$/, "")}</bdi>}
        intro={
          <span className="flex flex-wrap items-center gap-2">
            <AuditStatusBadge status={data.audit_status} />
            <span>{t("audit.summary", { pages: data.pages_crawled ?? 0, when: format.dateTime(data.created_at) })}</span>
          </span>
        }
        actions={<AuditMenu audit={data} />}
      />
      {active && task.data ? <Card className="mb-4"><CardBody><TaskRow run={task.data} /></CardBody></Card> : null}
      {data.audit_status === "FAILED" ? (
        <ErrorState error={new ApiProblem({ status: 409, code: data.error_code || "audit_failed", title: t("audit.failed"), detail: data.error_detail })} className="mb-4" />
      ) : null}
      {data.caps.length > 0 ? <p className="mb-4 rounded-lg bg-signal-soft px-4 py-2.5 text-sm">{t("audit.capped", { caps: data.caps.join(", "), count: data.pages_unvisited ?? 0 })}</p> : null}
      {finished ? (
        <>
          <AuditSummary audit={data} />
          <Tabs value={tab} onValueChange={(next) => set({ tab: next === "fixes" ? null : next, page: null })} className="mt-6">
            <TabsList aria-label={t("audit.parts")}>
              <TabsTrigger value="fixes">{t("audit.tab.fixes", { count: data.fixes_count ?? 0 })}</TabsTrigger>
              <TabsTrigger value="pages">{t("audit.tab.pages")}</TabsTrigger>
              <TabsTrigger value="diff">{t("audit.tab.diff")}</TabsTrigger>
            </TabsList>
            <TabsContent value="fixes"><FixList auditId={id} /></TabsContent>
            <TabsContent value="pages"><PageExplorer auditId={id} /></TabsContent>
            <TabsContent value="diff"><AuditDiffView audit={data} /></TabsContent>
          </Tabs>
        </>
      ) : null}
    </>
  );
}

function AuditMenu({ audit }: { audit: SiteAuditDetail }) {
  const { t } = useI18n();
  const { can } = useMeta();
  const client = useQueryClient();
  const router = useRouter();
  const [asking, setAsking] = useState(false);
  const fail = (error: unknown): void => toast(describeProblem(error, t).detail || describeProblem(error, t).title, { tone: "bad" });
  const resume = useMutation({ mutationFn: () => resumeAudit(audit.id), onSuccess: () => void client.invalidateQueries({ queryKey: seoKeys.all }), onError: fail });
  const remove = useMutation({
    mutationFn: () => deleteAudit(audit.id),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: seoKeys.all });
      router.replace(`/seo?project=${audit.project}`);
    },
    onError: fail,
  });
  const save = async (as: "csv" | "xlsx" | "pdf"): Promise<void> => {
    try {
      const response = await exportAudit(audit.id, as);
      saveBlob(await response.blob(), fileNameOf(response, `audit.${as}`));
    } catch (error) {
      fail(error);
    }
  };
  return (
    <>
      {audit.is_resumable && can("seo.audit") ? <Button pending={resume.isPending} onClick={() => resume.mutate()}><Play aria-hidden className="mirror-rtl" /> {t("audit.resume")}</Button> : null}
      {audit.dataset_id ? <Button asChild><Link href={`/data/${audit.dataset_id}`}>{t("audit.dataset")}</Link></Button> : null}
      {audit.audit_status === "COMPLETED" && can("seo.export") ? (
        <MenuRoot>
          <MenuTrigger asChild><Button><Download aria-hidden /> {t("export.title")}</Button></MenuTrigger>
          <MenuContent align="end">
            <MenuItem onSelect={() => void save("xlsx")}>Excel</MenuItem>
            <MenuItem onSelect={() => void save("pdf")}>PDF</MenuItem>
            <MenuItem onSelect={() => void save("csv")}>CSV</MenuItem>
          </MenuContent>
        </MenuRoot>
      ) : null}
      {can("seo.delete") ? (
        <MenuRoot>
          <MenuTrigger asChild><Button size="icon" aria-label={t("common.more")}><MoreHorizontal aria-hidden /></Button></MenuTrigger>
          <MenuContent align="end"><MenuItem tone="danger" onSelect={() => setAsking(true)}><Trash2 aria-hidden /> {t("common.delete")}</MenuItem></MenuContent>
        </MenuRoot>
      ) : null}
      <Confirm open={asking} onOpenChange={setAsking} title={t("audit.deleteTitle")} description={t("audit.deleteDetail")} confirmLabel={t("common.delete")} danger pending={remove.isPending} onConfirm={() => remove.mutate()} />
    </>
  );
}
