#!/usr/bin/env node
/**
 * One page of screenshots of built sites: each at every size, light and dark, from far, from the middle and from near.
 *   node scripts/screenshots.mjs [--out FOLDER] [--only WORD,WORD] [--viewer FOLDER] SITE...
 * SITE: the folder of a site (with its index.html). --only: desktop, tablet, phone, light, dark, far, middle, near.
 * --viewer: another viewer for the same data, such as frontend/dist, whose page it is.
 * Needs `npm ci` in frontend/ and Chromium.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { launch } from "../frontend/test/support/browser.mjs";
import { serveSite } from "../frontend/test/support/site.mjs";

const SIZES = {
  desktop: { viewport: { width: 1440, height: 900 } },
  tablet: { viewport: { width: 1024, height: 768 } },
  phone: {
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 2,
    hasTouch: true,
    isMobile: true,
  },
};
const SCHEMES = ["light", "dark"];
/** Zoom of each view, 1 = the whole map. */
const VIEWS = { far: 1, middle: 3.5, near: 14 };

const { values, positionals } = parseArgs({
  options: {
    viewer: { type: "string" },
    out: { type: "string", default: "screenshots" },
    only: { type: "string", default: "" },
  },
  allowPositionals: true,
});
const only = new Set(values.only.split(",").filter(Boolean));
const known = [...Object.keys(SIZES), ...SCHEMES, ...Object.keys(VIEWS)];
const strange = [...only].filter((word) => !known.includes(word));
if (positionals.length === 0 || strange.length > 0) {
  console.error(
    strange.length > 0
      ? `--only is ${strange.join(", ")}; expected some of ${known.join(", ")}.`
      : "Name the folders of one or more sites, such as data/python_api/site.",
  );
  process.exit(2);
}
const missing = positionals.filter(
  (folder) => !existsSync(join(folder, "index.html")),
);
if (missing.length > 0) {
  console.error(
    `${missing.join(", ")} has no index.html; name the folder of a built site (atlas run makes one).`,
  );
  process.exit(2);
}
/** Of these names those that were asked for; all where none was. */
const wanted = (names) =>
  names.some((name) => only.has(name))
    ? names.filter((name) => only.has(name))
    : names;

const out = resolve(values.out);
mkdirSync(out, { recursive: true });
const browser = await launch();
const taken = [];
try {
  for (const folder of positionals) {
    const name = nameOf(folder);
    const site = await serveSite({ data: folder, dist: resolve(folder) });
    if (values.viewer) site.override = (path) => fileOfViewer(path, folder);
    for (const size of wanted(Object.keys(SIZES))) {
      for (const scheme of wanted(SCHEMES)) {
        const context = await browser.newContext({
          ...SIZES[size],
          colorScheme: scheme,
          reducedMotion: "reduce",
        });
        const page = await context.newPage();
        await page.goto(site.url);
        await page.evaluate(() => window.__atlas.ready);
        const place = await page.evaluate(wellInside);
        for (const view of wanted(Object.keys(VIEWS))) {
          await zoomTo(page, place, VIEWS[view]);
          const file = `${name}-${size}-${scheme}-${view}.png`;
          await page.screenshot({ path: join(out, file) });
          taken.push({ name, size, scheme, view, file });
          console.log(file);
        }
        await context.close();
      }
    }
    await site.close();
  }
} finally {
  await browser.close();
}
writeFileSync(join(out, "index.html"), pageOf(taken));
console.log(`${taken.length} screenshots: ${join(out, "index.html")}`);

/** The page and its scripts of another viewer; null = whatever the site has. */
function fileOfViewer(path, folder) {
  if (path.startsWith("assets/"))
    return { status: 200, body: readFileSync(join(values.viewer, path)) };
  if (!["", "/", "index.html"].includes(path)) return null;
  const [named] = /name="atlas-manifest" content="[^"]+"/.exec(
    readFileSync(join(folder, "index.html"), "utf8"),
  );
  const page = readFileSync(join(values.viewer, "index.html"), "utf8");
  return {
    status: 200,
    body: page.replace('name="atlas-manifest" content=""', named),
  };
}

/** data/books/site -> books */
function nameOf(folder) {
  const parts = resolve(folder).split("/");
  return basename(parts.at(-1) === "site" ? parts.at(-2) : parts.at(-1));
}

/** Where the best known entity stands that no panel covers; runs in the page. */
function wellInside() {
  const [left, right] =
    innerWidth > 720
      ? [innerWidth * 0.4, innerWidth * 0.9]
      : [60, innerWidth - 60];
  for (let row = 0; row < window.__atlas.rows; row++) {
    const { x, y } = window.__atlas.screenOf(row);
    if (
      x > left &&
      x < right &&
      y > innerHeight * 0.25 &&
      y < innerHeight * 0.75
    )
      return { x, y };
  }
  return { x: innerWidth / 2, y: innerHeight / 2 };
}

/** By the wheel, as people do. */
async function zoomTo(page, { x, y }, zoom) {
  await page.mouse.move(x, y);
  for (let step = 0; step < 60; step++) {
    const now = await page.evaluate(() => window.__atlas.state().zoom);
    if (now >= zoom * 0.97) break;
    await page.mouse.wheel(0, -Math.min(240, 400 * Math.log2(zoom / now)));
    await page.evaluate(() => window.__atlas.settled());
  }
  await page.mouse.move(1, 1);
  await page.evaluate(() => window.__atlas.settled());
  await page.waitForTimeout(400); // names fade in
}

function pageOf(shots) {
  const groups = Map.groupBy
    ? Map.groupBy(shots, ({ name }) => name)
    : shots.reduce(
        (map, shot) =>
          map.set(shot.name, [...(map.get(shot.name) ?? []), shot]),
        new Map(),
      );
  const figure = ({ size, scheme, view, file }) =>
    `<figure class="${size}"><a href="${encodeURI(file)}"><img src="${encodeURI(file)}" loading="lazy" alt=""></a><figcaption>${size}, ${scheme}, ${view}</figcaption></figure>`;
  const sections = [...groups].map(
    ([name, list]) =>
      `<h2>${name.replace(/</g, "&lt;")}</h2><div>${list.map(figure).join("\n")}</div>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Screenshots</title>
<style>body{font:15px system-ui;margin:2rem}div{display:flex;flex-wrap:wrap;gap:1rem;align-items:end}figure{margin:0}
img{width:440px}.tablet img{width:360px}.phone img{width:180px}figcaption{color:#666}</style>
${sections.join("\n")}</html>
`;
}
