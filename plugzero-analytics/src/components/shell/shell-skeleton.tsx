"use client";

import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { Brand } from "@/components/brand";
import { useI18n } from "@/context/i18n";

export function ShellSkeleton() {
  const { t } = useI18n();
  return (
    <LoadingRegion label={t("common.loading")} className="flex min-h-dvh">
      <div className="hidden w-60 shrink-0 flex-col gap-3 border-e border-line bg-sunken p-4 lg:flex">
        <Brand className="mb-4" />
        {Array.from({ length: 7 }, (_, index) => (
          <Skeleton key={index} className="h-7" />
        ))}
      </div>
      <div className="flex-1 p-6">
        <Skeleton className="h-8 w-56" />
        <div className="mt-8 grid gap-4 md:grid-cols-2">
          <Skeleton className="h-40" />
          <Skeleton className="h-40" />
        </div>
        <Skeleton className="mt-4 h-64" />
      </div>
    </LoadingRegion>
  );
}
