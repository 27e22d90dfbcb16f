import Link from "next/link";
import { buttonVariants } from "@/components/ui/button-variants";
import type { MessageKey, Translate } from "@/lib/i18n/translator";
import { CrosstabFigure } from "./crosstab-figure";

const STEPS: readonly { title: MessageKey; text: MessageKey }[] = [
  { title: "landing.step1.title", text: "landing.step1.text" },
  { title: "landing.step2.title", text: "landing.step2.text" },
  { title: "landing.step3.title", text: "landing.step3.text" },
];

const PRINCIPLES: readonly { title: MessageKey; text: MessageKey }[] = [
  { title: "landing.principle1.title", text: "landing.principle1.text" },
  { title: "landing.principle2.title", text: "landing.principle2.text" },
  { title: "landing.principle3.title", text: "landing.principle3.text" },
  { title: "landing.principle4.title", text: "landing.principle4.text" },
];

export function Landing({ t }: { t: Translate }) {
  return (
    <>
      <section className="mx-auto grid w-full max-w-6xl items-center gap-12 px-5 pt-10 pb-20 lg:grid-cols-[1.05fr_1fr] lg:pt-20">
        <div>
          <h1 className="text-4xl leading-[1.08] font-medium sm:text-6xl">{t("landing.title")}</h1>
          <p className="mt-6 max-w-xl text-lg text-ink-2">{t("landing.lead")}</p>
          <div className="mt-8 flex flex-wrap gap-3">
            <Link href="/register" className={buttonVariants({ variant: "primary", size: "lg" })}>
              {t("landing.start")}
            </Link>
            <Link href="/features" className={buttonVariants({ variant: "secondary", size: "lg" })}>
              {t("landing.seeFeatures")}
            </Link>
          </div>
          <p className="mt-4 text-sm text-ink-3">{t("landing.selfHosted")}</p>
        </div>
        <CrosstabFigure t={t} />
      </section>
      <section className="border-y border-line bg-sunken">
        <div className="mx-auto w-full max-w-6xl px-5 py-16">
          <h2 className="text-3xl font-medium">{t("landing.stepsTitle")}</h2>
          <ol className="mt-10 grid gap-10 md:grid-cols-3">
            {STEPS.map((step, index) => (
              <li key={step.title} className="border-t-2 border-accent pt-4">
                <span className="font-display text-2xl text-accent tabular">{index + 1}</span>
                <h3 className="mt-2 text-lg font-semibold">{t(step.title)}</h3>
                <p className="mt-2 text-ink-2">{t(step.text)}</p>
              </li>
            ))}
          </ol>
        </div>
      </section>
      <section className="mx-auto w-full max-w-6xl px-5 py-20">
        <h2 className="max-w-2xl text-3xl font-medium">{t("landing.principlesTitle")}</h2>
        <dl className="mt-10 grid gap-x-12 gap-y-8 sm:grid-cols-2">
          {PRINCIPLES.map((principle) => (
            <div key={principle.title}>
              <dt className="text-base font-semibold">{t(principle.title)}</dt>
              <dd className="mt-1 text-ink-2">{t(principle.text)}</dd>
            </div>
          ))}
        </dl>
      </section>
    </>
  );
}
