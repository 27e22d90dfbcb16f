import { getJson } from "./request";

export interface MetaTeam {
  id: string;
  name: string;
  role: string;
  is_personal: boolean;
}

export interface Meta {
  apps: { slug: string; title: string; description: string }[];
  navigation: { key: string; title: string; path: string; icon: string; section: string }[];
  permissions: string[];
  team: MetaTeam | null;
  teams: MetaTeam[];
  plan: { key: string; used: number; limit: number | null }[];
  events_url: string;
}

export function getMeta(signal?: AbortSignal): Promise<Meta> {
  return getJson<Meta>("/api/v1/meta/", undefined, { signal });
}
