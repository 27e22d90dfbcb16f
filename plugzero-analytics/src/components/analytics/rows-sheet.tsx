"use client";

import { useQuery } from "@tanstack/react-query";
import { DataGrid } from "@/components/ui/data-grid";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { useI18n } from "@/context/i18n";
import { useRowPages } from "@/hooks/use-row-pages";
import { type CellAddress, getRowsBehind } from "@/lib/api/analysis";
import { analysisKeys } from "@/lib/api/keys";

const PAGE = 100;

/** The Dataset's rows behind a figure. */
export function RowsSheet({ resultId, cell, title, onClose }: { resultId: string; cell: CellAddress; title: string; onClose: () => void }) {
  const { t, format } = useI18n();
  const key = analysisKeys.rows(resultId, { ...cell });
  const head = useQuery({ queryKey: [...key, "head"], queryFn: ({ signal }) => getRowsBehind(resultId, cell, 0, 1, signal) });
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent
        kind="sheet-wide"
        title={title}
        description={head.data ? t("result.rowsBehind", { count: head.data.count }) : t("result.showRows")}
        closeLabel={t("common.close")}
      >
        {head.isPending ? (
          <LoadingRegion label={t("common.loading")}>
            <Skeleton className="h-96" />
          </LoadingRegion>
        ) : null}
        {head.isError ? <ErrorState error={head.error} onRetry={() => void head.refetch()} /> : null}
        {head.data?.count === 0 ? <EmptyState title={t("result.noRows")} /> : null}
        {head.data && head.data.count > 0 ? (
          <RowsGrid resultId={resultId} cell={cell} columns={head.data.columns} count={head.data.count} label={t("result.rowsBehind", { count: format.number(head.data.count) })} />
        ) : null}
      </DialogContent>
    </Dialog>
  );
}

function RowsGrid({ resultId, cell, columns, count, label }: { resultId: string; cell: CellAddress; columns: readonly string[]; count: number; label: string }) {
  const { t, format } = useI18n();
  const pages = useRowPages({
    queryKey: analysisKeys.rows(resultId, { ...cell }),
    pageSize: PAGE,
    fetchPage: async (offset, limit, signal) => (await getRowsBehind(resultId, cell, offset, limit, signal)).rows,
  });
  if (pages.error) return <ErrorState error={pages.error} onRetry={pages.refetch} />;
  return (
    <DataGrid
      label={label}
      height={640}
      columns={columns.map((name) => ({ key: name, header: <span dir="auto">{name}</span>, width: 160 }))}
      rowCount={count}
      onVisibleRows={pages.onVisibleRows}
      cell={(row, column) => {
        const values = pages.row(row);
        if (!values) return undefined;
        const value = values[columns[column] ?? ""];
        if (value === null || value === undefined) return <span className="text-ink-3">–</span>;
        if (typeof value === "boolean") return value ? t("common.yes") : t("common.no");
        return typeof value === "number" ? format.figure(value, 12) : String(value);
      }}
    />
  );
}
