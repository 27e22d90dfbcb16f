"use client";

import { useEffect, useState } from "react";

/**
 * The one-time token of a mailed link. It comes in the fragment, which browsers send to no server; it is taken
 * out of the address bar at once, so that it stays in no history entry and no copied link.
 */
export function useFragmentToken(): { token: string | null; ready: boolean } {
  const [state, setState] = useState<{ token: string | null; ready: boolean }>({ token: null, ready: false });
  useEffect(() => {
    const token = new URLSearchParams(window.location.hash.slice(1)).get("token");
    if (token) window.history.replaceState(null, "", window.location.pathname + window.location.search);
    // The address can be read in the browser only, so the first render has to wait for this.
    // eslint-disable-next-line react-hooks/set-state-in-effect
    setState((now) => (now.ready && now.token ? now : { token, ready: true }));
  }, []);
  return state;
}
