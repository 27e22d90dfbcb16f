export { refreshRoute as POST } from "@/lib/server/session-routes";
