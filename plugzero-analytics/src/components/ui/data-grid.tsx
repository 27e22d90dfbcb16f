"use client";

import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import { cn } from "@/lib/class-names";
import { rowWindow, scrollTopOf } from "@/lib/virtual-rows";

export interface GridColumn {
  key: string;
  header: ReactNode;
  width: number;
  align?: "start" | "end";
}

interface DataGridProps {
  label: string;
  columns: readonly GridColumn[];
  rowCount: number;
  /** The cell's content; undefined while its row is still on its way. */
  cell: (row: number, column: number) => ReactNode | undefined;
  /** Told which rows are on screen, so that only those are fetched. */
  onVisibleRows?: (first: number, end: number) => void;
  onActivate?: (row: number, column: number) => void;
  rowHeight?: number;
  headerHeight?: number;
  className?: string;
  height?: number;
}

const NUMBER_WIDTH = 68;
const PAGE_ROWS = 20;

/** A grid of any size: draws only the cells in view, and is read and walked through as one table. */
export function DataGrid({
  label, columns, rowCount, cell, onVisibleRows, onActivate, rowHeight = 30, headerHeight = 36, className, height = 480,
}: DataGridProps) {
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [viewport, setViewport] = useState(height);
  const [active, setActive] = useState<{ row: number; column: number } | null>(null);
  const [sizes, setSizes] = useState<Readonly<Record<string, number>>>({});

  const widths = useMemo(() => columns.map((column) => sizes[column.key] ?? column.width), [columns, sizes]);
  // The virtualiser returns functions that must not be memoised; this component calls them in render only.
  // eslint-disable-next-line react-hooks/incompatible-library
  const across = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => widths[index] ?? 140,
    overscan: 3,
    paddingStart: NUMBER_WIDTH,
  });
  useLayoutEffect(() => across.measure(), [across, widths]);

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setViewport(Math.max(rowHeight, element.clientHeight - headerHeight)));
    observer.observe(element);
    return () => observer.disconnect();
  }, [rowHeight, headerHeight]);

  const shown = rowWindow(rowCount, rowHeight, viewport, scrollTop);
  useEffect(() => onVisibleRows?.(shown.first, shown.end), [onVisibleRows, shown.first, shown.end]);

  const moveTo = (row: number, column: number): void => {
    const next = {
      row: Math.min(rowCount - 1, Math.max(0, row)),
      column: Math.min(columns.length - 1, Math.max(0, column)),
    };
    setActive(next);
    across.scrollToIndex(next.column, { align: "auto" });
    const element = scroller.current;
    if (element && (next.row < shown.first + 7 || next.row >= shown.end - 7)) {
      const lines = Math.floor(viewport / rowHeight);
      const target = next.row < shown.first + 7 ? next.row : Math.max(0, next.row - lines + 2);
      element.scrollTop = scrollTopOf(target, rowCount, rowHeight, viewport);
    }
  };

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const rtl = getComputedStyle(event.currentTarget).direction === "rtl";
    const { row, column } = active ?? { row: 0, column: 0 };
    const jump = event.ctrlKey || event.metaKey;
    const moves: Record<string, [number, number] | undefined> = {
      ArrowDown: [row + 1, column],
      ArrowUp: [row - 1, column],
      ArrowRight: [row, column + (rtl ? -1 : 1)],
      ArrowLeft: [row, column + (rtl ? 1 : -1)],
      PageDown: [row + PAGE_ROWS, column],
      PageUp: [row - PAGE_ROWS, column],
      Home: jump ? [0, 0] : [row, 0],
      End: jump ? [rowCount - 1, columns.length - 1] : [row, columns.length - 1],
    };
    const move = moves[event.key];
    if (move) {
      event.preventDefault();
      moveTo(...move);
    } else if ((event.key === "Enter" || event.key === " ") && active && onActivate) {
      event.preventDefault();
      onActivate(active.row, active.column);
    }
  };

  const resize = (key: string, from: number, startX: number, rtl: boolean): void => {
    const onMove = (event: PointerEvent): void => {
      const delta = (event.clientX - startX) * (rtl ? -1 : 1);
      setSizes((now) => ({ ...now, [key]: Math.max(64, Math.min(900, from + delta)) }));
    };
    const onUp = (): void => window.removeEventListener("pointermove", onMove);
    window.addEventListener("pointermove", onMove);
    window.addEventListener("pointerup", onUp, { once: true });
  };

  const visibleColumns = across.getVirtualItems();
  const totalWidth = across.getTotalSize();
  const rows = Array.from({ length: Math.max(0, shown.end - shown.first) }, (_, index) => shown.first + index);

  return (
    <div
      ref={scroller}
      data-slot="data-grid"
      role="grid"
      aria-label={label}
      aria-rowcount={rowCount + 1}
      aria-colcount={columns.length + 1}
      aria-activedescendant={active && active.row >= shown.first && active.row < shown.end ? `${id}-${active.row}-${active.column}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onFocus={() => setActive((now) => now ?? (rowCount > 0 && columns.length > 0 ? { row: shown.first, column: 0 } : null))}
      onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)}
      className={cn("scroll-thin relative overflow-auto rounded-lg border border-line bg-surface text-[0.8125rem] tabular focus-visible:outline-offset-[-2px]", className)}
      style={{ height: Math.min(height, headerHeight + rowCount * rowHeight + 18) }}
    >
      <div style={{ width: totalWidth, minWidth: "100%", height: shown.height + headerHeight, position: "relative" }}>
        <div role="row" aria-rowindex={1} className="sticky top-0 z-20 border-b border-line bg-sunken" style={{ height: headerHeight, width: "100%" }}>
          <div
            role="columnheader"
            aria-colindex={1}
            className="sticky start-0 z-10 flex items-center justify-end border-e border-line bg-sunken px-2 text-xs text-ink-3"
            style={{ width: NUMBER_WIDTH, height: headerHeight }}
          >
            #
          </div>
          {visibleColumns.map((item) => {
            const column = columns[item.index];
            if (!column) return null;
            return (
              <div
                key={column.key}
                role="columnheader"
                aria-colindex={item.index + 2}
                className="group absolute top-0 flex items-center overflow-hidden px-2.5 text-xs font-medium text-ink-2"
                style={{ insetInlineStart: item.start, width: item.size, height: headerHeight }}
              >
                <div className={cn("min-w-0 flex-1 truncate", column.align === "end" && "text-end")}>{column.header}</div>
                <span
                  aria-hidden
                  onPointerDown={(event) => {
                    event.preventDefault();
                    resize(column.key, item.size, event.clientX, getComputedStyle(event.currentTarget).direction === "rtl");
                  }}
                  className="absolute inset-y-1.5 end-0 w-1 cursor-col-resize rounded bg-transparent group-hover:bg-line-strong"
                />
              </div>
            );
          })}
        </div>
        <div role="rowgroup" style={{ position: "absolute", top: headerHeight + shown.top, insetInlineStart: 0, width: "100%" }}>
          {rows.map((row) => (
            <div role="row" key={row} aria-rowindex={row + 2} className="relative border-b border-line/60 hover:bg-hover/60" style={{ height: rowHeight }}>
              <div
                role="rowheader"
                aria-colindex={1}
                className="sticky start-0 z-10 flex items-center justify-end border-e border-line bg-sunken px-2 text-xs text-ink-3"
                style={{ width: NUMBER_WIDTH, height: rowHeight - 1 }}
              >
                {row + 1}
              </div>
              {visibleColumns.map((item) => {
                const column = columns[item.index];
                if (!column) return null;
                const content = cell(row, item.index);
                const isActive = active?.row === row && active.column === item.index;
                return (
                  <div
                    key={column.key}
                    id={`${id}-${row}-${item.index}`}
                    role="gridcell"
                    aria-colindex={item.index + 2}
                    onClick={() => {
                      setActive({ row, column: item.index });
                      onActivate?.(row, item.index);
                    }}
                    className={cn(
                      "absolute top-0 flex items-center px-2.5",
                      column.align === "end" && "justify-end",
                      isActive && "z-[5] ring-2 ring-accent ring-inset",
                    )}
                    style={{ insetInlineStart: item.start, width: item.size, height: rowHeight - 1 }}
                  >
                    {content === undefined ? (
                      <span aria-hidden className="h-2.5 w-3/5 animate-shimmer rounded bg-hover" />
                    ) : (
                      <span dir="auto" className="truncate">{content}</span>
                    )}
                  </div>
                );
              })}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}
