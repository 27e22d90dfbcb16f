"use client";

import { Home, ListTodo, UserRound } from "lucide-react";
import Link from "next/link";
import { usePathname, useSearchParams } from "next/navigation";
import type { ComponentType } from "react";
import { Brand } from "@/components/brand";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import type { MessageKey } from "@/lib/i18n/translator";
import { cn } from "@/lib/class-names";
import { activePath, hasPage, navigationIcon, withProject } from "./navigation";
import { ProjectSwitcher } from "./project-switcher";
import { TeamMenu } from "./team-menu";

const SECTION_TITLES: Readonly<Record<string, MessageKey>> = {
  workspace: "nav.section.workspace",
  data: "nav.section.data",
  analysis: "nav.section.analysis",
  intelligence: "nav.section.intelligence",
  monitor: "nav.section.intelligence",
  settings: "nav.section.settings",
};

const ITEM_TITLES: Readonly<Record<string, MessageKey>> = {
  projects: "nav.projects", data: "nav.data", datasets: "nav.data", files: "nav.data", analysis: "nav.analysis",
  workbench: "nav.analysis", seo: "nav.seo", audits: "nav.seo", team: "nav.team", activity: "nav.activity", tasks: "nav.tasks",
};

interface Item {
  key: string;
  title: string;
  path: string;
  icon: ComponentType<{ className?: string; "aria-hidden"?: boolean }>;
}

/** Navigation as the manifests of the installed micro-apps declare it, between the two fixed ends. */
export function useNavigation(): { section: string; title: string; items: Item[] }[] {
  const { t } = useI18n();
  const { meta, can } = useMeta();
  const sections = new Map<string, Item[]>();
  sections.set("", [{ key: "home", title: t("nav.home"), path: "/home", icon: Home }]);
  for (const entry of meta.navigation) {
    if (!hasPage(entry.path)) continue;
    const known = ITEM_TITLES[entry.key];
    const items = sections.get(entry.section) ?? [];
    items.push({ key: entry.key, title: known ? t(known) : entry.title, path: entry.path, icon: navigationIcon(entry.icon) });
    sections.set(entry.section, items);
  }
  const settings = sections.get("settings") ?? [];
  sections.delete("settings");
  if (can("tasks.view") && !meta.navigation.some((entry) => entry.path === "/tasks")) {
    settings.unshift({ key: "tasks", title: t("nav.tasks"), path: "/tasks", icon: ListTodo });
  }
  settings.push({ key: "account", title: t("nav.account"), path: "/account", icon: UserRound });
  sections.set("settings", settings);
  return [...sections].map(([section, items]) => {
    const key = SECTION_TITLES[section];
    return { section, title: key ? t(key) : section, items };
  });
}

export function Sidebar({ onNavigate }: { onNavigate?: () => void }) {
  const { t } = useI18n();
  const pathname = usePathname();
  const project = useSearchParams().get("project");
  const sections = useNavigation();
  const active = activePath(pathname, sections.flatMap((section) => section.items.map((item) => item.path)));
  return (
    <div className="flex h-full flex-col">
      <div className="px-4 pt-4 pb-3">
        <Link href="/home" onClick={onNavigate} className="inline-block rounded-md">
          <Brand />
        </Link>
      </div>
      <div className="px-3 pb-2">
        <ProjectSwitcher />
      </div>
      <nav aria-label={t("shell.navigation")} className="scroll-thin min-h-0 flex-1 overflow-y-auto px-3 pb-4">
        {sections.map(({ section, title, items }) => (
          <div key={section || "start"} className="mt-3 first:mt-1">
            {section ? <p className="px-2 pb-1 text-[0.6875rem] font-medium text-ink-3">{title}</p> : null}
            <ul className="flex flex-col gap-0.5">
              {items.map((item) => {
                const current = item.path === active;
                return (
                  <li key={item.key}>
                    <Link
                      href={withProject(item.path, project)}
                      onClick={onNavigate}
                      aria-current={current ? "page" : undefined}
                      className={cn(
                        "relative flex h-8 items-center gap-2.5 rounded-md px-2 text-sm text-ink-2 hover:bg-hover hover:text-ink",
                        current && "bg-surface font-medium text-ink shadow-card before:absolute before:inset-y-1.5 before:-start-3 before:w-[3px] before:rounded-e-full before:bg-signal",
                      )}
                    >
                      <item.icon className={cn("size-4 shrink-0", current ? "text-accent" : "text-ink-3")} aria-hidden />
                      <span className="truncate">{item.title}</span>
                    </Link>
                  </li>
                );
              })}
            </ul>
          </div>
        ))}
      </nav>
      <div className="border-t border-line p-2">
        <TeamMenu />
      </div>
    </div>
  );
}
