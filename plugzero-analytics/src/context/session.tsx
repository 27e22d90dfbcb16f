"use client";

import { usePathname, useRouter, useSearchParams } from "next/navigation";
import { useEffect, useState, useSyncExternalStore, type ReactNode } from "react";
import { ReauthenticateDialog } from "@/components/auth/reauthenticate-dialog";
import { ErrorState } from "@/components/ui/error-state";
import { isProblem } from "@/lib/api/problem";
import { currentAccess, sessionStatus, subscribeToSession, type SessionStatus } from "@/lib/session/client";

export function useSessionStatus(): SessionStatus {
  return useSyncExternalStore(subscribeToSession, sessionStatus, () => "unknown");
}

/**
 * Opens the session before the dashboard asks for anything. A session that ends while somebody works is
 * renewed in place, over the page, so that half-filled forms survive.
 */
export function SessionGate({ children, fallback }: { children: ReactNode; fallback: ReactNode }) {
  const status = useSessionStatus();
  const router = useRouter();
  const pathname = usePathname();
  const search = useSearchParams();
  const [failure, setFailure] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    if (sessionStatus() === "active") return;
    let gone = false;
    currentAccess().then(
      () => !gone && setFailure(null),
      (error: unknown) => !gone && !isProblem(error, "not_authenticated") && setFailure(error),
    );
    return () => {
      gone = true;
    };
  }, [attempt]);

  useEffect(() => {
    if (status !== "signed-out") return;
    const query = search.toString();
    router.replace(`/login?next=${encodeURIComponent(query ? `${pathname}?${query}` : pathname)}`);
  }, [status, router, pathname, search]);

  if (status === "unknown" && failure && !(isProblem(failure) && failure.status === 401)) {
    return (
      <main className="mx-auto max-w-xl p-6 pt-24">
        <ErrorState error={failure} onRetry={() => setAttempt((n) => n + 1)} />
      </main>
    );
  }
  if (status === "unknown" || status === "signed-out") return <>{fallback}</>;
  return (
    <>
      {children}
      {status === "expired" ? <ReauthenticateDialog /> : null}
    </>
  );
}
