"use client";

import { useI18n } from "@/context/i18n";
import { cn } from "@/lib/class-names";

function tone(score: number): string {
  return score >= 85 ? "var(--good)" : score >= 60 ? "var(--signal)" : "var(--bad)";
}

/** A health score as a number on an arc; the number carries the meaning, the arc only repeats it. */
export function ScoreMark({ score, low, high, size = "md" }: { score: number | null; low?: number | null; high?: number | null; size?: "sm" | "md" | "lg" }) {
  const { t, format } = useI18n();
  if (score === null) return <span className="text-sm text-ink-3">–</span>;
  if (size === "sm") {
    return (
      <span className="inline-flex items-center gap-2 tabular">
        <span aria-hidden className="size-2.5 rounded-full" style={{ background: tone(score) }} />
        <span className="font-medium">{format.number(score, { maximumFractionDigits: 0 })}</span>
      </span>
    );
  }
  const length = 2 * Math.PI * 42 * 0.75;
  return (
    <div className={cn("relative", size === "lg" ? "size-44" : "size-24")}>
      <svg viewBox="0 0 100 100" aria-hidden className="size-full -rotate-[225deg]">
        <circle cx="50" cy="50" r="42" fill="none" stroke="var(--hover)" strokeWidth="9" strokeLinecap="round" strokeDasharray={`${length} 400`} />
        <circle cx="50" cy="50" r="42" fill="none" stroke={tone(score)} strokeWidth="9" strokeLinecap="round" strokeDasharray={`${(length * score) / 100} 400`} />
      </svg>
      <div className="absolute inset-0 flex flex-col items-center justify-center">
        <span className={cn("font-display leading-none font-medium tabular", size === "lg" ? "text-5xl" : "text-2xl")}>{format.number(score, { maximumFractionDigits: 1 })}</span>
        <span className="mt-1 text-xs text-ink-3">{t("seo.ofHundred")}</span>
        {low !== null && low !== undefined && high !== null && high !== undefined && high - low > 0.05 ? (
          <span className="text-xs text-ink-3 tabular">{t("seo.scoreRange", { low: format.number(low, { maximumFractionDigits: 1 }), high: format.number(high, { maximumFractionDigits: 1 }) })}</span>
        ) : null}
      </div>
    </div>
  );
}
