"use client";

import { DirectionProvider } from "@radix-ui/react-direction";
import { createContext, useContext, useMemo, type ReactNode } from "react";
import { createFormats, type Formats } from "@/lib/i18n/formats";
import { directionOf, type Locale } from "@/lib/i18n/locales";
import { createTranslator, type Messages, type Translate } from "@/lib/i18n/translator";

interface I18n {
  locale: Locale;
  direction: "ltr" | "rtl";
  t: Translate;
  format: Formats;
}

const I18nContext = createContext<I18n | null>(null);

export function I18nProvider({ locale, messages, children }: { locale: Locale; messages: Messages; children: ReactNode }) {
  const value = useMemo<I18n>(
    () => ({ locale, direction: directionOf(locale), t: createTranslator(locale, messages), format: createFormats(locale) }),
    [locale, messages],
  );
  return (
    <DirectionProvider dir={value.direction}>
      <I18nContext.Provider value={value}>{children}</I18nContext.Provider>
    </DirectionProvider>
  );
}

export function useI18n(): I18n {
  const value = useContext(I18nContext);
  if (!value) throw new Error("useI18n needs an I18nProvider above it");
  return value;
}
