import type { ReactNode } from "react";
import { SiteFooter, SiteHeader } from "@/components/marketing/site-header";
import { loadMessages } from "@/lib/i18n/catalogue";
import { createTranslator } from "@/lib/i18n/translator";
import { readLocale } from "@/lib/preferences";

export default async function MarketingLayout({ children }: { children: ReactNode }) {
  const locale = await readLocale();
  const t = createTranslator(locale, await loadMessages(locale));
  return (
    <>
      <SiteHeader t={t} />
      <main>{children}</main>
      <SiteFooter t={t} />
    </>
  );
}
