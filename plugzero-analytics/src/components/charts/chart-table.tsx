"use client";

import { DataGrid } from "@/components/ui/data-grid";
import { useI18n } from "@/context/i18n";
import type { ChartRow } from "./chart-spec";

interface ChartTableProps {
  label: string;
  fields: readonly { field: string; title: string; quantitative: boolean }[];
  rows: readonly ChartRow[];
  onSelect?: (row: ChartRow) => void;
}

export function ChartTable({ label, fields, rows, onSelect }: ChartTableProps) {
  const { format } = useI18n();
  const text = (value: unknown): string =>
    typeof value === "number" ? format.figure(value, 5) : value === null || value === undefined ? "–" : String(value);
  return (
    <DataGrid
      label={label}
      height={360}
      columns={fields.map((field) => ({
        key: field.field, header: field.title, width: field.quantitative ? 130 : 240, align: field.quantitative ? "end" : "start",
      }))}
      rowCount={rows.length}
      cell={(row, column) => text(rows[row]?.[fields[column]?.field ?? ""])}
      onActivate={onSelect ? (row) => rows[row] && onSelect(rows[row]) : undefined}
    />
  );
}
