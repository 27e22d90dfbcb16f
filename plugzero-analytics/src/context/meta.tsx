"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useCallback, useContext, useEffect, useMemo, type ReactNode } from "react";
import { ErrorState } from "@/components/ui/error-state";
import { metaKeys } from "@/lib/api/keys";
import { getMeta, type Meta, type MetaTeam } from "@/lib/api/meta";
import { isProblem } from "@/lib/api/problem";
import { chooseTeam, currentTeam } from "@/lib/session/team";

interface MetaValue {
  meta: Meta;
  team: MetaTeam | null;
  /** Whether this user may do `permission` in this team; what may not be done is not offered. */
  can: (permission: string) => boolean;
  hasApp: (slug: string) => boolean;
  limitOf: (key: string) => { used: number; limit: number | null } | undefined;
  switchTeam: (teamId: string) => void;
}

const MetaContext = createContext<MetaValue | null>(null);

export function MetaProvider({ children, fallback }: { children: ReactNode; fallback: ReactNode }) {
  const client = useQueryClient();
  const query = useQuery({ queryKey: metaKeys.all, queryFn: ({ signal }) => getMeta(signal), staleTime: 60_000, refetchOnWindowFocus: true });

  const switchTeam = useCallback(
    (teamId: string) => {
      chooseTeam(teamId);
      // Nothing of the other team may stay on screen.
      void client.cancelQueries();
      client.removeQueries({ predicate: (entry) => entry.queryKey[0] !== metaKeys.all[0] });
      void client.invalidateQueries();
    },
    [client],
  );

  const meta = query.data;
  const firstTeam = meta && !meta.team ? meta.teams[0]?.id : undefined;
  useEffect(() => {
    if (firstTeam && firstTeam !== currentTeam()) switchTeam(firstTeam);
  }, [firstTeam, switchTeam]);

  // A remembered team that one has left since answers like an unknown one: forget it and ask again.
  const lostTeam = isProblem(query.error) && [400, 403, 404].includes(query.error.status) && currentTeam() !== null;
  const { refetch } = query;
  useEffect(() => {
    if (!lostTeam) return;
    chooseTeam(null);
    void refetch();
  }, [lostTeam, refetch]);

  const value = useMemo<MetaValue | null>(() => {
    if (!meta) return null;
    const held = new Set(meta.permissions);
    const apps = new Set(meta.apps.map((app) => app.slug));
    return {
      meta,
      team: meta.team,
      can: (permission) => held.has(permission),
      hasApp: (slug) => apps.has(slug),
      limitOf: (key) => meta.plan.find((limit) => limit.key === key),
      switchTeam,
    };
  }, [meta, switchTeam]);

  if (query.isError && !value && !lostTeam) {
    return (
      <main className="mx-auto max-w-xl p-6 pt-24">
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      </main>
    );
  }
  if (!value || firstTeam) return <>{fallback}</>;
  return <MetaContext.Provider value={value}>{children}</MetaContext.Provider>;
}

export function useMeta(): MetaValue {
  const value = useContext(MetaContext);
  if (!value) throw new Error("useMeta needs a MetaProvider above it");
  return value;
}
