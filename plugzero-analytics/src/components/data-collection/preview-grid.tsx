"use client";

import { ArrowDown, ArrowUp, SlidersHorizontal } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { FilterBuilder } from "@/components/analytics/filter-builder";
import { MeasureIcon } from "@/components/analytics/column-icon";
import { Button } from "@/components/ui/button";
import { DataGrid } from "@/components/ui/data-grid";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { Switch } from "@/components/ui/checkbox";
import { useI18n } from "@/context/i18n";
import { useRowPages } from "@/hooks/use-row-pages";
import { useUrlState } from "@/hooks/use-url-state";
import { type ColumnProfile, type ColumnSchema, type DatasetDetail, getPreview } from "@/lib/api/datasets";
import type { JsonObject } from "@/lib/api/analysis";
import { datasetKeys } from "@/lib/api/keys";
import { columnTitle, isNumeric, measureOf } from "@/lib/columns";
import { type ConditionSet, conditionsOf, filterTree, NO_FILTER } from "@/lib/parameters/filter";

const PAGE = 100;
const MIN_WIDTH = 96;
const MAX_WIDTH = 300;

function widthOf(column: ColumnSchema, profile: ColumnProfile | undefined): number {
  const header = columnTitle(column).length * 7 + 48;
  const content = (profile?.mean_length ?? (isNumeric(column) ? 8 : 14)) * 7.5 + 28;
  return Math.round(Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, Math.min(header, 240), content)));
}

function readFilter(text: string | null): ConditionSet {
  try {
    return conditionsOf(text ? (JSON.parse(text) as JsonObject) : null) ?? NO_FILTER;
  } catch {
    return NO_FILTER;
  }
}

/** The Dataset's rows, however many: sorted and filtered by the API, of which only what is on screen is asked for. */
export function PreviewGrid({ dataset, version, profiles }: { dataset: DatasetDetail; version?: number; profiles?: readonly ColumnProfile[] }) {
  const { t, format } = useI18n();
  const { get, set } = useUrlState();
  const [labels, setLabels] = useState(true);
  const sort = get("sort");
  const filterText = get("where");
  const [draft, setDraft] = useState<ConditionSet>(() => readFilter(filterText));
  const columns = useMemo(() => dataset.columns.filter((column) => !column.is_raw), [dataset.columns]);
  const byProfile = useMemo(() => new Map(profiles?.map((profile) => [profile.name, profile])), [profiles]);
  const query = { version, sort: sort ? [sort] : undefined, filter: filterText ?? undefined };
  const key = datasetKeys.part(dataset.id, "preview", { ...query, at: dataset.version_hash });
  const narrowed = Boolean(filterText) || (version !== undefined && version !== dataset.current_version);
  const head = useQuery({
    queryKey: [...key, "head"],
    queryFn: ({ signal }) => getPreview(dataset.id, { ...query, offset: 0, limit: 1 }, signal),
    enabled: narrowed,
  });
  const rowCount = narrowed ? (head.data?.total ?? 0) : dataset.row_count;
  const pages = useRowPages({
    queryKey: key,
    pageSize: PAGE,
    fetchPage: async (offset, limit, signal) => (await getPreview(dataset.id, { ...query, offset, limit }, signal)).rows,
  });
  const index = useMemo(() => new Map(dataset.columns.map((column, at) => [column.name, at])), [dataset.columns]);
  const hasLabels = columns.some((column) => Object.keys(column.value_labels).length > 0);
  const error = pages.error ?? head.error;

  const toggleSort = (name: string): void => set({ sort: sort === name ? `-${name}` : sort === `-${name}` ? null : name });
  const text = (value: unknown, column: ColumnSchema): ReactNode => {
    if (value === null || value === undefined) return <span className="text-ink-3">–</span>;
    if (labels) {
      const label = column.value_labels[String(value)];
      if (label) return label;
    }
    if (typeof value === "boolean") return value ? t("common.yes") : t("common.no");
    if (typeof value === "number") return format.number(value, { maximumFractionDigits: 6, useGrouping: column.semantic_type !== "identifier" });
    return column.physical_type === "datetime" && typeof value === "string" ? value.replace("T", " ") : String(value);
  };

  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <Popover>
          <PopoverTrigger asChild>
            <Button size="sm" variant={filterText ? "primary" : "secondary"}>
              <SlidersHorizontal aria-hidden /> {filterText ? t("filter.active") : t("filter.title")}
            </Button>
          </PopoverTrigger>
          <PopoverContent className="w-[min(40rem,calc(100vw-1.5rem))] p-4">
            <FilterBuilder value={draft} onChange={setDraft} columns={columns} />
            <div className="mt-3 flex justify-end gap-2">
              <Button size="sm" onClick={() => { setDraft(NO_FILTER); set({ where: null }); }}>{t("filter.clear")}</Button>
              <Button
                size="sm"
                variant="primary"
                onClick={() => {
                  const tree = filterTree(draft, columns);
                  set({ where: tree ? JSON.stringify(tree) : null });
                }}
              >
                {t("filter.apply")}
              </Button>
            </div>
          </PopoverContent>
        </Popover>
        {hasLabels ? (
          <label className="flex items-center gap-2 text-sm">
            <Switch checked={labels} onCheckedChange={setLabels} /> {t("preview.labels")}
          </label>
        ) : null}
        <span className="tabular ms-auto text-xs text-ink-3">{narrowed && head.isPending ? "" : t("preview.rowCount", { count: rowCount })}</span>
      </div>
      {error ? <ErrorState error={error} onRetry={() => { pages.refetch(); void head.refetch(); }} /> : null}
      {!error && rowCount === 0 && !(narrowed && head.isPending) ? <EmptyState title={filterText ? t("preview.noMatch") : t("preview.noRows")} /> : null}
      {!error && rowCount > 0 ? (
        <DataGrid
          key={`${sort}|${filterText}|${version}`}
          label={t("preview.label", { name: dataset.name })}
          height={620}
          headerHeight={44}
          columns={columns.map((column) => ({
            key: column.name,
            width: widthOf(column, byProfile.get(column.name)),
            align: isNumeric(column) && !(labels && Object.keys(column.value_labels).length > 0) ? "end" : "start",
            header: (
              <span className="flex items-center gap-1.5">
                <MeasureIcon measure={measureOf(column)} />
                <button type="button" tabIndex={-1} title={column.name} onClick={() => toggleSort(column.name)} className="min-w-0 flex-1 truncate text-start hover:text-accent">
                  <span dir="auto">{columnTitle(column)}</span>
                </button>
                {sort === column.name ? <ArrowUp className="size-3.5 text-accent" aria-label={t("preview.ascending")} /> : null}
                {sort === `-${column.name}` ? <ArrowDown className="size-3.5 text-accent" aria-label={t("preview.descending")} /> : null}
              </span>
            ),
          }))}
          rowCount={rowCount}
          onVisibleRows={pages.onVisibleRows}
          cell={(row, at) => {
            const column = columns[at];
            const values = pages.row(row);
            if (!values || !column) return undefined;
            return text(values[index.get(column.name) ?? -1], column);
          }}
        />
      ) : null}
    </div>
  );
}
