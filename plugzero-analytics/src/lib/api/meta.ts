import type { Meta, MetaTeam } from "@/types/api";
import { api, body } from "./client";

export type { Meta, MetaTeam };

export function getMeta(signal?: AbortSignal): Promise<Meta> {
  return body(api.GET("/api/v1/meta/", { signal }));
}
