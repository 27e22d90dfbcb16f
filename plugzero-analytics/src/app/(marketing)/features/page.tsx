import type { Metadata } from "next";
import { Features } from "@/components/marketing/features";
import { loadMessages } from "@/lib/i18n/catalogue";
import { createTranslator } from "@/lib/i18n/translator";
import { readLocale } from "@/lib/preferences";

export const metadata: Metadata = { title: "Features" };

export default async function Page() {
  const locale = await readLocale();
  return <Features t={createTranslator(locale, await loadMessages(locale))} />;
}
