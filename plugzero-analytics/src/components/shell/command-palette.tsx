"use client";

import { useQuery } from "@tanstack/react-query";
import { Command } from "cmdk";
import { Calculator, Database, FolderKanban, type LucideIcon, Moon, Plus, Search, Sun, Upload } from "lucide-react";
import { useRouter } from "next/navigation";
import { useDeferredValue, useState, type ReactNode } from "react";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { useTheme } from "@/context/theme";
import { listProcedures } from "@/lib/api/analysis";
import { listDatasets } from "@/lib/api/datasets";
import { analysisKeys, datasetKeys, projectKeys } from "@/lib/api/keys";
import { listProjects } from "@/lib/api/projects";
import { useNavigation } from "./sidebar";

interface PaletteProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

export function CommandPalette({ open, onOpenChange }: PaletteProps) {
  const { t } = useI18n();
  const { can, hasApp } = useMeta();
  const { appearance, setTheme } = useTheme();
  const router = useRouter();
  const sections = useNavigation();
  const [search, setSearch] = useState("");
  const needle = useDeferredValue(search.trim());

  const datasets = useQuery({
    queryKey: datasetKeys.list({ search: needle, page_size: 8 }),
    queryFn: ({ signal }) => listDatasets({ search: needle, page_size: 8 }, signal),
    enabled: open && needle.length > 1 && can("datasets.view"),
  });
  const projects = useQuery({
    queryKey: projectKeys.list({ page_size: 200 }),
    queryFn: ({ signal }) => listProjects({ page_size: 200 }, signal),
    enabled: open && can("projects.view"),
  });
  const procedures = useQuery({
    queryKey: analysisKeys.procedures(),
    queryFn: ({ signal }) => listProcedures(signal),
    enabled: open && hasApp("analysis"),
    staleTime: Infinity,
  });

  const go = (path: string): void => {
    onOpenChange(false);
    router.push(path);
  };

  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent title={t("palette.title")} closeLabel={t("common.close")} hideHeader className="overflow-hidden">
        <Command loop label={t("palette.title")} className="flex flex-col">
          <div className="flex items-center gap-2.5 border-b border-line px-4">
            <Search className="size-4 text-ink-3" aria-hidden />
            <Command.Input
              value={search}
              onValueChange={setSearch}
              placeholder={t("palette.placeholder")}
              className="h-12 w-full bg-transparent text-base outline-none"
            />
            <kbd>Esc</kbd>
          </div>
          <Command.List className="scroll-thin max-h-[50dvh] overflow-y-auto p-2">
            <Command.Empty className="px-3 py-8 text-center text-sm text-ink-3">{t("common.nothingFound")}</Command.Empty>
            <Group heading={t("palette.go")}>
              {sections.flatMap((section) => section.items).map((item) => (
                <Item key={item.path} icon={item.icon as LucideIcon} value={`go ${item.title}`} onSelect={() => go(item.path)}>
                  {item.title}
                </Item>
              ))}
            </Group>
            <Group heading={t("palette.actions")}>
              {can("files.upload") ? (
                <Item icon={Upload} value={t("data.upload")} onSelect={() => go("/data?upload=1")}>{t("data.upload")}</Item>
              ) : null}
              {can("projects.create") ? (
                <Item icon={Plus} value={t("project.create")} onSelect={() => go("/projects?new=1")}>{t("project.create")}</Item>
              ) : null}
              <Item
                icon={appearance === "dark" ? Sun : Moon}
                value={t("palette.toggleTheme")}
                onSelect={() => {
                  setTheme(appearance === "dark" ? "light" : "dark");
                  onOpenChange(false);
                }}
              >
                {t("palette.toggleTheme")}
              </Item>
            </Group>
            {datasets.data?.results.length ? (
              <Group heading={t("nav.data")}>
                {datasets.data.results.map((dataset) => (
                  <Item key={dataset.id} icon={Database} value={`dataset ${dataset.name} ${dataset.id}`} onSelect={() => go(`/data/${dataset.id}`)}>
                    <span dir="auto">{dataset.name}</span>
                  </Item>
                ))}
              </Group>
            ) : null}
            {projects.data?.results.length ? (
              <Group heading={t("nav.projects")}>
                {projects.data.results.slice(0, needle ? 50 : 5).map((project) => (
                  <Item key={project.id} icon={FolderKanban} value={`project ${project.name} ${project.id}`} onSelect={() => go(`/projects/${project.id}`)}>
                    <span dir="auto">{project.name}</span>
                  </Item>
                ))}
              </Group>
            ) : null}
            {needle && procedures.data?.length ? (
              <Group heading={t("analysis.procedures")}>
                {procedures.data.map((procedure) => (
                  <Item
                    key={procedure.key}
                    icon={Calculator}
                    value={`${procedure.title} ${procedure.question}`}
                    onSelect={() => go(`/analysis?procedure=${encodeURIComponent(procedure.key)}`)}
                  >
                    {procedure.title}
                    <span className="ms-2 truncate text-xs text-ink-3">{procedure.question}</span>
                  </Item>
                ))}
              </Group>
            ) : null}
          </Command.List>
        </Command>
      </DialogContent>
    </Dialog>
  );
}

function Group({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <Command.Group
      heading={heading}
      className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-ink-3"
    >
      {children}
    </Command.Group>
  );
}

function Item({ icon: Icon, value, onSelect, children }: { icon: LucideIcon; value: string; onSelect: () => void; children: ReactNode }) {
  return (
    <Command.Item
      value={value}
      onSelect={onSelect}
      className="flex cursor-default items-center gap-2.5 rounded-md px-2 py-2 text-sm data-[selected=true]:bg-hover"
    >
      <Icon className="size-4 shrink-0 text-ink-3" aria-hidden />
      <span className="flex min-w-0 flex-1 items-baseline truncate">{children}</span>
    </Command.Item>
  );
}
