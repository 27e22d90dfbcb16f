import { tokenRoute } from "@/lib/server/session-routes";

export const POST = tokenRoute("invitations/accept/");
