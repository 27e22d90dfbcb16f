import type { CellAddress, ResultOutput } from "@/lib/api/analysis";

type Datum = Readonly<Record<string, unknown>>;

/**
 * The table cell that a clicked mark stands for. Charts carry no addresses, so the mark's category is looked up
 * among the rows of the tables (of the chart's own table first) and its group among their columns.
 */
export function cellOfMark(output: Pick<ResultOutput, "tables">, chartId: string, datum: Datum): CellAddress | null {
  const words = new Set(Object.values(datum).filter((value): value is string => typeof value === "string"));
  if (words.size === 0) return null;
  const tables = [...output.tables].sort((a, b) => Number(b.id === chartId) - Number(a.id === chartId));
  for (const table of tables) {
    if (!table.row_drills.some(Boolean)) continue;
    const texts = table.columns.filter((column) => column.type === "text");
    const row = table.rows.findIndex((cells, index) => table.row_drills[index] && texts.some((column) => words.has(String(cells[column.key]))));
    if (row < 0) continue;
    const column = table.columns.find((candidate) => candidate.drill && (words.has(candidate.label) || words.has(candidate.group)));
    return { table: table.id, row, ...(column ? { column: column.key } : {}) };
  }
  return null;
}
