"use client";

import { useQuery } from "@tanstack/react-query";
import { FolderKanban } from "lucide-react";
import { Button } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Skeleton } from "@/components/ui/skeleton";
import { useI18n } from "@/context/i18n";
import { useUrlState } from "@/hooks/use-url-state";
import { projectKeys } from "@/lib/api/keys";
import { listProjects } from "@/lib/api/projects";

/** The project in the URL, or the only one there is; null while one has to be chosen. */
export function useChosenProject() {
  const { get, set } = useUrlState();
  const query = useQuery({ queryKey: projectKeys.list({ page_size: 200 }), queryFn: ({ signal }) => listProjects({ page_size: 200 }, signal) });
  const projects = query.data?.results ?? [];
  const only = projects.length === 1 ? projects[0]?.id : undefined;
  return { project: get("project") ?? only ?? null, projects, query, choose: (id: string) => set({ project: id }) };
}

export function ProjectNeeded({ state }: { state: ReturnType<typeof useChosenProject> }) {
  const { t } = useI18n();
  if (state.query.isPending) return <Skeleton className="h-48" />;
  if (state.query.isError) return <ErrorState error={state.query.error} onRetry={() => void state.query.refetch()} />;
  return (
    <EmptyState icon={FolderKanban} title={t("seo.pickProject")} action={state.projects.slice(0, 6).map((project) => <Button key={project.id} onClick={() => state.choose(project.id)}><span dir="auto">{project.name}</span></Button>)}>
      {t("seo.pickProjectDetail")}
    </EmptyState>
  );
}
