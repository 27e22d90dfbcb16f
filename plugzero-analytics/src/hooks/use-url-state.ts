"use client";

import { usePathname, useSearchParams } from "next/navigation";
import { useCallback } from "react";

type Changes = Readonly<Record<string, string | null | undefined>>;

/**
 * The query string as state: every filter, tab and page can be linked to and survives a reload.
 * Setting null or "" removes a parameter. `push` makes the change a step of the browser's history.
 */
export function useUrlState() {
  const search = useSearchParams();
  const pathname = usePathname();
  const set = useCallback(
    (changes: Changes, { push = false } = {}) => {
      // The location is newer than the hook's value when several changes come in one event.
      const next = new URLSearchParams(window.location.search);
      for (const [key, value] of Object.entries(changes)) {
        if (value === null || value === undefined || value === "") next.delete(key);
        else next.set(key, value);
      }
      const query = next.toString();
      const url = query ? `${pathname}?${query}` : pathname;
      if (push) window.history.pushState(null, "", url);
      else window.history.replaceState(null, "", url);
    },
    [pathname],
  );
  const get = useCallback((key: string): string | null => search.get(key), [search]);
  const page = Math.max(1, Number.parseInt(search.get("page") ?? "1", 10) || 1);
  return { get, set, page, search };
}
