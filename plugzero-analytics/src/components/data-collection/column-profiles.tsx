"use client";

import type { UseQueryResult } from "@tanstack/react-query";
import { Search, ShieldAlert } from "lucide-react";
import { useDeferredValue, useMemo, useState } from "react";
import { MeasureIcon } from "@/components/analytics/column-icon";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Input } from "@/components/ui/input";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { useI18n } from "@/context/i18n";
import type { ColumnProfile, ColumnSchema, DatasetProfile } from "@/lib/api/datasets";
import { columnTitle, measureOf } from "@/lib/columns";
import { Distribution } from "./histogram";

const BATCH = 60;

export function ColumnProfiles({ columns, query }: { columns: readonly ColumnSchema[]; query: UseQueryResult<DatasetProfile> }) {
  const { t } = useI18n();
  const [search, setSearch] = useState("");
  const [limit, setLimit] = useState(BATCH);
  const needle = useDeferredValue(search.trim().toLocaleLowerCase());
  const profiles = useMemo(() => new Map(query.data?.columns.map((profile) => [profile.name, profile])), [query.data]);
  const found = columns.filter((column) => !column.is_raw && (!needle || `${column.name}\n${column.label}\n${column.semantic_type}`.toLocaleLowerCase().includes(needle)));
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) {
    return (
      <LoadingRegion label={t("common.loading")} className="grid gap-3 md:grid-cols-2 xl:grid-cols-3">
        {Array.from({ length: 6 }, (_, index) => (
          <Skeleton key={index} className="h-44" />
        ))}
      </LoadingRegion>
    );
  }
  return (
    <div className="flex flex-col gap-3">
      <div className="relative max-w-sm">
        <Search className="absolute start-2.5 top-2.5 size-4 text-ink-3" aria-hidden />
        <Input type="search" className="ps-8" aria-label={t("analysis.searchVariables")} placeholder={t("analysis.searchVariables")} value={search} onChange={(event) => { setSearch(event.target.value); setLimit(BATCH); }} />
      </div>
      {found.length === 0 ? <EmptyState icon={Search} title={t("common.nothingFound")} /> : null}
      <ul className="grid gap-3 md:grid-cols-2 xl:grid-cols-3">
        {found.slice(0, limit).map((column) => (
          <li key={column.name} className="min-w-0">
            <ProfileCard column={column} profile={profiles.get(column.name)} />
          </li>
        ))}
      </ul>
      {found.length > limit ? (
        <Button className="self-center" onClick={() => setLimit(limit + BATCH)}>
          {t("profile.more", { count: found.length - limit })}
        </Button>
      ) : null}
    </div>
  );
}

function ProfileCard({ column, profile }: { column: ColumnSchema; profile: ColumnProfile | undefined }) {
  const { t, format } = useI18n();
  const title = columnTitle(column);
  const value = (raw: number | string | null): string => (typeof raw === "number" ? format.figure(raw) : (raw ?? "–"));
  const facts: [string, string][] = profile
    ? [
        [t("profile.distinct"), `${profile.distinct_is_exact ? "" : "≈ "}${format.number(profile.distinct)}`],
        [t("profile.missing"), `${format.number(profile.missing)} (${format.percent(profile.missing / Math.max(1, profile.count + profile.missing))})`],
        ...(profile.mean !== null
          ? ([
              [t("profile.mean"), format.figure(profile.mean)],
              [t("profile.sd"), format.figure(profile.sd)],
              [t("profile.median"), format.figure(profile.quartiles?.[1])],
            ] as [string, string][])
          : []),
        ...(profile.minimum !== null && profile.histogram.length === 0 ? ([[t("profile.range"), `${value(profile.minimum)} – ${value(profile.maximum)}`]] as [string, string][]) : []),
      ]
    : [];
  return (
    <article className="flex h-full flex-col gap-3 rounded-lg border border-line bg-surface p-4 shadow-card">
      <header className="flex items-start gap-2">
        <MeasureIcon measure={measureOf(column)} className="mt-1" />
        <div className="min-w-0 flex-1">
          <h3 dir="auto" className="line-clamp-2 text-sm font-semibold break-words" title={title}>{title}</h3>
          {title !== column.name ? <p dir="auto" className="truncate font-mono text-xs text-ink-3">{column.name}</p> : null}
        </div>
        <div className="flex shrink-0 flex-col items-end gap-1">
          <Badge>{column.semantic_type.replaceAll("_", " ")}</Badge>
          {column.is_pii ? (
            <Badge tone="warning">
              <ShieldAlert aria-hidden /> {t("profile.pii")}
            </Badge>
          ) : null}
        </div>
      </header>
      {profile ? <Distribution profile={profile} labels={column.value_labels} /> : null}
      <dl className="mt-auto grid grid-cols-2 gap-x-4 gap-y-0.5 text-xs tabular">
        {facts.map(([label, text]) => (
          <div key={label} className="flex justify-between gap-2">
            <dt className="text-ink-3">{label}</dt>
            <dd className="truncate">{text}</dd>
          </div>
        ))}
      </dl>
    </article>
  );
}
