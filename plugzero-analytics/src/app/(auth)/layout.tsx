import Link from "next/link";
import { Suspense, type ReactNode } from "react";
import { AuthAside } from "@/components/auth/auth-aside";
import { Brand } from "@/components/brand";
import { Providers } from "@/context/providers";
import { loadMessages } from "@/lib/i18n/catalogue";
import { createTranslator } from "@/lib/i18n/translator";
import { readLocale, readTheme } from "@/lib/preferences";

export default async function AuthLayout({ children }: { children: ReactNode }) {
  const [locale, theme] = await Promise.all([readLocale(), readTheme()]);
  const messages = await loadMessages(locale);
  return (
    <Providers locale={locale} messages={messages} theme={theme}>
      <div className="grid min-h-dvh lg:grid-cols-[minmax(0,1fr)_minmax(0,1.1fr)]">
        <div className="flex flex-col px-6 py-6 sm:px-12">
          <Link href="/" className="self-start rounded-md">
            <Brand />
          </Link>
          <main className="flex flex-1 items-center py-12 lg:justify-center">
            <Suspense>{children}</Suspense>
          </main>
        </div>
        <AuthAside t={createTranslator(locale, messages)} />
      </div>
    </Providers>
  );
}
