import Link from "next/link";
import { Brand } from "@/components/brand";
import { buttonVariants } from "@/components/ui/button-variants";
import { loadMessages } from "@/lib/i18n/catalogue";
import { createTranslator } from "@/lib/i18n/translator";
import { readLocale } from "@/lib/preferences";

export default async function NotFound() {
  const locale = await readLocale();
  const t = createTranslator(locale, await loadMessages(locale));
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center gap-4 px-6">
      <Brand className="mb-6" />
      <h1 className="text-4xl font-medium">{t("notFound.title")}</h1>
      <p className="text-ink-2">{t("notFound.detail")}</p>
      <Link href="/home" className={buttonVariants({ variant: "primary", className: "self-start" })}>
        {t("nav.home")}
      </Link>
    </main>
  );
}
