import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactElement, ReactNode } from "react";
import { TooltipProvider } from "@/components/ui/tooltip";
import { I18nProvider } from "@/context/i18n";
import { ThemeProvider } from "@/context/theme";
import { ar } from "@/lib/i18n/messages/ar";
import { en } from "@/lib/i18n/messages/en";
import type { Locale } from "@/lib/i18n/locales";

/** Renders inside everything a component may ask for, without the network. */
export function renderInApp(element: ReactElement, locale: Locale = "en") {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const Wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>
      <I18nProvider locale={locale} messages={locale === "ar" ? ar : en}>
        <ThemeProvider initial="light">
          <TooltipProvider>{children}</TooltipProvider>
        </ThemeProvider>
      </I18nProvider>
    </QueryClientProvider>
  );
  return { client, ...render(element, { wrapper: Wrapper }) };
}
