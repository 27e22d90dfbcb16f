"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Archive, Database, FlaskConical, MoreHorizontal, Pencil, Trash2 } from "lucide-react";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { UploadPanel } from "@/components/data-collection/upload-panel";
import { FileList } from "@/components/data-collection/file-list";
import { PageHeader } from "@/components/page-header";
import { Button } from "@/components/ui/button";
import { Card, CardHeader, CardTitle } from "@/components/ui/card";
import { Confirm } from "@/components/ui/confirm";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { MenuContent, MenuItem, MenuRoot, MenuTrigger } from "@/components/ui/menu";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { listResults } from "@/lib/api/analysis";
import { listDatasets } from "@/lib/api/datasets";
import { analysisKeys, datasetKeys, projectKeys } from "@/lib/api/keys";
import { describeProblem } from "@/lib/api/problem-text";
import { deleteProject, getProject, type Project, updateProject } from "@/lib/api/projects";
import { ProjectDialog } from "./project-dialog";

export function ProjectPage({ id }: { id: string }) {
  const { t, format } = useI18n();
  const { can, hasApp } = useMeta();
  const project = useQuery({ queryKey: projectKeys.detail(id), queryFn: ({ signal }) => getProject(id, signal) });
  const datasets = useQuery({ queryKey: datasetKeys.list({ project: id, page_size: 10 }), queryFn: ({ signal }) => listDatasets({ project: id, page_size: 10 }, signal), enabled: project.isSuccess });
  const results = useQuery({
    queryKey: analysisKeys.results({ project: id, page_size: 8 }),
    queryFn: ({ signal }) => listResults({ project: id, page_size: 8 }, signal),
    enabled: project.isSuccess && hasApp("analysis") && can("analysis.view"),
  });
  if (project.isPending) {
    return (
      <LoadingRegion label={t("common.loading")}>
        <Skeleton className="h-9 w-64" />
        <Skeleton className="mt-6 h-40" />
        <Skeleton className="mt-4 h-64" />
      </LoadingRegion>
    );
  }
  if (project.isError) return <ErrorState error={project.error} onRetry={() => void project.refetch()} />;
  return (
    <>
      <PageHeader
        eyebrow={<Link href="/projects" className="hover:underline">{t("nav.projects")}</Link>}
        title={project.data.name}
        intro={<span dir="auto">{project.data.description}</span>}
        actions={<ProjectMenu project={project.data} />}
      />
      <div className="flex flex-col gap-4">
        <UploadPanel project={id} compact />
        <div className="grid items-start gap-4 lg:grid-cols-2">
          <Card>
            <CardHeader>
              <CardTitle>{t("nav.data")}</CardTitle>
              <Button asChild size="sm" variant="ghost"><Link href={`/data?project=${id}`}>{t("common.all")}</Link></Button>
            </CardHeader>
            {datasets.isError ? <ErrorState compact error={datasets.error} onRetry={() => void datasets.refetch()} className="m-4" /> : null}
            {datasets.data?.count === 0 ? <EmptyState icon={Database} title={t("data.empty")} className="m-4 border-0 py-8">{t("data.emptyDetail")}</EmptyState> : null}
            <ul className="divide-y divide-line">
              {datasets.data?.results.map((dataset) => (
                <li key={dataset.id}>
                  <Link href={`/data/${dataset.id}`} className="flex items-baseline justify-between gap-3 px-4 py-2.5 hover:bg-hover">
                    <span dir="auto" className="truncate font-medium">{dataset.name}</span>
                    <span className="tabular shrink-0 text-xs text-ink-3">{t("data.shape", { rows: dataset.row_count, columns: dataset.column_count })}</span>
                  </Link>
                </li>
              ))}
            </ul>
          </Card>
          {hasApp("analysis") && can("analysis.view") ? (
            <Card>
              <CardHeader>
                <CardTitle>{t("analysis.results")}</CardTitle>
                <Button asChild size="sm" variant="ghost"><Link href={`/analysis/results?project=${id}`}>{t("common.all")}</Link></Button>
              </CardHeader>
              {results.data?.count === 0 ? <EmptyState icon={FlaskConical} title={t("results.empty")} className="m-4 border-0 py-8">{t("results.emptyDetail")}</EmptyState> : null}
              <ul className="divide-y divide-line">
                {results.data?.results.map((result) => (
                  <li key={result.id}>
                    <Link href={`/analysis/results/${result.id}`} className="flex items-baseline justify-between gap-3 px-4 py-2.5 hover:bg-hover">
                      <span className="min-w-0 truncate">
                        <span className="font-medium">{result.procedure.replaceAll("_", " ")}</span> <span dir="auto" className="text-ink-3">{result.dataset_name}</span>
                      </span>
                      <span className="shrink-0 text-xs text-ink-3">{format.relative(result.created_at)}</span>
                    </Link>
                  </li>
                ))}
              </ul>
            </Card>
          ) : null}
        </div>
        {can("files.view") ? <FileList project={id} /> : null}
      </div>
    </>
  );
}

function ProjectMenu({ project }: { project: Project }) {
  const { t } = useI18n();
  const { can } = useMeta();
  const client = useQueryClient();
  const router = useRouter();
  const [dialog, setDialog] = useState<"edit" | "delete" | null>(null);
  const refresh = (): void => void client.invalidateQueries({ queryKey: projectKeys.all });
  const archive = useMutation({
    mutationFn: (is_archived: boolean) => updateProject(project.id, { is_archived }),
    onSuccess: (_, archived) => {
      refresh();
      toast(archived ? t("project.archivedToast") : t("project.restoredToast"), { undo: () => archive.mutate(!archived) });
    },
    onError: (error) => toast(describeProblem(error, t).title, { tone: "bad" }),
  });
  const remove = useMutation({
    mutationFn: () => deleteProject(project.id),
    onSuccess: () => {
      client.removeQueries({ queryKey: projectKeys.detail(project.id) });
      refresh();
      router.replace("/projects");
    },
    onError: (error) => toast(describeProblem(error, t).detail || describeProblem(error, t).title, { tone: "bad" }),
  });
  if (!can("projects.update") && !can("projects.delete")) return null;
  return (
    <>
      <MenuRoot>
        <MenuTrigger asChild>
          <Button size="icon" aria-label={t("common.more")}><MoreHorizontal aria-hidden /></Button>
        </MenuTrigger>
        <MenuContent align="end">
          {can("projects.update") ? (
            <>
              <MenuItem onSelect={() => setDialog("edit")}><Pencil aria-hidden /> {t("project.edit")}</MenuItem>
              <MenuItem onSelect={() => archive.mutate(!project.is_archived)}><Archive aria-hidden /> {project.is_archived ? t("project.restore") : t("project.archive")}</MenuItem>
            </>
          ) : null}
          {can("projects.delete") ? (
            <MenuItem tone="danger" onSelect={() => setDialog("delete")}><Trash2 aria-hidden /> {t("common.delete")}</MenuItem>
          ) : null}
        </MenuContent>
      </MenuRoot>
      {dialog === "edit" ? <ProjectDialog project={project} onClose={() => setDialog(null)} /> : null}
      <Confirm
        open={dialog === "delete"}
        onOpenChange={(open) => (open ? undefined : setDialog(null))}
        title={t("project.deleteTitle", { name: project.name })}
        description={t("project.deleteDetail", { datasets: project.dataset_count, files: project.file_count })}
        confirmLabel={t("common.delete")}
        danger
        pending={remove.isPending}
        onConfirm={() => remove.mutate()}
      />
    </>
  );
}
