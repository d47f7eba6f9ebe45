// Tests of the drawing page in a real browser. PAGE_FOLDER names the folder to serve: the page with
// litert/, an exported model, and Python's pictures of it (expected.json and the files it lists).
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, beforeEach, afterEach, test } from "node:test";

import { axe, launch, serve } from "./serve.mjs";

const FOLDER = process.env.PAGE_FOLDER;
const WINDOW = [0, 128, 255];  // the colour of the brush that is chosen at first
const UNDER = "/some/course/draw/";  // the page must work under any path

let server, browser, scratch, page, problems, foreign, opening;

before(async () => {
  assert.ok(FOLDER, "set PAGE_FOLDER to the folder with the page and a model");
  server = await serve(FOLDER, UNDER);
  scratch = await mkdtemp(path.join(tmpdir(), "draw-"));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  server?.close();
  if (scratch) await rm(scratch, { recursive: true });
});

const address = () => server.address;

/** A new tab that notes errors and requests to other hosts. */
async function tab() {
  const opened = await browser.newPage();
  await opened.setViewport({ width: 1300, height: 1000 });
  [problems, foreign] = [[], []];
  opened.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  opened.on("pageerror", (error) => problems.push(String(error)));
  opened.on("request", (request) => {
    if (!request.url().startsWith(address()) && !/^(data|blob):/.test(request.url())) foreign.push(request.url());
  });
  return opened;
}

beforeEach(async () => {
  page = await tab();
  const begun = performance.now();
  await page.goto(address());
  await settled();
  opening = performance.now() - begun;
});

afterEach(async () => {
  await page.close();
  assert.deepEqual(problems, [], "the console reports errors");
  assert.deepEqual(foreign, [], "the page asks other hosts");
});

const settled = () => page.evaluate(() => drawing.settled());
const map = async () => Uint8Array.from(await page.evaluate(() => [...drawing.getMap()]));
const picture = async (which) => Uint8Array.from(await page.evaluate((w) => [...drawing.getPicture(w)], which));
const status = () => page.$eval("#status", (element) => (element.parentElement.hidden ? "" : element.textContent));

/** Pixel (x, y) of the map → its middle on the screen. */
async function at(x, y) {
  const box = await (await page.$("#map")).boundingBox();
  const size = await page.evaluate(() => drawing.size);
  return [box.x + ((x + 0.5) * box.width) / size, box.y + ((y + 0.5) * box.height) / size];
}

async function drag(x0, y0, x1, y1) {
  await page.mouse.move(...(await at(x0, y0)));
  await page.mouse.down();
  await page.mouse.move(...(await at((x0 + x1) >> 1, (y0 + y1) >> 1)));
  await page.mouse.move(...(await at(x1, y1)));
  await page.mouse.up();
  await settled();
}

/** Chooses a brush or tool as a click on its label does. */
const choose = (name, value) => page.$eval(`[name=${name}][value="${value}"]`, (radio) => radio.click());

/** The places, as pixel numbers, where two pictures differ. */
function changed(one, other) {
  const found = [];
  for (let pixel = 0; pixel < one.length / 4; pixel++) {
    if ([0, 1, 2, 3].some((channel) => one[4 * pixel + channel] !== other[4 * pixel + channel])) found.push(pixel);
  }
  return found;
}

/** A PNG file's RGBA bytes, decoded by the browser. */
const decoded = async (name) => Uint8Array.from(await page.evaluate(async (source) => {
  const image = await createImageBitmap(await (await fetch(source)).blob(), { colorSpaceConversion: "none" });
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  return [...context.getImageData(0, 0, image.width, image.height).data];
}, name));

async function choosing(selector, ...files) {
  await (await page.$(selector)).uploadFile(...files);
}

async function saying(pattern) {
  const found = await page.waitForFunction((source) => {
    const text = document.querySelector("#status").textContent;
    return new RegExp(source).test(text) && text;
  }, { timeout: 20000 }, pattern.source);
  return found.jsonValue();
}

