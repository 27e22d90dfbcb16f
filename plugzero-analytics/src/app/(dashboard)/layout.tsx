import { Suspense, type ReactNode } from "react";
import { AppShell } from "@/components/shell/app-shell";
import { ShellSkeleton } from "@/components/shell/shell-skeleton";
import { MetaProvider } from "@/context/meta";
import { Providers } from "@/context/providers";
import { SessionGate } from "@/context/session";
import { loadMessages } from "@/lib/i18n/catalogue";
import { readLocale, readTheme } from "@/lib/preferences";

export default async function DashboardLayout({ children }: { children: ReactNode }) {
  const [locale, theme] = await Promise.all([readLocale(), readTheme()]);
  return (
    <Providers locale={locale} messages={await loadMessages(locale)} theme={theme}>
      <Suspense fallback={<ShellSkeleton />}>
        <SessionGate fallback={<ShellSkeleton />}>
          <MetaProvider fallback={<ShellSkeleton />}>
            <AppShell>{children}</AppShell>
          </MetaProvider>
        </SessionGate>
      </Suspense>
    </Providers>
  );
}
