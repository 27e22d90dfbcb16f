import { publicApiOrigin } from "@/lib/server/environment";

/** The API's own reference pages live on its origin. */
export function GET(): Response {
  return Response.redirect(`${publicApiOrigin()}/api/docs/`, 307);
}
