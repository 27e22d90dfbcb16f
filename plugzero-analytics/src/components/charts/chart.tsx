"use client";

import { ChartColumn, ChevronLeft, ChevronRight, Download, Table2 } from "lucide-react";
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { EmptyState } from "@/components/ui/empty-state";
import { MenuContent, MenuItem, MenuRoot, MenuTrigger } from "@/components/ui/menu";
import { LoadingRegion, Skeleton } from "@/components/ui/skeleton";
import { useI18n } from "@/context/i18n";
import { useTheme } from "@/context/theme";
import { saveBlob } from "@/lib/save-file";
import { ChartTable } from "./chart-table";
import { categoryAxis, CATEGORIES_PER_PAGE, chartFields, chartRows, type ChartDocument, type ChartRow, pageCount, prepareSpec, rowsToCsv } from "./chart-spec";
import { DARK_PALETTE, LIGHT_PALETTE } from "./chart-theme";
import { draw, type View } from "./vega-runtime";

interface ChartProps {
  chart: ChartDocument;
  /** Asks for the rows behind a mark; makes marks and the data table's rows clickable. */
  onSelect?: (row: ChartRow) => void;
}

/** Renders any chart of the API, with its data as a table, its exports, and its empty and failed states. */
export function Chart({ chart, onSelect }: ChartProps) {
  const { t, format } = useI18n();
  const { appearance } = useTheme();
  const id = useId();
  const container = useRef<HTMLDivElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const view = useRef<View | null>(null);
  const [mode, setMode] = useState<"chart" | "table">("chart");
  const [state, setState] = useState<"loading" | "ready" | "failed">("loading");
  const [page, setPage] = useState(0);
  const rows = useMemo(() => chartRows(chart.spec), [chart.spec]);
  const fields = useMemo(() => chartFields(chart.spec), [chart.spec]);
  const pages = useMemo(() => pageCount(chart.spec), [chart.spec]);
  const categories = useMemo(() => categoryAxis(chart.spec)?.values.length ?? 0, [chart.spec]);
  const select = useRef(onSelect);
  useEffect(() => {
    select.current = onSelect;
  });
  const clickable = onSelect !== undefined;

  useEffect(() => {
    const element = container.current;
    if (!element || mode !== "chart" || rows.length === 0) return;
    let gone = false;
    const palette = appearance === "dark" ? DARK_PALETTE : LIGHT_PALETTE;
    draw({
      spec: prepareSpec(chart.spec, palette, page),
      container: element,
      // textContent, never markup: the values are what respondents typed.
      tooltip: (_handler, event, _item, value) => {
        const box = tip.current;
        const frame = element.getBoundingClientRect();
        if (!box) return;
        box.textContent = tooltipText(value);
        box.hidden = !box.textContent;
        if (box.hidden) return;
        const x = event.clientX - frame.left;
        box.style.left = `${Math.max(0, Math.min(x + 14, frame.width - box.offsetWidth))}px`;
        box.style.top = `${event.clientY - frame.top + 16}px`;
      },
      onSelect: clickable ? (datum) => select.current?.(datum) : undefined,
    }).then(
      (drawn) => {
        if (gone) {
          drawn.finalize();
          return;
        }
        view.current = drawn;
        setState("ready");
      },
      () => !gone && setState("failed"),
    );
    return () => {
      gone = true;
      view.current?.finalize();
      view.current = null;
      element.replaceChildren();
    };
  }, [chart.spec, appearance, mode, page, rows.length, clickable]);

  const fileName = chart.title.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60) || "chart";
  const exportImage = async (kind: "png" | "svg"): Promise<void> => {
    if (!view.current) return;
    if (kind === "svg") saveBlob(new Blob([await view.current.toSVG()], { type: "image/svg+xml" }), `${fileName}.svg`);
    else {
      const canvas = await view.current.toCanvas(2);
      canvas.toBlob((blob) => blob && saveBlob(blob, `${fileName}.png`), "image/png");
    }
  };
  const exportCsv = (): void =>
    saveBlob(
      new Blob(["\uFEFF", rowsToCsv(fields.map((field) => ({ key: field.field, title: field.title })), rows)], { type: "text/csv;charset=utf-8" }),
      `${fileName}.csv`,
    );

  return (
    <figure data-slot="chart" aria-labelledby={`${id}-title`} aria-describedby={`${id}-description`} className="min-w-0">
      <div className="mb-3 flex items-start justify-between gap-3">
        <figcaption className="min-w-0">
          <p id={`${id}-title`} dir="auto" className="text-sm font-semibold break-words">{chart.title}</p>
          <p id={`${id}-description`} dir="auto" className="text-xs break-words text-ink-3">{chart.description}</p>
        </figcaption>
        <div className="flex shrink-0 gap-1">
          <Button
            size="icon-sm"
            variant="ghost"
            aria-label={mode === "chart" ? t("chart.showTable") : t("chart.showChart")}
            onClick={() => setMode(mode === "chart" ? "table" : "chart")}
          >
            {mode === "chart" ? <Table2 aria-hidden /> : <ChartColumn aria-hidden />}
          </Button>
          <MenuRoot>
            <MenuTrigger asChild>
              <Button size="icon-sm" variant="ghost" aria-label={t("chart.export")}>
                <Download aria-hidden />
              </Button>
            </MenuTrigger>
            <MenuContent align="end">
              <MenuItem disabled={mode !== "chart" || state !== "ready"} onSelect={() => void exportImage("png")}>PNG</MenuItem>
              <MenuItem disabled={mode !== "chart" || state !== "ready"} onSelect={() => void exportImage("svg")}>SVG</MenuItem>
              <MenuItem onSelect={exportCsv}>CSV</MenuItem>
            </MenuContent>
          </MenuRoot>
        </div>
      </div>
      {rows.length === 0 ? <EmptyState title={t("chart.empty")} className="py-8">{t("chart.emptyDetail")}</EmptyState> : null}
      {rows.length > 0 && mode === "table" ? <ChartTable label={chart.title} fields={fields} rows={rows} onSelect={onSelect} /> : null}
      {rows.length > 0 && mode === "chart" ? (
        <div className="relative">
          {state === "loading" ? (
            <LoadingRegion label={t("common.loading")} className="absolute inset-0">
              <Skeleton className="h-full min-h-40 w-full" />
            </LoadingRegion>
          ) : null}
          {state === "failed" ? (
            <p role="alert" className="rounded-md bg-bad-soft px-3 py-2 text-sm text-bad">{t("chart.failed")}</p>
          ) : null}
          <div
            ref={container}
            dir="ltr"
            role="img"
            aria-label={`${chart.title}. ${chart.description}`}
            tabIndex={0}
            className="scroll-thin min-h-40 w-full overflow-x-auto overflow-y-hidden [&_svg]:max-w-none"
            style={onSelect ? { cursor: "pointer" } : undefined}
          />
          <div
            ref={tip}
            hidden
            dir="auto"
            className="pointer-events-none absolute z-20 max-w-72 rounded-md bg-ink px-2 py-1 text-xs break-words whitespace-pre-line text-canvas shadow-pop"
          />
        </div>
      ) : null}
      {mode === "chart" && pages > 1 ? (
        <div className="mt-2 flex items-center justify-between text-xs text-ink-3">
          <span className="tabular">
            {t("chart.categories", {
              first: page * CATEGORIES_PER_PAGE + 1,
              last: Math.min(categories, (page + 1) * CATEGORIES_PER_PAGE),
              count: format.number(categories),
            })}
          </span>
          <span className="flex gap-1">
            <Button size="icon-sm" variant="ghost" disabled={page === 0} aria-label={t("pagination.previous")} onClick={() => setPage(page - 1)}>
              <ChevronLeft className="mirror-rtl" aria-hidden />
            </Button>
            <Button size="icon-sm" variant="ghost" disabled={page + 1 >= pages} aria-label={t("pagination.next")} onClick={() => setPage(page + 1)}>
              <ChevronRight className="mirror-rtl" aria-hidden />
            </Button>
          </span>
        </div>
      ) : null}
    </figure>
  );
}

function tooltipText(value: unknown): string {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value !== "object") return String(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key}: ${String(inner)}`)
    .join("\n");
}
