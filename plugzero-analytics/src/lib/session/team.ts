/**
 * The team that this tab works in. It is kept per tab (sessionStorage), so two tabs can be open on two teams;
 * the last choice is remembered for new tabs. Team ids are no secret, unlike tokens.
 */
const KEY = "plugzero.team";

let current: string | null | undefined;

function read(storage: Storage): string | null {
  try {
    return storage.getItem(KEY);
  } catch {
    return null;
  }
}

export function currentTeam(): string | null {
  if (typeof window === "undefined") return null;
  if (current === undefined) current = read(window.sessionStorage) ?? read(window.localStorage);
  return current;
}

export function chooseTeam(teamId: string | null): void {
  current = teamId;
  for (const storage of [window.sessionStorage, window.localStorage]) {
    try {
      if (teamId === null) storage.removeItem(KEY);
      else storage.setItem(KEY, teamId);
    } catch {
      // Storage can be blocked; the choice then lasts as long as the page.
    }
  }
}
