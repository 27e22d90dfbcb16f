import { expect, test } from "@playwright/test";
import { expectAccessible, picture, watchForFaults } from "./support/checks";
import { messySurvey } from "./support/messy-file";
import { newPerson, register, signIn, signOut, totp } from "./support/people";

test("from a new account to an exported finding", async ({ page }) => {
  const faults = watchForFaults(page);
  const person = newPerson("Rania Research");
  await register(page, person);
  await expectAccessible(page);
  await picture(page, "01-home-new");

  await test.step("two-factor sign-in", async () => {
    await page.goto("/account?tab=security");
    await page.getByRole("button", { name: "Turn on two-factor sign-in" }).click();
    const secret = await page.getByTestId("totp-secret").innerText();
    await page.getByLabel("Code", { exact: true }).fill(totp(secret));
    await picture(page, "02-two-factor", false);
    await page.getByRole("button", { name: "Verify" }).click();
    await expect(page.getByRole("dialog")).toContainText("Recovery codes");
    const recovery = await page.getByRole("dialog").getByRole("listitem").first().innerText();
    await page.getByRole("button", { name: "I have saved it" }).click();
    await expect(page.getByText("10 recovery codes left")).toBeVisible();
    await expectAccessible(page);
    await signOut(page);
    await signIn(page, person);
    await page.getByRole("button", { name: "Use a recovery code" }).click();
    await page.getByLabel("Recovery code").fill(recovery);
    await page.getByRole("button", { name: "Verify" }).click();
    await page.waitForURL("**/home");
  });

  await test.step("tokens are in no storage and no readable cookie", async () => {
    const readable = await page.evaluate(() => JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }) + document.cookie);
    expect(readable).not.toMatch(/eyJ|refresh/);
    const cookie = (await page.context().cookies()).find((candidate) => candidate.name.includes("refresh"));
    expect(cookie).toMatchObject({ name: "__Host-plugzero_refresh", httpOnly: true, secure: true, sameSite: "Strict", path: "/" });
  });

  await test.step("upload a messy file", async () => {
    await page.goto("/data");
    await picture(page, "03-data-empty");
    await page.locator('input[type="file"]').setInputFiles({ name: "survey export.csv", mimeType: "text/csv", buffer: Buffer.from(messySurvey(), "latin1") });
    await page.getByRole("link", { name: "Open" }).first().click({ timeout: 60_000 });
    await page.waitForURL("**/data/**");
    await expect(page.getByRole("grid")).toContainText("North");
    await expectAccessible(page);
    await picture(page, "04-dataset-rows");
    await expect(page).not.toHaveTitle("hacked");
  });

  await test.step("receipt and profile", async () => {
    await page.getByRole("tab", { name: /Repair receipt/ }).click();
    await expect(page.getByText("Row balance")).toBeVisible();
    await expectAccessible(page);
    await picture(page, "05-receipt");
    await page.getByRole("tab", { name: "Columns" }).click();
    await expect(page.getByRole("img", { name: /Distribution/ }).first()).toBeVisible();
    await expectAccessible(page);
    await picture(page, "06-profile");
  });

  await test.step("crosstab, with a click into its rows", async () => {
    await page.getByRole("link", { name: "Analyse" }).click();
    await page.waitForURL("**/analysis?**");
    await page.getByRole("button", { name: /Segment/ }).click();
    await page.getByRole("button", { name: /Region/ }).click();
    await page.getByRole("button", { name: "Crosstab" }).first().click();
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await expect(page.getByRole("figure").first()).toBeVisible({ timeout: 60_000 });
    await expect(page.locator("figure svg").first()).toBeVisible();
    await expectAccessible(page);
    await picture(page, "07-crosstab");
    await page.getByTitle("Show the rows behind this figure").first().click();
    await expect(page.getByRole("dialog").getByRole("grid")).toBeVisible();
    await expectAccessible(page);
    await picture(page, "08-drill-down", false);
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  });

  await test.step("the finding survives a reload of its link", async () => {
    const url = page.url();
    await page.goto("/home");
    await page.goto(url);
    await expect(page.locator("figure svg").first()).toBeVisible({ timeout: 30_000 });
  });

  await test.step("key drivers", async () => {
    await page.getByRole("button", { name: /Crosstab/ }).first().click();
    await page.getByPlaceholder(/Search by name or question/).fill("driver");
    await picture(page, "09-procedures", false);
    await page.getByRole("dialog").getByRole("button", { name: /driver/i }).first().click();
    for (const variable of [/Satisfaction/, /Price rating/, /Support rating/, /Ease rating/]) {
      const button = page.getByRole("list", { name: "Variables" }).getByRole("button", { name: variable }).first();
      if ((await button.getAttribute("aria-pressed")) !== "true") await button.click();
    }
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await expect(page.getByRole("heading", { level: 2, name: /driver/i })).toBeVisible({ timeout: 60_000 });
    await expect(page.locator("figure svg").first()).toBeVisible();
    await expectAccessible(page);
    await picture(page, "10-key-drivers");
  });

  await test.step("export the result", async () => {
    const download = page.waitForEvent("download");
    await page.getByRole("region", { name: "Result" }).getByRole("button", { name: "Export", exact: true }).click();
    await page.getByRole("menuitem", { name: "Excel" }).click();
    expect((await download).suggestedFilename()).toMatch(/\.xlsx$/);
  });
  expect(faults).toEqual([]);
});

test("the first journey by keyboard alone", async ({ page }) => {
  await register(page, newPerson("Kim Keyboard"));
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the content" })).toBeFocused();
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Search or jump to…").last().waitFor();
  await page.keyboard.type("Data");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/data");
  await page.getByRole("button", { name: "Choose files" }).focus();
  const chooser = page.waitForEvent("filechooser");
  await page.keyboard.press("Enter");
  await (await chooser).setFiles({ name: "small.csv", mimeType: "text/csv", buffer: Buffer.from(`group,score\n${"a,1\nb,2\na,3\nb,4\n".repeat(20)}`) });
  await page.getByRole("link", { name: "Open" }).first().focus({ timeout: 60_000 });
  await page.keyboard.press("Enter");
  await page.waitForURL("**/data/**");
  const grid = page.getByRole("grid");
  await grid.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Control+End");
  await expect(grid).toContainText("80");
  await page.getByRole("link", { name: "Analyse" }).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/analysis?**");
  await page.getByRole("list", { name: "Variables" }).getByRole("button", { name: /group/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: /Frequencies/ }).first().focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+Enter");
  await expect(page.locator("figure svg").first()).toBeVisible({ timeout: 60_000 });
  await picture(page, "11-keyboard");
});
