import type { Fact, ResultTableColumn } from "@/lib/api/analysis";
import type { Formats } from "@/lib/i18n/formats";
import type { Translate } from "@/lib/i18n/translator";

type Value = string | number | boolean | null | undefined;

export function formatP(value: number, format: Formats): string {
  return value < 0.001 ? `< ${format.number(0.001)}` : format.number(value, { maximumFractionDigits: 3, minimumFractionDigits: 3 });
}

/** A table cell in the words of its column's type. */
export function formatCell(value: Value, type: ResultTableColumn["type"], format: Formats, t: Translate): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? t("common.yes") : t("common.no");
  if (typeof value === "string") return type === "date" ? format.date(value) : value;
  switch (type) {
    case "percent":
      return format.percent(value);
    case "p_value":
      return formatP(value, format);
    case "integer":
      return format.number(value, { maximumFractionDigits: 0 });
    default:
      return format.figure(value);
  }
}

export function formatFactValue(value: Value, unit: string, format: Formats): string {
  if (typeof value !== "number") return value === null || value === undefined ? "–" : String(value);
  if (unit === "share" || unit === "proportion") return format.percent(value);
  if (unit === "p") return formatP(value, format);
  const figure = format.figure(value);
  return unit ? `${figure} ${unit}` : figure;
}

/** "95% interval 0.41 to 0.47 · n = 512 · p = 0.003": everything needed to quote the figure. */
export function factDetails(fact: Fact, format: Formats, t: Translate): string[] {
  const parts: string[] = [];
  const { interval } = fact;
  if (interval && (interval.low !== null || interval.high !== null)) {
    parts.push(
      t("fact.interval", {
        level: format.percent(interval.level, 1),
        low: formatFactValue(interval.low, fact.unit === "share" ? "share" : "", format),
        high: formatFactValue(interval.high, fact.unit === "share" ? "share" : "", format),
      }),
    );
  }
  if (fact.n !== null) parts.push(`n = ${format.number(fact.n)}`);
  if (fact.weighted_n !== null && fact.weighted_n !== fact.n) parts.push(t("fact.weightedN", { n: format.figure(fact.weighted_n) }));
  if (fact.p !== null) parts.push(fact.p < 0.001 ? `p ${formatP(fact.p, format)}` : `p = ${formatP(fact.p, format)}`);
  if (fact.adjusted_p !== null) parts.push(t("fact.adjustedP", { p: formatP(fact.adjusted_p, format) }));
  if (fact.test) {
    const df = fact.df.length > 0 ? ` (${fact.df.map((value) => format.figure(value)).join("; ")})` : "";
    parts.push(fact.statistic !== null ? `${fact.test}${df} = ${format.figure(fact.statistic)}` : fact.test);
  }
  return parts;
}
