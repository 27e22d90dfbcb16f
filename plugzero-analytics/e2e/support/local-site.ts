import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface LocalSite {
  url: string;
  /** Mends what the first audit found. */
  mend: () => void;
  close: () => Promise<void>;
}

/** A small site with one template fault on every page, slow enough for a reload to happen in the middle. */
export async function startLocalSite(pages = 24, delayMs = 120): Promise<LocalSite> {
  let mended = false;
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    const number = Number(/^\/page-(\d+)$/.exec(path)?.[1] ?? (path === "/" ? 0 : -1));
    setTimeout(() => {
      if (path === "/robots.txt") return void response.writeHead(200, { "content-type": "text/plain" }).end("User-agent: *\nAllow: /\n");
      if (number < 0 || number > pages) return void response.writeHead(404, { "content-type": "text/html" }).end("<title>Not found</title>");
      const links = Array.from({ length: pages }, (_, index) => `<a href="/page-${index + 1}">Page ${index + 1}</a>`).join(" ");
      const description = mended ? `<meta name="description" content="What page ${number} of the sample site has to say about its subject.">` : "";
      const words = Array.from({ length: 160 }, (_, index) => `word${(number * 31 + index * 7) % 97}`).join(" ");
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
      response.end(`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sample page number ${number}</title>${description}<meta name="viewport" content="width=device-width"></head><body><h1>Page ${number}</h1><p>${words}</p>${links}${mended ? "" : '<a href="/gone">gone</a>'}</body></html>`);
    }, delayMs);
  });
  await new Promise<void>((resolve) => server.listen(Number(process.env.E2E_SITE_PORT ?? 8477), "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    mend: () => {
      mended = true;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
