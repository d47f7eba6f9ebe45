// Draws a label map and shows what the exported generator makes of it. No framework and no build
// step. A classic script, so that it can at least say what to do when opened as a file.
"use strict";
(() => {

const $ = (id) => document.getElementById(id);
const HISTORY = 100;  // strokes that can be undone
const PENCILS = { thin: 2 / 128, medium: 5 / 128, thick: 11 / 128 };  // width, as a share of the map's

/** An error whose message is one sentence for the person at the page. */
class Sorry extends Error {}

let litert = null;  // the module, once loaded
let opened = { model: null, card: null };  // what makes the pictures
let size = 128;  // of the map, in pixels
let map = new Uint32Array(size * size).fill(packed([255, 255, 255]));  // a pixel each, as RGBA bytes
let pictures = { image: null, running: null };  // by statistics: RGBA bytes, or null if not shown
const history = [];  // earlier maps, the newest last

// ---------------------------------------------------------------- the map

function packed(colour) {
  return new Uint32Array(Uint8ClampedArray.of(...colour, 255).buffer)[0];
}

function rgba(pixels) {
  return new Uint8ClampedArray(pixels.buffer);
}

function palette() {
  return opened.card?.palette ?? null;
}

/** The chosen brush, packed. */
function brush() {
  const chosen = document.querySelector("[name=part]:checked");
  if (palette() && chosen) return packed(palette().colours[chosen.value]);
  const hex = $("colour").value;
  return packed([1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
}

function tool() {
  return document.querySelector("[name=tool]:checked").value;
}

function show(canvas, pixels) {
  if (canvas.width !== size) canvas.width = canvas.height = size;
  canvas.getContext("2d").putImageData(new ImageData(pixels, size, size), 0, 0);
}

function mapChanged() {
  show($("map"), rgba(map));
  $("undo").disabled = !history.length;
  redraw();
}

function remember(before) {
  if (before.every((pixel, at) => pixel === map[at])) return;
  history.push(before);
  if (history.length > HISTORY) history.shift();
}

/** Take another map; can be undone. */
function replaceMap(pixels) {
  if (stroke) release(false);
  const before = map.slice();
  map.set(pixels);
  remember(before);
  mapChanged();
}

function undo() {
  if (stroke || !history.length) return;
  map.set(history.pop());
  mapChanged();
}

/** RGBA bytes → the same in the palette's nearest colours, packed and opaque. */
function snapped(bytes) {
  const found = bytes.slice();
  for (let at = 0; at < found.length; at += 4) {
    let best = [], least = Infinity;
    for (const colour of palette()?.colours ?? []) {
      const [red, green, blue] = colour.map((value, channel) => value - bytes[at + channel]);
      const apart = red * red + green * green + blue * blue;
      if (apart < least) [best, least] = [colour, apart];
    }
    found.set(best, at);
    found[at + 3] = 255;
  }
  return new Uint32Array(found.buffer);
}

/** An image file → a map of this size. */
async function mapFrom(blob) {
  // Without the conversions a colour stays the very number that the file holds.
  const image = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const canvas = new OffscreenCanvas(size, size), context = canvas.getContext("2d");
  context.imageSmoothingEnabled = !palette();  // nearest pixels, where colours are classes
  context.drawImage(image, 0, 0, size, size);
  return snapped(context.getImageData(0, 0, size, size).data);
}

// ---------------------------------------------------------------- strokes

let stroke = null;  // under way: {tool, colour, x, y (where it began or went last), before (the map)}

function press(x, y) {
  if (!$("toast").classList.contains("bad")) $("toast").hidden = true;
  stroke = { tool: tool(), colour: brush(), x, y, before: map.slice() };
  if (stroke.tool === "bucket") flood(x, y, stroke.colour);
  drag(x, y);
}

function drag(x, y) {
  if (stroke.tool === "rectangle") {
    map.set(stroke.before);
    rectangle(Math.min(x, stroke.x), Math.min(y, stroke.y), Math.max(x, stroke.x), Math.max(y, stroke.y));
  } else if (stroke.tool !== "bucket") {
    const steps = Math.max(1, Math.abs(x - stroke.x), Math.abs(y - stroke.y));
    for (let step = 0; step <= steps; step++) {
      const share = step / steps;
      dot(Math.round(stroke.x + share * (x - stroke.x)), Math.round(stroke.y + share * (y - stroke.y)));
    }
    [stroke.x, stroke.y] = [x, y];
  }
  mapChanged();
}

function release(keep = true) {
  if (keep) remember(stroke.before);
  else map.set(stroke.before);
  stroke = null;
  mapChanged();
}

function rectangle(left, top, right, bottom) {
  for (let y = top; y <= bottom; y++) map.fill(stroke.colour, y * size + left, y * size + right + 1);
}

function dot(x, y) {
  const width = Math.max(1, Math.round(PENCILS[stroke.tool] * size)), first = -Math.floor(width / 2);
  const middle = first + (width - 1) / 2;
  for (let dy = first; dy < first + width; dy++) {
    for (let dx = first; dx < first + width; dx++) {
      const inside = (dx - middle) ** 2 + (dy - middle) ** 2 <= (width / 2) ** 2;
      const [px, py] = [x + dx, y + dy];
      if (inside && px >= 0 && px < size && py >= 0 && py < size) map[py * size + px] = stroke.colour;
    }
  }
}

function flood(x, y, colour) {
  const old = map[y * size + x], waiting = [[x, y]];
  if (old === colour) return;
  while (waiting.length) {
    const [px, py] = waiting.pop();
    if (px < 0 || px >= size || py < 0 || py >= size || map[py * size + px] !== old) continue;
    map[py * size + px] = colour;
    waiting.push([px - 1, py], [px + 1, py], [px, py - 1], [px, py + 1]);
  }
}

const within = (x) => Math.max(0, Math.min(size - 1, x));

function place(event) {
  const box = $("map").getBoundingClientRect();
  return [
    within(Math.floor(((event.clientX - box.left) / box.width) * size)),
    within(Math.floor(((event.clientY - box.top) / box.height) * size)),
  ];
}

let finger = null;  // the pointer that draws; a second finger does not disturb it
$("map").addEventListener("pointerdown", (event) => {
  if (stroke || event.button !== 0) return;
  finger = event.pointerId;
  $("map").setPointerCapture(finger);  // the stroke goes on outside of the map
  $("cursor").hidden = true;
  press(...place(event));
});
$("map").addEventListener("pointermove", (event) => {
  if (stroke && event.pointerId === finger) drag(...place(event));
});
for (const end of ["pointerup", "pointercancel"]) {
  $("map").addEventListener(end, (event) => {
    if (stroke && event.pointerId === finger) release(end === "pointerup");
    if (event.pointerId === finger) finger = null;
  });
}

// The keyboard draws as well: a cursor that the arrow keys move.
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
let [cursorX, cursorY] = [size / 2, size / 2];
$("map").addEventListener("keydown", (event) => {
  if (finger !== null) return;
  if (ARROWS[event.key]) {
    const far = event.shiftKey ? 1 : Math.max(1, Math.round(size / 32));
    cursorX = within(cursorX + far * ARROWS[event.key][0]);
    cursorY = within(cursorY + far * ARROWS[event.key][1]);
    if (stroke) drag(cursorX, cursorY);
  } else if (event.key === " ") {
    if (event.repeat) return event.preventDefault();
    if (stroke) release();
    else press(cursorX, cursorY);
    if (stroke?.tool === "bucket") release();
  } else if (event.key === "Escape" && stroke) {
    release(false);
  } else return;
  event.preventDefault();
  $("cursor").hidden = false;
  $("cursor").style.left = `${(100 * (cursorX + 0.5)) / size}%`;
  $("cursor").style.top = `${(100 * (cursorY + 0.5)) / size}%`;
});
$("map").addEventListener("blur", () => {
  $("cursor").hidden = true;
  if (stroke && finger === null) release();
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input[type=number]");
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !typing) {
    event.preventDefault();
    undo();
  }
});
$("undo").onclick = undo;
$("clear").onclick = () => {
  const names = palette()?.names ?? [];
  const empty = palette()?.colours[Math.max(0, names.indexOf("facade"))] ?? [255, 255, 255];
  replaceMap(new Uint32Array(size * size).fill(packed(empty)));
};

// ---------------------------------------------------------------- the picture

/** mulberry32: equal seeds, equal numbers from 0 to 1. Not those that Keras draws from that seed. */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** What each dropout multiplies by: ones, or with noise 0 at its rate and else 1 / (1 - rate). */
function masks(card, noise, seed) {
  const next = random(seed), found = {};
  for (const { name, shape, rate } of card.masks) {
    const mask = new Float32Array(shape.reduce((a, b) => a * b)).fill(1);
    found[name] = noise ? mask.map(() => (next() < rate ? 0 : 1 / (1 - rate))) : mask;
  }
  return found;
}

/** Run a generator: packed pixels → RGBA bytes. `share` is 1 for this image's statistics, 0 for averages. */
async function generate({ model, card }, pixels, share, dropped) {
  const bytes = rgba(pixels), condition = new Float32Array(3 * pixels.length);
  for (let at = 0; at < condition.length; at++) {
    condition[at] = bytes[at + Math.floor(at / 3)] / 127.5 - 1;  // skips each pixel's fourth byte
  }
  const values = { ...dropped, [card.condition.name]: condition, [card.statistics.name]: Float32Array.of(share) };
  const inputs = {};
  let outputs = {};
  try {
    // By name: the file has the inputs in an order of its own.
    for (const { name, shape } of model.getInputDetails()) {
      inputs[name] = new litert.Tensor(values[name], [...shape]);
    }
    outputs = await model.run(inputs);
    const image = Object.values(outputs)[0].toTypedArray();
    const picture = new Uint8ClampedArray(bytes.length).fill(255);
    for (let at = 0; at < image.length; at++) {
      picture[at + Math.floor(at / 3)] = (image[at] + 1) * 127.5;  // rounds to even and clips
    }
    return picture;
  } finally {
    // Tensors lie in WebAssembly's memory, where nothing is collected.
    for (const tensor of [...Object.values(inputs), ...Object.values(outputs)]) tensor.delete();
  }
}

let stale = false, busy = null;

/** Ask for a new picture. One is made at a time, of the newest map; those between are left out. */
function redraw() {
  stale = true;
  busy ??= keepUp().catch(complain).finally(() => { busy = null; });
}

async function keepUp() {
  while (stale) {
    await new Promise(requestAnimationFrame);  // lets the browser show the map first
    stale = false;
    if (!opened.model) return;
    const now = opened, pixels = map.slice(), both = $("compare").checked;
    const dropped = masks(now.card, $("noise").checked, Number($("seed").value));
    const begun = performance.now();
    const image = await generate(now, pixels, 1, dropped);
    const took = performance.now() - begun;
    // The same masks, so that the two differ in their statistics alone.
    const running = both ? await generate(now, pixels, 0, dropped) : null;
    if (now !== opened) { stale = true; continue; }
    pictures = { image, running };
    show($("picture"), image);
    if (running) show($("averaged"), running);
    $("speed").textContent = `${Math.round(took)} ms a picture`;
    $("save-picture").disabled = false;
  }
}

async function settled() {
  while (busy) await busy;
}

$("noise").onchange = $("seed").oninput = redraw;
$("roll").onclick = () => {
  $("seed").value = Math.floor(Math.random() * 10000);
  $("noise").checked = true;
  redraw();
};
$("compare").onchange = () => {
  $("pictures").classList.toggle("two", $("compare").checked);
  redraw();
};

// ---------------------------------------------------------------- files

function say(sentence, bad = false) {
  $("toast").hidden = false;
  $("toast").classList.toggle("bad", bad);
  $("status").setAttribute("role", bad ? "alert" : "status");
  $("status").textContent = sentence;
}

function complain(error) {
  if (!(error instanceof Sorry)) console.error(error);
  say(error instanceof Sorry ? error.message : "Something went wrong: please reload the page.", true);
}
$("dismiss").onclick = () => { $("toast").hidden = true; };

function save(canvas, name) {
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  });
}
$("save-map").onclick = () => save($("map"), "map.png");
$("save-picture").onclick = () => save($("picture"), "picture.png");

/** What a file input was given; emptied, so that the same files can be chosen again. */
function chosen(input) {
  const files = [...input.files];
  input.value = "";
  return files;
}

$("load").onchange = async () => {
  const [file] = chosen($("load"));
  if (!file) return;
  try {
    replaceMap(await mapFrom(file));
    $("toast").hidden = true;
  } catch {
    say(`“${file.name}” is not a picture that this browser can read; the map is unchanged.`, true);
  }
};

// ---------------------------------------------------------------- models

/** The text of a `model.json` → its card, if it has all that this page needs. */
function cardFrom(text) {
  const refused = new Sorry("This model.json is not a model card of the course; the model is unchanged.");
  let card;
  try {
    card = JSON.parse(text);
  } catch {
    throw refused;
  }
  const input = (entry) => typeof entry?.name === "string" && Array.isArray(entry.shape);
  const listed = card?.palette;
  const paletteFits = listed === null || (
    Array.isArray(listed?.names) && Array.isArray(listed.colours) && listed.names.length > 0
    && listed.names.length === listed.colours.length && listed.colours.every((c) => c?.length === 3)
  );
  if (!(Number.isInteger(card?.image_size) && card.image_size > 0 && input(card.condition)
    && typeof card.statistics?.name === "string" && Array.isArray(card.masks) && card.masks.every(input)
    && Array.isArray(card.image?.shape) && paletteFits)) {
    throw refused;
  }
  if (card.condition.shape[3] !== 3 || card.image.shape[3] !== 3) {
    throw new Sorry("This page needs a model from colour to colour; the model is unchanged.");
  }
  return card;
}

/** The bytes of a model file → a generator that fits the card. */
async function compiled(bytes, card) {
  if (!litert) throw new Sorry("LiteRT.js is not loaded, so no model can be opened: please reload the page.");
  const refused = new Sorry("This file is not a LiteRT model, or it is damaged; the model is unchanged.");
  // LiteRT keeps the bytes of a file that it refuses, so most others do not get that far.
  if (String.fromCharCode(...bytes.subarray(4, 8)) !== "TFL3") throw refused;
  let model;
  try {
    model = await litert.loadAndCompile(bytes, { accelerator: "wasm" });
  } catch {
    throw refused;
  }
  const told = (entries) => JSON.stringify(entries.map(({ name, shape }) => `${name} ${[...shape]}`).sort());
  const statistics = { name: card.statistics.name, shape: [1, 1, 1, 1] };
  if (told(model.getInputDetails()) !== told([card.condition, statistics, ...card.masks])
    || String(model.getOutputDetails()[0]?.shape) !== String(card.image.shape)) {
    model.delete();
    throw new Sorry("This model takes other inputs than its model.json says: open two files of one export.");
  }
  return model;
}

/** Have the map, the brushes and the facts fit a card. */
function fit(card) {
  if (stroke) release(false);
  const before = JSON.stringify([size, palette()]), old = { map: rgba(map), size };
  opened = { ...opened, card };
  showFacts(card);
  if (before === JSON.stringify([card.image_size, card.palette])) return;
  size = card.image_size;
  showParts();
  showExamples([]);  // those shown are maps of other classes
  const scaled = new Uint8ClampedArray(4 * size * size);  // by nearest pixels
  for (let at = 0; at < size * size; at++) {
    const [x, y] = [at % size, Math.floor(at / size)].map((i) => Math.floor((i * old.size) / size));
    scaled.set(old.map.subarray(4 * (y * old.size + x), 4 * (y * old.size + x) + 4), 4 * at);
  }
  map = snapped(scaled);
  history.length = 0;
  [cursorX, cursorY] = [size / 2, size / 2];
  mapChanged();
}

function showParts() {
  $("parts").replaceChildren(...(palette()?.names ?? []).map((name, index) => {
    const label = document.createElement("label"), radio = document.createElement("input");
    const swatch = document.createElement("i");
    Object.assign(radio, { type: "radio", name: "part", value: index });
    radio.checked = index === Math.max(0, palette().names.indexOf("window"));
    swatch.style.background = `rgb(${palette().colours[index]})`;
    label.append(radio, swatch, name);
    return label;
  }));
  $("parts").hidden = !palette();
  $("free").hidden = !$("parts").hidden;
  $("parts-title").textContent = palette() ? "Parts" : "Brush";
  $("pick").textContent = palette() ? "part" : "colour";
  $("title").textContent = palette()?.names.includes("facade") ? "Draw a house front" : "Draw a map";
}

const WEIGHTS = { f32: "32-bit floats", f16: "16-bit floats", int8: "8-bit integers" };

function showFacts(card) {
  const trained = card.trained ?? {};
  const facts = {
    "Trained on": trained.pairs ? `${trained.dataset}, ${trained.pairs} pairs` : trained.dataset,
    "Epochs": trained.epochs,
    "Weights": WEIGHTS[card.weights] ?? card.weights,
    "Licence": card.licence,
    "Made by": card.made_by,
  };
  $("facts").replaceChildren(...Object.entries(facts).filter(([, fact]) => fact != null).map(([name, fact]) => {
    const entry = document.createElement("div");
    entry.append(document.createElement("dt"), document.createElement("dd"));
    entry.firstChild.textContent = name;
    entry.lastChild.textContent = fact;
    return entry;
  }));
}

function showExamples(names) {
  $("start").hidden = !names.length;
  $("examples").replaceChildren(...names.map((name, index) => {
    const button = document.createElement("button"), image = document.createElement("img");
    Object.assign(image, { src: name, alt: `Test map ${index + 1}`, width: 64, height: 64 });
    button.append(image);
    button.onclick = () => loaded(name).then(mapFrom).then(replaceMap).catch(complain);
    return button;
  }));
}

$("open").onchange = async () => {
  const files = chosen($("open"));
  if (!files.length) return;
  try {
    const [json, file] = [".json", ".tflite"].map((end) => files.find(({ name }) => name.endsWith(end)));
    const card = json ? cardFrom(await json.text()) : opened.card;
    if (!file) throw new Sorry("Select model.tflite together with model.json; the model is unchanged.");
    if (!card) throw new Sorry("Select model.json together with model.tflite: it says how to use the model.");
    const model = await compiled(new Uint8Array(await file.arrayBuffer()), card);
    const old = opened.model;
    opened = { ...opened, model };
    fit(card);
    redraw();
    await settled();  // then nothing uses the old one any more
    old?.delete();
    const without = json ? "" : " with the card shown before, as no model.json came with it";
    say(`“${file.name}” is open${without}.`);
  } catch (error) {
    complain(error);
  }
};

// ---------------------------------------------------------------- start

async function loaded(name) {
  const answer = await fetch(name).catch(() => null);
  if (!answer?.ok) throw new Sorry(`The file ${name} cannot be loaded: check the connection and reload the page.`);
  return answer.blob();
}

async function runtime() {
  // LiteRT reports its start in the error stream; only errors are for the console.
  self.Module = { printErr: (line) => /^(INFO|WARNING):/.test(line) || console.error(line) };
  try {
    const module = await import("./litert/core/dist/index.js");
    await module.loadLiteRt("./litert/core/wasm/");
    litert = module;
  } catch (error) {
    console.warn(error);
    throw new Sorry("LiteRT.js cannot be loaded: reload the page, or try a newer browser.");
  }
}

async function prepare() {
  const card = cardFrom(await (await loaded("model.json")).text());
  fit(card);
  showExamples(card.examples ?? []);
  if (card.examples?.length) {
    map.set(await mapFrom(await loaded(card.examples[0])));
    mapChanged();
  }
  return card;
}

async function start() {
  show($("map"), rgba(map));
  if (location.protocol === "file:") {
    throw new Sorry(
      "A page opened as a file may not load its model: run “python -m http.server” in its folder "
      + "and open http://localhost:8000.",
    );
  }
  if (typeof WebAssembly !== "object") {
    throw new Sorry("This browser has no WebAssembly, which computes the pictures: please try another one.");
  }
  const [card, file] = await Promise.all([prepare(), loaded("model.tflite"), runtime()]);
  const model = await compiled(new Uint8Array(await file.arrayBuffer()), card);
  opened = { ...opened, model };
  redraw();
  await settled();
  redraw();  // the first one takes longer, and would tell a wrong speed
}

const started = start().catch((error) => {
  $("speed").textContent = "";
  if (!opened.card) showParts();
  complain(error);
});

/** For tests. Maps and pictures are RGBA bytes, row by row; `mode` is "deterministic" or "paper". */
window.drawing = {
  get size() { return size; },
  get mode() { return $("noise").checked ? "paper" : "deterministic"; },
  getMap: () => rgba(map.slice()),
  setMap: (bytes) => replaceMap(snapped(bytes)),
  /** Waits until the page has loaded and the picture is that of the map. */
  settled: () => started.then(settled),
  /** With "running": that by running averages, while the page compares the two; else null. */
  getPicture: (statistics = "image") => pictures[statistics]?.slice() ?? null,
};

})();
