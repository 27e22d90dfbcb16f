"use client";

import { keepPreviousData, useQueries, type QueryKey } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";

interface UseRowPagesOptions<Row> {
  queryKey: QueryKey;
  pageSize?: number;
  fetchPage: (offset: number, limit: number, signal: AbortSignal) => Promise<readonly Row[]>;
}

/** Scrolling past pages must not ask for each of them: a page is fetched once the view rests on it. */
const REST_MS = 70;
const MAX_PAGES = 8;

/** Fetches just the pages of a long list that are on screen. */
export function useRowPages<Row>({ queryKey, pageSize = 100, fetchPage }: UseRowPagesOptions<Row>) {
  const [range, setRange] = useState({ first: 0, end: pageSize });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const onVisibleRows = useCallback((first: number, end: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setRange({ first, end }), REST_MS);
  }, []);

  const firstPage = Math.floor(range.first / pageSize);
  const lastPage = Math.min(firstPage + MAX_PAGES - 1, Math.max(firstPage, Math.ceil(range.end / pageSize) - 1));
  const pages = Array.from({ length: lastPage - firstPage + 1 }, (_, index) => firstPage + index);
  const results = useQueries({
    queries: pages.map((page) => ({
      queryKey: [...queryKey, "rows", page, pageSize],
      queryFn: ({ signal }: { signal: AbortSignal }) => fetchPage(page * pageSize, pageSize, signal),
      staleTime: 60_000,
      gcTime: 60_000,
      placeholderData: keepPreviousData,
    })),
  });

  const row = (index: number): Row | undefined => {
    const page = Math.floor(index / pageSize) - firstPage;
    const result = results[page];
    return result && !result.isPlaceholderData ? result.data?.[index % pageSize] : undefined;
  };
  const failed = results.find((result) => result.isError);
  return {
    row,
    onVisibleRows,
    isLoading: results.some((result) => result.isLoading),
    error: failed?.error ?? null,
    refetch: () => results.forEach((result) => void (result.isError && result.refetch())),
  };
}
