import type { Metadata } from "next";
import { Landing } from "@/components/marketing/landing";
import { loadMessages } from "@/lib/i18n/catalogue";
import { createTranslator } from "@/lib/i18n/translator";
import { readLocale } from "@/lib/preferences";

export const metadata: Metadata = { title: { absolute: "PlugZero Intelligence: market research you can defend" } };

export default async function Page() {
  const locale = await readLocale();
  return <Landing t={createTranslator(locale, await loadMessages(locale))} />;
}
