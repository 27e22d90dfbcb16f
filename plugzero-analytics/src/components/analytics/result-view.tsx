"use client";

import { Check, CircleHelp, Code2, Download, TriangleAlert, X } from "lucide-react";
import { useState } from "react";
import { Chart } from "@/components/charts/chart";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { MenuContent, MenuItem, MenuRoot, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { type AnalysisResult, type CellAddress, exportResult, type Fact, getScript } from "@/lib/api/analysis";
import { describeProblem } from "@/lib/api/problem-text";
import { fileNameOf, saveBlob } from "@/lib/save-file";
import { cellOfMark } from "./drill-target";
import { factDetails, formatFactValue } from "./fact-format";
import { ResultTableView } from "./result-table";
import { RowsSheet } from "./rows-sheet";

const FACTS_SHOWN = 4;

/** Everything one computation said: its figures in words, charts, tables, warnings, and how it was computed. */
export function ResultView({ result }: { result: AnalysisResult }) {
  const { t, format } = useI18n();
  const [cell, setCell] = useState<CellAddress | null>(null);
  const { output } = result;
  const cellTitle = (address: CellAddress): string => {
    const table = output.tables.find((candidate) => candidate.id === address.table);
    const row = table?.rows[address.row];
    const name = table?.columns.find((column) => column.type === "text");
    const column = table?.columns.find((candidate) => candidate.key === address.column);
    return [name && row ? String(row[name.key]) : table?.title, column?.group, column?.label].filter(Boolean).join(" · ");
  };
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 text-xs text-ink-3">
        <span className="tabular">{t("result.base", { n: format.number(output.n) })}</span>
        {output.weighted_n !== null && output.weighted_n !== output.n ? <span>{t("fact.weightedN", { n: format.figure(output.weighted_n) })}</span> : null}
        {result.filter ? <Badge tone="accent">{t("result.filtered")}</Badge> : null}
        {result.weight ? <Badge tone="accent">{t("result.weightedBy", { name: result.weight })}</Badge> : null}
        <span>{t("result.datasetVersion", { name: result.dataset_name, version: result.dataset_version })}</span>
        {result.computed_at ? <span>{format.relative(result.computed_at)}</span> : null}
        {result.seconds !== null ? <span className="tabular">{format.duration(result.seconds * 1000)}</span> : null}
        <ResultMenu result={result} />
      </div>
      <Notices notices={output.notices} />
      {output.facts.length > 0 ? <Reading facts={output.facts} /> : null}
      {output.charts.length > 0 ? (
        <div className={output.charts.length > 1 ? "grid gap-4 2xl:grid-cols-2" : "grid gap-4"}>
          {output.charts.map((chart) => (
            <Card key={chart.id}>
              <CardBody>
                <Chart
                  chart={chart}
                  onSelect={(datum) => {
                    const target = cellOfMark(output, chart.id, datum);
                    if (target) setCell(target);
                  }}
                />
              </CardBody>
            </Card>
          ))}
        </div>
      ) : null}
      {output.tables.map((table) => (
        <Card key={table.id}>
          <CardBody>
            <ResultTableView table={table} onDrill={setCell} />
          </CardBody>
        </Card>
      ))}
      <Method result={result} />
      {cell ? <RowsSheet resultId={result.id} cell={cell} title={cellTitle(cell)} onClose={() => setCell(null)} /> : null}
    </div>
  );
}

function ResultMenu({ result }: { result: AnalysisResult }) {
  const { t } = useI18n();
  const { can } = useMeta();
  if (!can("analysis.export")) return null;
  const save = async (request: Promise<Response>, fallback: string): Promise<void> => {
    try {
      const response = await request;
      saveBlob(await response.blob(), fileNameOf(response, fallback));
    } catch (error) {
      toast(describeProblem(error, t).title, { tone: "bad" });
    }
  };
  return (
    <MenuRoot>
      <MenuTrigger asChild>
        <Button size="sm" className="ms-auto">
          <Download aria-hidden /> {t("result.export")}
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        <MenuItem onSelect={() => void save(exportResult(result.id, "xlsx"), "result.xlsx")}>Excel</MenuItem>
        <MenuItem onSelect={() => void save(exportResult(result.id, "csv"), "result.csv")}>CSV</MenuItem>
        <MenuItem onSelect={() => void save(exportResult(result.id, "json"), "result.json")}>JSON</MenuItem>
        <MenuSeparator />
        <MenuItem onSelect={() => void save(getScript(result.id), "result.py")}>
          <Code2 aria-hidden /> {t("result.script")}
        </MenuItem>
      </MenuContent>
    </MenuRoot>
  );
}

