"use client";

import { useI18n } from "@/context/i18n";
import type { ColumnProfile } from "@/lib/api/datasets";

const WIDTH = 240;
const HEIGHT = 44;

/** A column's distribution in a thumbnail: bins for numbers, the most frequent values for the rest. */
export function Distribution({ profile, labels }: { profile: ColumnProfile; labels: Readonly<Record<string, string>> }) {
  const { t, format } = useI18n();
  if (profile.histogram.length > 0) {
    const tallest = Math.max(...profile.histogram.map((bin) => bin[2]), 1);
    const step = WIDTH / profile.histogram.length;
    const first = profile.histogram[0]?.[0] ?? 0;
    const last = profile.histogram.at(-1)?.[1] ?? 0;
    return (
      <figure>
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={t("profile.histogram", { from: format.figure(first), to: format.figure(last) })} className="h-11 w-full" preserveAspectRatio="none">
          {profile.histogram.map(([low, high, count], index) => {
            const height = count === 0 ? 0 : Math.max(1.5, (count / tallest) * HEIGHT);
            return (
              <rect key={index} x={index * step + 0.5} width={Math.max(0.5, step - 1)} y={HEIGHT - height} height={height} fill="var(--accent)" rx="1">
                <title>{`${format.figure(low)} – ${format.figure(high)}: ${format.number(count)}`}</title>
              </rect>
            );
          })}
        </svg>
        <figcaption dir="ltr" className="mt-1 flex justify-between text-[0.6875rem] text-ink-3 tabular">
          <span>{format.figure(first)}</span>
          <span>{format.figure(last)}</span>
        </figcaption>
      </figure>
    );
  }
  if (profile.top_values.length === 0) return null;
  // The count is of values that are there.
  const present = Math.max(1, profile.count);
  return (
    <ul className="flex flex-col gap-1">
      {profile.top_values.slice(0, 5).map(([value, count]) => (
        <li key={value} className="grid grid-cols-[minmax(0,1fr)_3.5rem_3rem] items-center gap-2 text-xs">
          <span dir="auto" className="truncate" title={value}>{labels[value] ?? value}</span>
          <span aria-hidden className="h-1.5 overflow-hidden rounded-full bg-hover">
            <span className="block h-full rounded-full bg-accent" style={{ width: `${(count / present) * 100}%` }} />
          </span>
          <span className="text-end text-ink-3 tabular">{format.percent(count / present, 0)}</span>
        </li>
      ))}
    </ul>
  );
}
