"use client";

import { Download } from "lucide-react";
import { Fragment } from "react";
import { rowsToCsv } from "@/components/charts/chart-spec";
import { Button } from "@/components/ui/button";
import { DataGrid } from "@/components/ui/data-grid";
import { Table, TableCell, TableHead, TableRow } from "@/components/ui/table";
import { useI18n } from "@/context/i18n";
import type { CellAddress, ResultTable } from "@/lib/api/analysis";
import { cn } from "@/lib/class-names";
import { saveBlob } from "@/lib/save-file";
import { formatCell } from "./fact-format";

/** Longer tables are drawn row by row while scrolling. */
const PLAIN_ROWS = 200;

interface ResultTableViewProps {
  table: ResultTable;
  onDrill?: (cell: CellAddress) => void;
}

export function ResultTableView({ table, onDrill }: ResultTableViewProps) {
  const { t, format } = useI18n();
  const isText = (index: number): boolean => table.columns[index]?.type === "text";
  const drillable = (row: number, column: number): boolean =>
    onDrill !== undefined && !isText(column) && (Boolean(table.row_drills[row]) || Boolean(table.columns[column]?.drill));
  const address = (row: number, column: number): CellAddress => ({ table: table.id, row, column: table.columns[column]?.key });
  const cellText = (row: number, column: number): string => {
    const definition = table.columns[column];
    return definition ? formatCell(table.rows[row]?.[definition.key], definition.type, format, t) : "";
  };
  const groups = table.columns.some((column) => column.group);
  const spans: { group: string; span: number }[] = [];
  for (const column of table.columns) {
    const last = spans.at(-1);
    if (last && last.group === column.group) last.span += 1;
    else spans.push({ group: column.group, span: 1 });
  }
  return (
    <section aria-label={table.title}>
      <div className="mb-2 flex items-center justify-between gap-3">
        <h4 dir="auto" className="min-w-0 text-sm font-semibold break-words">{table.title}</h4>
        <Button
          size="icon-sm"
          variant="ghost"
          aria-label={t("result.downloadTable", { name: table.title })}
          onClick={() =>
            saveBlob(
              new Blob(["\uFEFF", rowsToCsv(table.columns.map((column) => ({ key: column.key, title: [column.group, column.label].filter(Boolean).join(" / ") })), table.rows)], { type: "text/csv;charset=utf-8" }),
              `${table.title.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60) || "table"}.csv`,
            )
          }
        >
          <Download aria-hidden />
        </Button>
      </div>
      {table.rows.length > PLAIN_ROWS ? (
        <DataGrid
          label={table.title}
          columns={table.columns.map((column) => ({ key: column.key, header: [column.group, column.label].filter(Boolean).join(" · "), width: column.type === "text" ? 240 : 120, align: column.type === "text" ? "start" : "end" }))}
          rowCount={table.rows.length}
          cell={cellText}
          onActivate={(row, column) => drillable(row, column) && onDrill?.(address(row, column))}
        />
      ) : (
        <div className="overflow-hidden rounded-lg border border-line">
          <Table label={table.title}>
            <thead className="bg-sunken">
              {groups ? (
                <tr>
                  {spans.map((span, index) => (
                    <th key={index} scope="colgroup" colSpan={span.span} dir="auto" className={cn("h-8 px-3 text-center text-xs font-semibold text-ink-2", span.group && "border-s border-b border-line")}>
                      {span.group}
                    </th>
                  ))}
                </tr>
              ) : null}
              <tr>
                {table.columns.map((column, index) => (
                  <TableHead key={column.key} dir="auto" className={cn("max-w-56 whitespace-normal", !isText(index) && "text-end")}>
                    {column.label}
                    {column.unit && column.unit !== "share" ? <span className="font-normal"> ({column.unit})</span> : null}
                  </TableHead>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.rows.map((_, row) => (
                <TableRow key={row}>
                  {table.columns.map((column, index) => {
                    const text = cellText(row, index);
                    const Tag = index === 0 && isText(0) ? "th" : Fragment;
                    if (Tag === "th") {
                      return (
                        <th key={column.key} scope="row" dir="auto" className="max-w-80 px-3 py-2 text-start font-normal break-words">
                          {text}
                        </th>
                      );
                    }
                    return (
                      <TableCell key={column.key} dir="auto" className={cn("tabular", !isText(index) && "text-end whitespace-nowrap", isText(index) && "break-words")}>
                        {drillable(row, index) && text !== "–" ? (
                          <button
                            type="button"
                            onClick={() => onDrill?.(address(row, index))}
                            title={t("result.showRows")}
                            className="rounded decoration-line-strong decoration-dotted underline-offset-4 hover:text-accent hover:underline"
                          >
                            {text}
                          </button>
                        ) : (
                          text
                        )}
                      </TableCell>
                    );
                  })}
                </TableRow>
              ))}
            </tbody>
          </Table>
        </div>
      )}
      {table.notes.map((note) => (
        <p key={note} className="mt-1.5 text-xs text-ink-3">{note}</p>
      ))}
    </section>
  );
}
