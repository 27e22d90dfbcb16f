// Starts the built dashboard: `npm start`, with PORT, HOSTNAME and PLUGZERO_API_URL from the environment.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const server = fileURLToPath(new URL("../.next/standalone/server.js", import.meta.url));
if (!existsSync(server)) {
  console.error("The dashboard is not built yet: run `npm run build` first.");
  process.exit(1);
}
process.env.NEXT_TELEMETRY_DISABLED ??= "1";
await import(server);
