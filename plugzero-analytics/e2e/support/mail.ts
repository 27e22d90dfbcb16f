import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Where the platform's file mail backend writes; the embedded default keeps it in its run folder. */
const FOLDER = process.env.E2E_MAIL_DIR ?? "../.run/mail";

/** The link in the newest mail to an address; waits for the worker to write it. */
export async function mailedLink(to: string, path: string, patienceMs = 30_000): Promise<string> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const files = readdirSync(FOLDER).map((name) => join(FOLDER, name)).sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
    for (const file of files) {
      const text = readFileSync(file, "utf8").replaceAll("=\n", "").replaceAll("=3D", "=");
      if (!text.includes(to)) continue;
      const link = new RegExp(`https?://\\S*${path}#token=[\\w-]+`).exec(text)?.[0];
      if (link) return link;
    }
    if (Date.now() > until) throw new Error(`No mail with ${path} for ${to} in ${FOLDER}`);
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
}
