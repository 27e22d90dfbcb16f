"use client";

import { ChevronLeft, ChevronRight } from "lucide-react";
import { useI18n } from "@/context/i18n";
import { Button } from "./button";

export function Pagination({ page, pageSize, count, onPage }: {
  page: number;
  pageSize: number;
  count: number;
  onPage: (page: number) => void;
}) {
  const { t } = useI18n();
  const last = Math.max(1, Math.ceil(count / pageSize));
  if (count <= pageSize && page === 1) return null;
  const first = (page - 1) * pageSize + 1;
  return (
    <nav aria-label={t("pagination.label")} className="flex items-center justify-between gap-3 px-3 py-2 text-xs text-ink-3">
      <span className="tabular">{t("pagination.range", { first, last: Math.min(count, page * pageSize), count })}</span>
      <span className="flex gap-1">
        <Button size="icon-sm" variant="ghost" aria-label={t("pagination.previous")} disabled={page <= 1} onClick={() => onPage(page - 1)}>
          <ChevronLeft className="mirror-rtl" aria-hidden />
        </Button>
        <Button size="icon-sm" variant="ghost" aria-label={t("pagination.next")} disabled={page >= last} onClick={() => onPage(page + 1)}>
          <ChevronRight className="mirror-rtl" aria-hidden />
        </Button>
      </span>
    </nav>
  );
}
