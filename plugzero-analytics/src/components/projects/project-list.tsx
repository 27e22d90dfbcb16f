"use client";

import { useQuery } from "@tanstack/react-query";
import { FolderKanban, Plus } from "lucide-react";
import Link from "next/link";
import { PageHeader } from "@/components/page-header";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Pagination } from "@/components/ui/pagination";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { useUrlState } from "@/hooks/use-url-state";
import { projectKeys } from "@/lib/api/keys";
import { listProjects } from "@/lib/api/projects";
import { ProjectDialog } from "./project-dialog";

const PAGE_SIZE = 24;

export function ProjectList() {
  const { t, format } = useI18n();
  const { can } = useMeta();
  const { get, set, page } = useUrlState();
  const filter = { page, page_size: PAGE_SIZE };
  const query = useQuery({ queryKey: projectKeys.list(filter), queryFn: ({ signal }) => listProjects(filter, signal), placeholderData: (previous) => previous });
  const mayCreate = can("projects.create");
  const create = (
    <Button variant="primary" onClick={() => set({ new: "1" })}>
      <Plus aria-hidden /> {t("project.create")}
    </Button>
  );
  return (
    <>
      <PageHeader title={t("nav.projects")} intro={t("project.intro")} actions={mayCreate && query.data && query.data.count > 0 ? create : null} />
      {query.isPending ? (
        <LoadingRegion label={t("common.loading")} className="grid gap-4 sm:grid-cols-2 xl:grid-cols-3">
          {Array.from({ length: 6 }, (_, index) => (
            <Skeleton key={index} className="h-32" />
          ))}
        </LoadingRegion>
      ) : null}
      {query.isError ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data?.count === 0 ? (
        <EmptyState icon={FolderKanban} title={t("project.empty")} action={mayCreate ? create : null}>
          {t("project.emptyDetail")}
        </EmptyState>
      ) : null}
      <ul className="grid gap-4 sm:grid-cols-2 xl:grid-cols-3">
        {query.data?.results.map((project) => (
          <li key={project.id} className="min-w-0">
            <Link href={`/projects/${project.id}`} className="flex h-full flex-col rounded-lg border border-line bg-surface p-4 shadow-card transition-colors hover:border-line-strong">
              <span className="flex items-start justify-between gap-2">
                <span dir="auto" className="line-clamp-2 min-w-0 font-display text-lg leading-snug font-medium break-words">{project.name}</span>
                {project.is_archived ? <Badge>{t("project.archived")}</Badge> : null}
              </span>
              <span dir="auto" className="mt-1 line-clamp-2 text-sm break-words text-ink-3">{project.description}</span>
              <span className="mt-auto flex gap-4 pt-4 text-xs text-ink-3 tabular">
                <span>{t("project.datasets", { count: project.dataset_count })}</span>
                <span>{t("project.files", { count: project.file_count })}</span>
                <span className="ms-auto">{format.relative(project.updated_at)}</span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {query.data ? <Pagination page={page} pageSize={PAGE_SIZE} count={query.data.count} onPage={(next) => set({ page: String(next) }, { push: true })} /> : null}
      {get("new") === "1" && mayCreate ? <ProjectDialog onClose={() => set({ new: null })} /> : null}
    </>
  );
}
