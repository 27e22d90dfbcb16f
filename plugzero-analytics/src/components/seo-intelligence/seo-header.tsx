"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";
import type { ReactNode } from "react";
import { PageHeader } from "@/components/page-header";
import { useI18n } from "@/context/i18n";
import { useUrlState } from "@/hooks/use-url-state";
import { cn } from "@/lib/class-names";

const ZONES = [
  ["/seo", "seo.audits"],
  ["/seo/competitors", "seo.competitors"],
  ["/seo/keywords", "seo.keywords"],
] as const;

export function SeoHeader({ intro, actions }: { intro: string; actions?: ReactNode }) {
  const { t } = useI18n();
  const pathname = usePathname();
  const project = useUrlState().get("project");
  return (
    <>
      <PageHeader title={t("seo.title")} intro={intro} actions={actions} />
      <nav aria-label={t("seo.title")} className="mb-5 flex gap-5 border-b border-line">
        {ZONES.map(([path, key]) => (
          <Link
            key={path}
            href={project ? `${path}?project=${project}` : path}
            aria-current={pathname === path ? "page" : undefined}
            className={cn("-mb-px border-b-2 border-transparent py-2.5 text-sm font-medium text-ink-3 hover:text-ink", pathname === path && "border-accent text-ink")}
          >
            {t(key)}
          </Link>
        ))}
      </nav>
    </>
  );
}
