"use client";

import { Menu, Search } from "lucide-react";
import dynamic from "next/dynamic";
import { useRouter } from "next/navigation";
import { useState, type ReactNode } from "react";
import { BrandMark } from "@/components/brand";
import { Button } from "@/components/ui/button";
import { Dialog, DialogContent, DialogTrigger } from "@/components/ui/dialog";
import { useI18n } from "@/context/i18n";
import { useShortcut } from "@/hooks/use-shortcut";
import { RunningTasks } from "./running-tasks";
import { Sidebar } from "./sidebar";

// Opened by few visits: its code comes when it is first asked for.
const CommandPalette = dynamic(() => import("./command-palette").then((module) => module.CommandPalette), { ssr: false });
const ShortcutHelp = dynamic(() => import("./shortcut-help").then((module) => module.ShortcutHelp), { ssr: false });

export function AppShell({ children }: { children: ReactNode }) {
  const { t, direction } = useI18n();
  const router = useRouter();
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const [drawer, setDrawer] = useState(false);

  useShortcut("mod+k", () => setPalette((open) => !open));
  useShortcut("?", () => setHelp(true));
  useShortcut("g h", () => router.push("/home"));
  useShortcut("g p", () => router.push("/projects"));
  useShortcut("g d", () => router.push("/data"));
  useShortcut("g a", () => router.push("/analysis"));
  useShortcut("g s", () => router.push("/seo"));
  useShortcut("g t", () => router.push("/tasks"));

  return (
    <div className="flex min-h-dvh">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:start-3 focus:top-3 focus:z-50 focus:rounded-md focus:bg-accent focus:px-3 focus:py-2 focus:text-accent-ink"
      >
        {t("shell.skip")}
      </a>
      <aside className="sticky top-0 hidden h-dvh w-60 shrink-0 border-e border-line bg-sunken lg:block">
        <Sidebar />
      </aside>
      <div className="flex min-w-0 flex-1 flex-col">
        <header className="sticky top-0 z-30 flex h-13 items-center gap-2 border-b border-line bg-canvas/90 px-3 backdrop-blur sm:px-6">
          <Dialog open={drawer} onOpenChange={setDrawer}>
            <DialogTrigger asChild>
              <Button variant="ghost" size="icon" className="lg:hidden" aria-label={t("shell.openMenu")}>
                <Menu aria-hidden />
              </Button>
            </DialogTrigger>
            <DialogContent kind="sheet-start" title={t("shell.menu")} closeLabel={t("common.close")} hideHeader>
              <Sidebar onNavigate={() => setDrawer(false)} />
            </DialogContent>
          </Dialog>
          <BrandMark className="size-6 lg:hidden" />
          <button
            type="button"
            onClick={() => setPalette(true)}
            className="ms-auto flex h-8 w-9 items-center justify-center gap-2 rounded-md border border-line bg-surface text-sm text-ink-3 hover:border-line-strong sm:w-72 sm:justify-start sm:px-2.5 lg:ms-0"
          >
            <Search className="size-4 shrink-0" aria-hidden />
            <span className="sr-only flex-1 text-start sm:not-sr-only sm:flex-1">{t("palette.placeholder")}</span>
            <kbd className="hidden sm:block" dir="ltr">
              Ctrl K
            </kbd>
          </button>
          <div className="flex items-center gap-1 lg:ms-auto">
            <RunningTasks />
          </div>
        </header>
        <main id="content" tabIndex={-1} className="mx-auto w-full max-w-[88rem] flex-1 px-3 py-6 focus:outline-none sm:px-6" dir={direction}>
          {children}
        </main>
      </div>
      {palette ? <CommandPalette open={palette} onOpenChange={setPalette} /> : null}
      {help ? <ShortcutHelp open={help} onOpenChange={setHelp} /> : null}
    </div>
  );
}
