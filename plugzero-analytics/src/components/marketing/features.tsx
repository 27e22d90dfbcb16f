import Link from "next/link";
import { buttonVariants } from "@/components/ui/button-variants";
import type { MessageKey, Translate } from "@/lib/i18n/translator";

const AREAS: readonly { title: MessageKey; text: MessageKey; points: readonly MessageKey[] }[] = [
  { title: "features.data.title", text: "features.data.text", points: ["features.data.p1", "features.data.p2", "features.data.p3", "features.data.p4"] },
  { title: "features.analysis.title", text: "features.analysis.text", points: ["features.analysis.p1", "features.analysis.p2", "features.analysis.p3", "features.analysis.p4"] },
  { title: "features.seo.title", text: "features.seo.text", points: ["features.seo.p1", "features.seo.p2", "features.seo.p3", "features.seo.p4"] },
  { title: "features.team.title", text: "features.team.text", points: ["features.team.p1", "features.team.p2", "features.team.p3", "features.team.p4"] },
];

export function Features({ t }: { t: Translate }) {
  return (
    <div className="mx-auto w-full max-w-6xl px-5 pt-10">
      <h1 className="max-w-3xl text-4xl font-medium sm:text-5xl">{t("features.title")}</h1>
      <p className="mt-4 max-w-2xl text-lg text-ink-2">{t("features.lead")}</p>
      <div className="mt-14 flex flex-col divide-y divide-line border-y border-line">
        {AREAS.map((area) => (
          <section key={area.title} className="grid gap-6 py-10 md:grid-cols-[1fr_1.4fr]">
            <div>
              <h2 className="text-2xl font-medium">{t(area.title)}</h2>
              <p className="mt-2 text-ink-2">{t(area.text)}</p>
            </div>
            <ul className="grid gap-3 sm:grid-cols-2">
              {area.points.map((point) => (
                <li key={point} className="border-s-2 border-signal ps-3 text-ink-2">
                  {t(point)}
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
      <div className="mt-12 flex flex-wrap gap-3">
        <Link href="/register" className={buttonVariants({ variant: "primary", size: "lg" })}>
          {t("landing.start")}
        </Link>
        <a href="/docs/api" className={buttonVariants({ variant: "secondary", size: "lg" })}>
          {t("landing.apiDocs")}
        </a>
      </div>
    </div>
  );
}
