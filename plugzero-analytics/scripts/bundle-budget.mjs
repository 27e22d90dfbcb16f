// Fails when the landing page loads more JavaScript than its budget. Needs a running dashboard:
//   npm start & BASE_URL=http://localhost:3000 npm run budget
import { gzipSync } from "node:zlib";

const BUDGET_KB = 150;
const base = process.env.BASE_URL ?? "http://localhost:3000";
const html = await (await fetch(base)).text();
// Browsers that know modules never ask for the scripts marked nomodule.
const tags = [...html.matchAll(/<script\b[^>]*>/g)].map((match) => match[0]).filter((tag) => !/nomodule/i.test(tag));
const paths = [...new Set(tags.map((tag) => /src="([^"]+\.js[^"]*)"/.exec(tag)?.[1]).filter(Boolean))];
let total = 0;
for (const path of paths) {
  const script = Buffer.from(await (await fetch(new URL(path, base))).arrayBuffer());
  total += gzipSync(script).length;
}
const kilobytes = total / 1000;
console.log(`Landing: ${kilobytes.toFixed(1)} kB of JavaScript (gzip) in ${paths.length} files; the budget is ${BUDGET_KB} kB.`);
process.exit(kilobytes > BUDGET_KB ? 1 : 0);
