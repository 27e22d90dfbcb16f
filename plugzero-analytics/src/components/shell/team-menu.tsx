"use client";

import { ChevronsUpDown, Languages, LogOut, MonitorCog, UserRound } from "lucide-react";
import { useRouter } from "next/navigation";
import { MenuContent, MenuItem, MenuLabel, MenuRadioGroup, MenuRadioItem, MenuRoot, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import { toast } from "@/components/ui/toast";
import { useI18n } from "@/context/i18n";
import { useMeta } from "@/context/meta";
import { useTheme } from "@/context/theme";
import { LOCALE_COOKIE, LOCALE_NAMES, LOCALES } from "@/lib/i18n/locales";
import type { MessageKey } from "@/lib/i18n/translator";
import { writePreferenceCookie } from "@/lib/preference-cookies";
import { signOut } from "@/lib/session/client";
import { isTheme, THEMES, type Theme } from "@/lib/theme";

const THEME_LABELS: Record<Theme, MessageKey> = { system: "theme.system", light: "theme.light", dark: "theme.dark" };

export const ROLE_LABELS: Readonly<Record<string, MessageKey>> = {
  OWNER: "role.OWNER", ADMIN: "role.ADMIN", MEMBER: "role.MEMBER", VIEWER: "role.VIEWER",
};

export function TeamMenu() {
  const { t, locale } = useI18n();
  const { meta, team, switchTeam } = useMeta();
  const { theme, setTheme } = useTheme();
  const router = useRouter();
  const roleKey = team ? ROLE_LABELS[team.role] : undefined;
  return (
    <MenuRoot>
      <MenuTrigger asChild>
        <button type="button" className="flex w-full items-center gap-2.5 rounded-md p-2 text-start hover:bg-hover">
          <span aria-hidden className="flex size-8 shrink-0 items-center justify-center rounded-md bg-accent-soft font-display text-base font-semibold text-accent">
            {[...(team?.name ?? "?")][0]?.toLocaleUpperCase(locale)}
          </span>
          <span className="min-w-0 flex-1">
            <span dir="auto" className="block truncate text-sm font-medium">{team?.name ?? t("team.none")}</span>
            <span className="block truncate text-xs text-ink-3">{roleKey ? t(roleKey) : (team?.role ?? "")}</span>
          </span>
          <ChevronsUpDown className="size-4 shrink-0 text-ink-3" aria-hidden />
          <span className="sr-only">{t("shell.teamMenu")}</span>
        </button>
      </MenuTrigger>
      <MenuContent align="start" side="top" className="w-60">
        {meta.teams.length > 1 ? (
          <>
            <MenuLabel>{t("team.switch")}</MenuLabel>
            <MenuRadioGroup
              value={team?.id}
              onValueChange={(id) => {
                switchTeam(id);
                router.push("/home");
                toast(t("team.switched", { name: meta.teams.find((entry) => entry.id === id)?.name ?? "" }));
              }}
            >
              {meta.teams.map((entry) => (
                <MenuRadioItem key={entry.id} value={entry.id}>
                  <span dir="auto" className="truncate">{entry.name}</span>
                </MenuRadioItem>
              ))}
            </MenuRadioGroup>
            <MenuSeparator />
          </>
        ) : null}
        <MenuItem onSelect={() => router.push("/account")}>
          <UserRound aria-hidden /> {t("nav.account")}
        </MenuItem>
        <MenuLabel className="flex items-center gap-2">
          <MonitorCog className="size-3.5" aria-hidden /> {t("theme.title")}
        </MenuLabel>
        <MenuRadioGroup value={theme} onValueChange={(value) => (isTheme(value) ? setTheme(value) : undefined)}>
          {THEMES.map((option) => (
            <MenuRadioItem key={option} value={option} onSelect={(event) => event.preventDefault()}>
              {t(THEME_LABELS[option])}
            </MenuRadioItem>
          ))}
        </MenuRadioGroup>
        <MenuLabel className="flex items-center gap-2">
          <Languages className="size-3.5" aria-hidden /> {t("language.title")}
        </MenuLabel>
        <MenuRadioGroup
          value={locale}
          onValueChange={(value) => {
            writePreferenceCookie(LOCALE_COOKIE, value);
            window.location.reload();
          }}
        >
          {LOCALES.map((option) => (
            <MenuRadioItem key={option} value={option} lang={option}>
              {LOCALE_NAMES[option]}
            </MenuRadioItem>
          ))}
        </MenuRadioGroup>
        <MenuSeparator />
        <MenuItem onSelect={() => void signOut()}>
          <LogOut aria-hidden /> {t("auth.signOut")}
        </MenuItem>
      </MenuContent>
    </MenuRoot>
  );
}
