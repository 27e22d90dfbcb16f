import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

/** A browser of the system: nothing is downloaded, here or in CI. */
const CANDIDATES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"];
const executablePath = process.env.E2E_CHROMIUM ?? CANDIDATES.find((path) => existsSync(path));

/**
 * The journeys run against a real, running platform (`make run`), named by E2E_BASE_URL. They register their own
 * users, so they can run again and again on the same database.
 */
export default defineConfig({
  testDir: "e2e",
  outputDir: "e2e/output/traces",
  timeout: 120_000,
  expect: { timeout: 15_000 },
  workers: 1,
  retries: 0,
  reporter: [["list"]],
  use: {
    baseURL: process.env.E2E_BASE_URL ?? "http://localhost:3000",
    viewport: { width: 1360, height: 900 },
    locale: "en-GB",
    timezoneId: "UTC",
    trace: "retain-on-failure",
    launchOptions: { executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] },
  },
});
