"use client";

import { QueryClientProvider } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Toaster } from "@/components/ui/toast";
import { TooltipProvider } from "@/components/ui/tooltip";
import { I18nProvider } from "@/context/i18n";
import { ThemeProvider } from "@/context/theme";
import { createQueryClient } from "@/lib/api/query-client";
import type { Locale } from "@/lib/i18n/locales";
import type { Messages } from "@/lib/i18n/translator";
import type { Theme } from "@/lib/theme";

interface ProvidersProps {
  locale: Locale;
  messages: Messages;
  theme: Theme;
  children: ReactNode;
}

export function Providers({ locale, messages, theme, children }: ProvidersProps) {
  const [client] = useState(createQueryClient);
  return (
    <QueryClientProvider client={client}>
      <I18nProvider locale={locale} messages={messages}>
        <ThemeProvider initial={theme}>
          <TooltipProvider delayDuration={350}>
            {children}
            <Toaster />
          </TooltipProvider>
        </ThemeProvider>
      </I18nProvider>
    </QueryClientProvider>
  );
}
