import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import { directionOf } from "@/lib/i18n/locales";
import { readLocale, readTheme } from "@/lib/preferences";
import "./globals.css";

export const metadata: Metadata = {
  title: { default: "PlugZero Intelligence", template: "%s · PlugZero" },
  description: "Open, self-hosted market research and marketing intelligence: from a messy file to figures you can defend.",
};

export const viewport: Viewport = { colorScheme: "light dark" };

export default async function RootLayout({ children }: { children: ReactNode }) {
  const [locale, theme] = await Promise.all([readLocale(), readTheme()]);
  return (
    <html lang={locale} dir={directionOf(locale)} data-theme={theme === "system" ? undefined : theme}>
      <body>{children}</body>
    </html>
  );
}