async function scratchFile(name, bytes) {
  const file = path.join(scratch, name);
  await writeFile(file, bytes);
  return file;
}

test("opens with a picture, soon and without errors", async () => {
  console.log(`first picture after ${Math.round(opening)} ms`);
  assert.ok(opening < 10000);
  const shown = await picture();
  assert.ok(new Set(shown).size > 50, "the picture is not flat");
  assert.equal(await status(), "");
  assert.equal(await page.$eval("header a", (link) => link.getAttribute("href")), "../index.html");
});

test("a rectangle changes its region of the map, and the picture near it", async () => {
  await page.click("#clear");
  await settled();
  const [mapBefore, pictureBefore] = [await map(), await picture()];
  await drag(20, 30, 39, 59);
  const region = [];
  for (let y = 30; y <= 59; y++) for (let x = 20; x <= 39; x++) region.push(128 * y + x);
  const mapAfter = await map();
  assert.deepEqual(changed(mapBefore, mapAfter), region);
  for (const pixel of region) assert.deepEqual([...mapAfter.slice(4 * pixel, 4 * pixel + 3)], WINDOW);

  const pictureAfter = await picture(), sums = { near: [0, 0], far: [0, 0] };
  for (let y = 0; y < 128; y++) {
    for (let x = 0; x < 128; x++) {
      const pixel = 128 * y + x;
      const near = y >= 30 && y <= 59 && x >= 20 && x <= 39, far = x >= 80;
      if (!near && !far) continue;
      const sum = sums[near ? "near" : "far"];
      sum[0] += Math.abs(pictureAfter[4 * pixel] - pictureBefore[4 * pixel]);
      sum[1] += 1;
    }
  }
  const [near, far] = [sums.near[0] / sums.near[1], sums.far[0] / sums.far[1]];
  assert.ok(near > 2 * far, `changes by ${near} near the rectangle and by ${far} far from it`);

  await page.keyboard.down("Control");
  await page.keyboard.press("z");
  await page.keyboard.up("Control");
  await settled();
  assert.deepEqual(await map(), mapBefore);
  assert.deepEqual(await picture(), pictureBefore);
});

test("a stroke may end outside of the map, and many can be undone", async () => {
  const first = await map();
  await choose("part", 3);
  await drag(100, 100, 140, 110);
  for (const tool of ["thin", "medium", "thick"]) {
    await choose("tool", tool);
    await drag(10, 10, 60, 40);
  }
  assert.ok(changed(first, await map()).length > 28 * 11);
  for (let stroke = 0; stroke < 4; stroke++) await page.click("#undo");
  assert.deepEqual(await map(), first);
  assert.ok(await page.$eval("#undo", (button) => button.disabled));
});

test("the bucket fills what hangs together, and nothing beyond", async () => {
  await page.click("#clear");
  await drag(10, 10, 29, 29);
  await drag(50, 10, 69, 29);  // alike, but apart
  await choose("part", 3);
  await drag(15, 15, 19, 19);  // a hole, which stays
  const before = await map();
  await choose("part", 7);
  await choose("tool", "bucket");
  await page.mouse.click(...(await at(12, 12)));
  const found = changed(before, await map());
  assert.equal(found.length, 20 * 20 - 5 * 5);
  assert.ok(found.every((pixel) => pixel % 128 >= 10 && pixel % 128 < 30));
});

test("fingers and keys draw as well", async () => {
  await page.click("#clear");
  const before = await map();
  await page.touchscreen.touchStart(...(await at(10, 10)));
  await page.touchscreen.touchMove(...(await at(19, 19)));
  await page.touchscreen.touchEnd();
  assert.equal(changed(before, await map()).length, 100);
  await page.focus("#map");
  for (const key of ["Space", "ArrowRight", "ArrowDown", "Space"]) await page.keyboard.press(key);
  assert.equal(changed(before, await map()).length, 100 + 25);  // a step is four pixels
});

