"use client";

import { useDraggable } from "@dnd-kit/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Check, Search } from "lucide-react";
import { useDeferredValue, useMemo, useRef, useState } from "react";
import { useI18n } from "@/context/i18n";
import type { ColumnSchema } from "@/lib/api/datasets";
import { cn } from "@/lib/class-names";
import { columnTitle, measureOf } from "@/lib/columns";
import { MeasureIcon } from "./column-icon";

interface VariableListProps {
  columns: readonly ColumnSchema[];
  used: ReadonlySet<string>;
  onPick: (name: string) => void;
}

const ROW = 32;

/** The Dataset's columns: click one to put it where it fits, or drag it there. */
export function VariableList({ columns, used, onPick }: VariableListProps) {
  const { t } = useI18n();
  const [search, setSearch] = useState("");
  const needle = useDeferredValue(search.trim().toLocaleLowerCase());
  const found = useMemo(
    () => columns.filter((column) => !column.is_raw && (!needle || `${column.label}\n${column.name}`.toLocaleLowerCase().includes(needle))),
    [columns, needle],
  );
  const scroller = useRef<HTMLDivElement>(null);
  // The virtualiser returns functions that must not be memoised; they are called in render only.
  // eslint-disable-next-line react-hooks/incompatible-library
  const rows = useVirtualizer({ count: found.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 10, initialRect: { width: 260, height: 480 } });
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex items-center gap-2 border-b border-line px-3">
        <Search className="size-4 text-ink-3" aria-hidden />
        <input
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          placeholder={t("analysis.searchVariables")}
          aria-label={t("analysis.searchVariables")}
          className="h-10 w-full bg-transparent text-sm outline-none"
        />
      </div>
      {found.length === 0 ? <p className="p-4 text-center text-sm text-ink-3">{t("common.nothingFound")}</p> : null}
      <div ref={scroller} className="scroll-thin min-h-0 flex-1 overflow-y-auto p-1.5">
        <ul aria-label={t("analysis.variables")} style={{ height: rows.getTotalSize(), position: "relative" }}>
          {rows.getVirtualItems().map((item) => {
            const column = found[item.index];
            return column ? (
              <Variable key={column.name} column={column} used={used.has(column.name)} onPick={onPick} top={item.start} />
            ) : null;
          })}
        </ul>
      </div>
    </div>
  );
}

function Variable({ column, used, onPick, top }: { column: ColumnSchema; used: boolean; onPick: (name: string) => void; top: number }) {
  const { t } = useI18n();
  const { attributes, listeners, setNodeRef, isDragging } = useDraggable({ id: column.name });
  const title = columnTitle(column);
  return (
    <li className="absolute inset-x-0" style={{ top, height: ROW }}>
      <button
        ref={setNodeRef}
        type="button"
        {...listeners}
        aria-describedby={attributes["aria-describedby"]}
        aria-pressed={used}
        title={title === column.name ? title : `${title} (${column.name})`}
        onClick={() => onPick(column.name)}
        className={cn("flex h-full w-full touch-manipulation items-center gap-2 rounded-md px-2 text-start text-sm hover:bg-hover", isDragging && "opacity-40")}
      >
        <MeasureIcon measure={measureOf(column)} />
        <span dir="auto" className={cn("min-w-0 flex-1 truncate", used && "font-medium text-accent")}>{title}</span>
        {used ? <Check className="size-3.5 text-accent" aria-label={t("analysis.used")} /> : null}
      </button>
    </li>
  );
}
