import type { Translate } from "@/lib/i18n/translator";

const ESTIMATES = [
  { label: "auth.aside.a", value: 0.71, low: 0.66, high: 0.76 },
  { label: "auth.aside.b", value: 0.58, low: 0.52, high: 0.64 },
  { label: "auth.aside.c", value: 0.44, low: 0.38, high: 0.5 },
  { label: "auth.aside.d", value: 0.29, low: 0.24, high: 0.34 },
] as const;

const x = (share: number): number => 150 + share * 330;

/** The promise of the product as a picture: every estimate is drawn with its interval. */
export function AuthAside({ t }: { t: Translate }) {
  return (
    <aside className="relative hidden overflow-hidden border-s border-line bg-sunken lg:flex lg:flex-col lg:justify-center" aria-hidden>
      <div className="mx-auto w-full max-w-lg px-10">
        <p className="font-display text-3xl leading-tight font-medium text-balance">{t("auth.aside.title")}</p>
        <p className="mt-3 text-sm text-ink-2">{t("auth.aside.text")}</p>
        <svg viewBox="0 0 500 210" className="mt-10 w-full" direction="ltr">
          {[0, 0.25, 0.5, 0.75, 1].map((tick) => (
            <g key={tick}>
              <line x1={x(tick)} x2={x(tick)} y1="8" y2="176" stroke="var(--line)" />
              <text x={x(tick)} y="196" textAnchor="middle" fontSize="11" fill="var(--ink-3)">
                {tick * 100}%
              </text>
            </g>
          ))}
          {ESTIMATES.map((row, index) => {
            const y = 30 + index * 40;
            return (
              <g key={row.label}>
                <text x="140" y={y + 4} textAnchor="end" fontSize="13" fill="var(--ink-2)">
                  {t(row.label)}
                </text>
                <line x1={x(row.low)} x2={x(row.high)} y1={y} y2={y} stroke="var(--accent)" strokeWidth="7" strokeLinecap="round" opacity="0.28" />
                <circle cx={x(row.value)} cy={y} r="5.5" fill={index === 0 ? "var(--signal)" : "var(--accent)"} stroke="var(--sunken)" strokeWidth="2" />
              </g>
            );
          })}
        </svg>
        <p className="mt-2 text-xs text-ink-3">{t("auth.aside.caption")}</p>
      </div>
    </aside>
  );
}