test("makes the pictures that Python makes", async () => {
  await page.click("#compare");
  for (const { map: name, mode, picture: file } of JSON.parse(await readFile(path.join(FOLDER, "expected.json")))) {
    const pixels = await decoded(name);
    await page.evaluate((bytes) => drawing.setMap(Uint8ClampedArray.from(bytes)), [...pixels]);
    await settled();
    assert.equal(await page.evaluate(() => drawing.mode), "deterministic");
    assert.deepEqual(await map(), pixels);
    const ours = await picture(mode === "running" ? "running" : "image"), theirs = await decoded(file);
    const apart = ours.map((value, place) => Math.abs(value - theirs[place])).filter((_, place) => place % 4 !== 3);
    const mean = apart.reduce((a, b) => a + b, 0) / apart.length, most = Math.max(...apart);
    console.log(`${name}, ${mode}: ${mean.toFixed(3)} grey levels apart in the mean, ${most} at most`);
    assert.ok(mean <= 0.5 && most <= 8);
  }
});

test("the dice draw another picture; a seed draws its picture again", async () => {
  const without = await picture();
  const typed = async (seed) => {
    await page.$eval("#seed", (input, value) => {
      input.value = value;
      input.dispatchEvent(new Event("input"));
    }, seed);
    await settled();
    return picture();
  };
  await page.click("#roll");
  await settled();
  assert.equal(await page.evaluate(() => drawing.mode), "paper");
  const seven = await typed(7);
  assert.ok(changed(seven, without).length > 1000);
  assert.ok(changed(await typed(8), seven).length > 1000);
  assert.deepEqual(await typed(7), seven);
  await page.click("#noise");
  await settled();
  assert.deepEqual(await picture(), without);
});

test("a file that is no model gives one sentence, and the page goes on", async () => {
  const model = await readFile(path.join(FOLDER, "model.tflite"));
  const noise = await scratchFile("noise.tflite", Uint8Array.from({ length: 5000 }, () => 256 * Math.random()));
  const cut = await scratchFile("cut.tflite", model.subarray(0, model.length / 2));
  const renamed = Buffer.from(model);  // a valid model with an input of another name
  for (let place; (place = renamed.indexOf("condition")) >= 0;) renamed.write("candition", place);
  const other = await scratchFile("other.tflite", renamed);
  const json = await scratchFile("model.json", '{"name": "a package, not a card"}');
  const broken = await scratchFile("broken.json", "{");
  const files = { card: path.join(FOLDER, "model.json"), model: path.join(FOLDER, "model.tflite") };
  const shown = await picture();
  for (const [chosen, pattern] of [
    [[noise], /not a LiteRT model/],
    [[cut, files.card], /not a LiteRT model/],
    [[other, files.card], /other inputs/],
    [[json, files.model], /not a model card/],
    [[broken, files.model], /not a model card/],
    [[files.card], /together/],
  ]) {
    await page.$eval("#status", (element) => { element.textContent = ""; });
    await choosing("#open", ...chosen);
    const sentence = await saying(pattern);
    assert.match(sentence, /^[^.]*(\.[a-z]+[^.]*)*\.$/, "one sentence");  // a dot may be in model.json
    assert.equal(await page.$eval("#status", (element) => element.getAttribute("role")), "alert");
    await page.click("#clear");
    await settled();
    assert.ok(changed(await picture(), shown).length > 1000);
    await page.click("#undo");
    await settled();
    assert.deepEqual(await picture(), shown);
  }
});

test("opens a model of one's own, with its card or with the present one", async () => {
  const shown = await picture();
  const files = ["model.json", "model.tflite"].map((name) => path.join(FOLDER, name));
  await choosing("#open", ...files);
  await saying(/is open\.$/);
  assert.deepEqual(await picture(), shown);
  await choosing("#open", files[1]);
  await saying(/card shown before/);
  assert.deepEqual(await picture(), shown);
});

