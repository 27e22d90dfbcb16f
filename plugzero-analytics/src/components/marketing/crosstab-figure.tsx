import type { Translate } from "@/lib/i18n/translator";

const ROWS = [
  { key: "landing.figure.r1", a: 0.62, b: 0.48, letters: ["B", ""] },
  { key: "landing.figure.r2", a: 0.24, b: 0.29, letters: ["", ""] },
  { key: "landing.figure.r3", a: 0.14, b: 0.23, letters: ["", "A"] },
] as const;

/** A small result as the product draws it: shares, significance letters and the base they rest on. */
export function CrosstabFigure({ t }: { t: Translate }) {
  return (
    <figure className="rounded-xl border border-line bg-surface shadow-pop">
      <div className="flex items-center justify-between border-b border-line px-5 py-3">
        <p className="text-sm font-semibold">{t("landing.figure.title")}</p>
        <span className="rounded-sm bg-good-soft px-1.5 py-0.5 text-xs font-medium text-good">{t("landing.figure.verified")}</span>
      </div>
      <table className="w-full text-sm">
        <caption className="sr-only">{t("landing.figure.title")}</caption>
        <thead>
          <tr className="text-xs text-ink-3">
            <th scope="col" className="px-5 py-2 text-start font-medium">{t("landing.figure.answer")}</th>
            <th scope="col" className="px-3 py-2 text-start font-medium">A · {t("landing.figure.new")}</th>
            <th scope="col" className="px-5 py-2 text-start font-medium">B · {t("landing.figure.returning")}</th>
          </tr>
        </thead>
        <tbody>
          {ROWS.map((row) => (
            <tr key={row.key} className="border-t border-line">
              <th scope="row" className="px-5 py-3 text-start font-normal text-ink-2">{t(row.key)}</th>
              {[row.a, row.b].map((share, index) => (
                <td key={index} className="px-3 py-3 last:pe-5">
                  <span className="flex items-center gap-2">
                    <span className="relative h-2 flex-1 overflow-hidden rounded-full bg-hover">
                      <span className={`absolute inset-y-0 start-0 rounded-full ${row.letters[index] ? "bg-signal" : "bg-accent"}`} style={{ width: `${share * 100}%` }} />
                    </span>
                    <span className="tabular w-10 text-end font-medium">{Math.round(share * 100)}%</span>
                    <sup className="w-3 text-xs font-semibold text-signal-text">{row.letters[index]}</sup>
                  </span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <figcaption className="border-t border-line px-5 py-3 text-xs text-ink-3">{t("landing.figure.caption")}</figcaption>
    </figure>
  );
}
