// Tests of the built site in a real browser. SITE_FOLDER names its folder.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, before, test } from "node:test";

import { axe, launch, serve } from "./serve.mjs";

const FOLDER = process.env.SITE_FOLDER;
let server, browser, pages;

before(async () => {
  assert.ok(FOLDER, "set SITE_FOLDER to the folder with the built site");
  pages = (await readdir(FOLDER, { recursive: true })).filter((name) => name.endsWith(".html") && !name.startsWith("_"));
  server = await serve(FOLDER, "/some/course/");
  browser = await launch();
});

after(async () => {
  await browser?.close();
  server?.close();
});

async function open(name, scheme = "light") {
  const page = await browser.newPage();
  await page.setViewport({ width: 1300, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.goto(server.address + name);
  return page;
}

test("from the first page it is one click to the drawing page, and a drag to a picture of one's own", async () => {
  const page = await open("index.html");
  const begun = performance.now();
  const link = await page.$('a[href="draw/index.html"]');
  assert.ok(link, "the first page links the drawing page");
  await Promise.all([page.waitForNavigation(), link.click()]);
  await page.evaluate(() => drawing.settled());
  const box = await (await page.$("#map")).boundingBox();
  const first = await page.evaluate(() => [...drawing.getPicture()].join());
  await page.mouse.move(box.x + 0.4 * box.width, box.y + 0.4 * box.height);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.6 * box.width, box.y + 0.6 * box.height);
  await page.mouse.up();
  await page.evaluate(() => drawing.settled());
  assert.notEqual(await page.evaluate(() => [...drawing.getPicture()].join()), first);
  console.log(`from the site's first page to a picture of one's own: ${Math.round(performance.now() - begun)} ms`);
  await page.close();
});

for (const scheme of ["light", "dark"]) {
  test(`no page has a serious fault of accessibility, ${scheme}`, async () => {
    assert.ok(pages.length > 25, `${pages.length} pages`);
    const faults = [];
    for (const name of pages) {
      const page = await open(name, scheme);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => axe.run());
      for (const { id, impact, nodes } of violations) {
        if (["serious", "critical"].includes(impact)) faults.push(`${name}: ${id}, ${nodes.length} times: ${nodes[0].html}`);
      }
      await page.close();
    }
    assert.deepEqual(faults, []);
  });
}

test("every picture has a text in its place", async () => {
  for (const name of pages) {
    const page = await open(name);
    const bare = await page.$$eval("img", (images) => images.filter((i) => !i.alt && i.getAttribute("role") !== "presentation").map((i) => i.outerHTML));
    assert.deepEqual(bare, [], name);
    await page.close();
  }
});
