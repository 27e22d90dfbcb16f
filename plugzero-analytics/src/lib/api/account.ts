import { getJson, sendJson } from "./request";

export interface Me {
  id: string;
  email: string;
  name: string;
  email_verified: boolean;
  is_staff: boolean;
  two_factor: { totp: boolean; passkeys: number; recovery_codes_left: number };
  session_id: string;
  created_at: string;
}

export function getMe(signal?: AbortSignal): Promise<Me> {
  return getJson<Me>("/api/v1/me/", undefined, { signal });
}

export function updateMe(input: { name: string }): Promise<Me> {
  return sendJson<Me>("PATCH", "/api/v1/me/", input);
}
