export { logoutRoute as POST } from "@/lib/server/session-routes";
