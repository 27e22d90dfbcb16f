import { forwardToApi } from "@/lib/server/api-gateway";

/**
 * The API under the dashboard's own origin: no CORS, one public port, `connect-src 'self'`.
 * A reverse proxy that routes /api to the backend itself makes this handler unused.
 */
export const GET = forwardToApi;
export const HEAD = forwardToApi;
export const POST = forwardToApi;
export const PUT = forwardToApi;
export const PATCH = forwardToApi;
export const DELETE = forwardToApi;