function Notices({ notices }: { notices: AnalysisResult["output"]["notices"] }) {
  if (notices.length === 0) return null;
  return (
    <ul className="flex flex-col gap-2">
      {notices.map((notice, index) => (
        <li key={`${notice.code}-${index}`} className="flex items-start gap-2.5 rounded-lg bg-signal-soft px-3 py-2 text-sm text-ink">
          <TriangleAlert className="mt-0.5 size-4 shrink-0 text-signal-text" aria-hidden />
          <span dir="auto" className="min-w-0 break-words">{notice.message}</span>
        </li>
      ))}
    </ul>
  );
}

function Reading({ facts }: { facts: readonly Fact[] }) {
  const { t, format } = useI18n();
  const [all, setAll] = useState(false);
  const shown = all ? facts : facts.slice(0, FACTS_SHOWN);
  return (
    <Card>
      <CardHeader>
        <CardTitle>{t("result.reading")}</CardTitle>
        <span className="text-xs text-ink-3">{t("result.factCount", { count: facts.length })}</span>
      </CardHeader>
      <dl className="grid gap-x-8 px-4 sm:grid-cols-2">
        {shown.map((fact) => (
          <div key={fact.id} className="flex flex-col gap-0.5 border-b border-line py-3">
            <dt dir="auto" className="text-sm break-words text-ink-2">{fact.name}</dt>
            <dd>
              <span className="font-display text-2xl leading-tight font-medium tabular">
                {fact.suppressed ? t("fact.suppressed") : formatFactValue(fact.value, fact.unit, format)}
              </span>
              <span className="ms-2 inline-flex flex-wrap gap-1 align-middle">
                {fact.approximate ? <Badge>{t("fact.approximate")}</Badge> : null}
                {fact.small_base ? <Badge tone="warning">{t("fact.smallBase")}</Badge> : null}
              </span>
              <span dir="auto" className="block text-xs break-words text-ink-3 tabular">{factDetails(fact, format, t).join(" · ")}</span>
            </dd>
          </div>
        ))}
      </dl>
      {facts.length > FACTS_SHOWN ? (
        <div className="px-4 py-2">
          <Button size="sm" variant="ghost" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? t("common.showLess") : t("result.showAllFacts", { count: facts.length })}
          </Button>
        </div>
      ) : null}
    </Card>
  );
}

function Method({ result }: { result: AnalysisResult }) {
  const { t } = useI18n();
  const { method, assumptions, seed } = result.output;
  const lines: [string, string][] = [
    [t("method.missing"), method.missing_values],
    [t("method.weights"), method.weights],
    [t("method.multiple"), method.multiple_testing],
    ...(seed === null ? [] : [[t("method.seed"), String(seed)] as [string, string]]),
    [t("method.version"), `${result.procedure} v${result.procedure_version}`],
  ];
  return (
    <details className="rounded-lg border border-line bg-surface shadow-card">
      <summary className="px-4 py-3 text-sm font-semibold select-none">{t("method.title")}</summary>
      <div className="border-t border-line p-4">
        <p dir="auto" className="max-w-prose text-sm">{method.text}</p>
        <dl className="mt-4 grid gap-x-6 gap-y-2 text-sm sm:grid-cols-[auto_1fr]">
          {lines.filter(([, text]) => text).map(([label, text]) => (
            <div key={label} className="contents">
              <dt className="text-ink-3">{label}</dt>
              <dd dir="auto" className="max-w-prose break-words">{text}</dd>
            </div>
          ))}
        </dl>
        {assumptions.length > 0 ? (
          <>
            <h4 className="mt-5 text-sm font-semibold">{t("method.assumptions")}</h4>
            <ul className="mt-2 flex flex-col gap-1.5">
              {assumptions.map((assumption) => (
                <li key={assumption.name} className="flex items-start gap-2 text-sm">
                  {assumption.met === true ? <Check className="mt-0.5 size-4 shrink-0 text-good" aria-label={t("method.met")} /> : null}
                  {assumption.met === false ? <X className="mt-0.5 size-4 shrink-0 text-bad" aria-label={t("method.notMet")} /> : null}
                  {assumption.met === null ? <CircleHelp className="mt-0.5 size-4 shrink-0 text-ink-3" aria-label={t("method.notChecked")} /> : null}
                  <span dir="auto">
                    <span className="font-medium">{assumption.name}.</span> <span className="text-ink-2">{assumption.detail}</span>
                  </span>
                </li>
              ))}
            </ul>
          </>
        ) : null}
        {method.references.length > 0 ? (
          <>
            <h4 className="mt-5 text-sm font-semibold">{t("method.references")}</h4>
            <ul className="mt-1 list-disc ps-5 text-sm text-ink-2">
              {method.references.map((reference) => (
                <li key={reference} dir="auto">{reference}</li>
              ))}
            </ul>
          </>
        ) : null}
      </div>
    </details>
  );
}
