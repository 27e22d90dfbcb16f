"use client";

import { useQuery } from "@tanstack/react-query";
import { usePathname, useRouter } from "next/navigation";
import { Combobox } from "@/components/ui/combobox";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { useUrlState } from "@/hooks/use-url-state";
import { projectKeys } from "@/lib/api/keys";
import { listProjects } from "@/lib/api/projects";

/** The project that lists are narrowed to. It lives in the URL, so a link carries it. */
export function ProjectSwitcher() {
  const { t } = useI18n();
  const { can } = useMeta();
  const router = useRouter();
  const pathname = usePathname();
  const { get, set } = useUrlState();
  const query = useQuery({
    queryKey: projectKeys.list({ page_size: 200 }),
    queryFn: ({ signal }) => listProjects({ page_size: 200 }, signal),
    enabled: can("projects.view"),
  });
  const projects = query.data?.results ?? [];
  if (!can("projects.view") || projects.length === 0) return null;
  const onPage = /^\/projects\/([^/]+)/.exec(pathname)?.[1] ?? null;
  return (
    <Combobox
      value={onPage ?? get("project")}
      onValueChange={(id) => (onPage ? router.push(id ? `/projects/${id}` : "/projects") : set({ project: id, page: null }))}
      options={projects.map((project) => ({ value: project.id, label: project.name }))}
      placeholder={t("project.all")}
      clearLabel={t("project.all")}
      searchLabel={t("project.search")}
      emptyText={t("common.nothingFound")}
      aria-label={t("project.switch")}
      className="h-8 border-line"
    />
  );
}
