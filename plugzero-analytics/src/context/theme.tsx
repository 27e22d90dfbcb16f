"use client";

import { createContext, useCallback, useContext, useMemo, useState, useSyncExternalStore, type ReactNode } from "react";
import { writePreferenceCookie } from "@/lib/preference-cookies";
import { THEME_COOKIE, type Theme } from "@/lib/theme";

interface ThemeValue {
  theme: Theme;
  /** What is on screen now, after "system" has been resolved. */
  appearance: "light" | "dark";
  setTheme: (theme: Theme) => void;
}

const ThemeContext = createContext<ThemeValue | null>(null);
const DARK_QUERY = "(prefers-color-scheme: dark)";

function subscribe(onChange: () => void): () => void {
  const query = window.matchMedia?.(DARK_QUERY);
  query?.addEventListener("change", onChange);
  return () => query?.removeEventListener("change", onChange);
}

export function ThemeProvider({ initial, children }: { initial: Theme; children: ReactNode }) {
  const [theme, setThemeState] = useState<Theme>(initial);
  const systemDark = useSyncExternalStore(subscribe, () => window.matchMedia?.(DARK_QUERY).matches ?? false, () => false);
  const setTheme = useCallback((next: Theme) => {
    setThemeState(next);
    writePreferenceCookie(THEME_COOKIE, next);
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
  }, []);
  const appearance = theme === "system" ? (systemDark ? "dark" : "light") : theme;
  const value = useMemo(() => ({ theme, appearance, setTheme }) as const, [theme, appearance, setTheme]);
  return <ThemeContext.Provider value={value}>{children}</ThemeContext.Provider>;
}

export function useTheme(): ThemeValue {
  const value = useContext(ThemeContext);
  if (!value) throw new Error("useTheme needs a ThemeProvider above it");
  return value;
}
