// Completes the standalone output: Next.js leaves static files out of it, and the server serves what lies beside it.
import { cp, rm, stat } from "node:fs/promises";

const target = ".next/standalone";
await rm(`${target}/.next/static`, { recursive: true, force: true });
await cp(".next/static", `${target}/.next/static`, { recursive: true });
if (await stat("public").catch(() => null)) await cp("public", `${target}/public`, { recursive: true });