test("a model without a palette is drawn for in any colour", async () => {
  const card = JSON.parse(await readFile(path.join(FOLDER, "model.json")));
  const free = await scratchFile("free.json", JSON.stringify({ ...card, palette: null }));
  await choosing("#open", free, path.join(FOLDER, "model.tflite"));
  await saying(/is open/);
  assert.equal((await page.$$("[name=part]")).length, 0);
  await page.$eval("#colour", (input) => { input.value = "#123456"; });
  await drag(5, 5, 6, 6);
  assert.deepEqual([...(await map()).slice(4 * (5 * 128 + 5), 4 * (5 * 128 + 5) + 4)], [0x12, 0x34, 0x56, 255]);
});

test("draws at least ten pictures a second, where nothing else runs", async () => {
  const took = await page.evaluate(async () => {
    const maps = [drawing.getMap(), drawing.getMap().fill(0)];
    const begun = performance.now();
    for (let time = 0; time < 20; time++) {
      drawing.setMap(maps[time % 2]);
      await drawing.settled();
    }
    return performance.now() - begun;
  });
  const rate = 20000 / took;
  const told = await page.$eval("#speed", (element) => element.textContent);
  console.log(`${rate.toFixed(1)} pictures a second; the page says: ${told}`);
  assert.ok(rate >= 3);  // of the ten that are wanted: test machines are shared
});

test("axe finds nothing serious, in light and dark, wide and narrow", async () => {
  await page.click("#compare");
  await choosing("#open", path.join(FOLDER, "model.json"));
  await saying(/together/);  // the message is looked at as well
  for (const value of ["light", "dark"]) {
    for (const width of [1300, 390]) {
      await page.setViewport({ width, height: 1000 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      const grave = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
      assert.deepEqual(grave.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), []);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "fits the width");
    }
  }
});

test("nothing moves while the page fills", async () => {
  for (const width of [1300, 820, 390]) {
    await page.setViewport({ width, height: 844 });
    await page.evaluateOnNewDocument(() => {
      globalThis.moved = 0;
      const observer = new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => { moved += value; }));
      observer.observe({ type: "layout-shift", buffered: true });
    });
    await page.reload();
    await settled();
    assert.ok(await page.evaluate(() => moved) < 0.01);
  }
});

test("a saved map is the same map when loaded again", async () => {
  const devtools = await page.createCDPSession();
  await devtools.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: scratch });
  await drag(20, 30, 39, 59);
  const drawn = await map();
  await page.click("#save-map");
  await page.click("#save-picture");
  for (let names = []; !(names.includes("map.png") && names.includes("picture.png")); names = await readdir(scratch)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await page.click("#clear");
  assert.ok(changed(await map(), drawn).length > 1000);
  await choosing("#load", path.join(scratch, "map.png"));
  await page.waitForFunction((bytes) => String(drawing.getMap()) === bytes, {}, String(drawn));
});

test("a picture that is no map is scaled and takes the palette's colours", async () => {
  const before = await map();
  await choosing("#load", path.join(FOLDER, "model.json"));
  await saying(/not a picture/);
  assert.deepEqual(await map(), before);
  const png = await page.evaluate(() => {
    const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
    [canvas.width, canvas.height] = [50, 30];
    context.fillStyle = "#00f";  // nearest: the background's 0, 0, 222
    context.fillRect(0, 0, 50, 30);
    return canvas.toDataURL();
  });
  await choosing("#load", await scratchFile("blue.png", Buffer.from(png.split(",")[1], "base64")));
  await page.waitForFunction(() => new Set(drawing.getMap()).size === 3);
  assert.deepEqual([...(await map()).slice(0, 4)], [0, 0, 222, 255]);
});

test("without its files the page says what to do", async () => {
  for (const [missing, pattern] of [["litert/", /LiteRT\.js cannot be loaded/], ["model.tflite", /cannot be loaded/]]) {
    const poor = await tab();
    await poor.setRequestInterception(true);
    poor.on("request", (request) => (request.url().includes(missing) ? request.abort() : request.continue()));
    await poor.goto(address());
    await poor.waitForFunction(() => document.querySelector("#toast:not([hidden]) [role=alert]"));
    assert.match(await poor.$eval("#status", (element) => element.textContent), pattern);
    await poor.close();
    problems.length = 0;  // the browser itself reports what it could not load
  }
});
