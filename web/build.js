/** Builds what each service serves into its static/dist: the same sources give the same bytes. */

import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = new URL("./", import.meta.url);
const TARGETS = ["chrome123", "firefox128", "safari17.5"];

const EVERYWHERE = { "page.js": "src/page/main.js" };
const SERVICES = {
  auth_svc: { "app.css": "src/css/auth.css", ...EVERYWHERE, "admin.js": "src/admin/main.js" },
  upload_svc: {
    "app.css": "src/css/upload.css",
    ...EVERYWHERE,
    "upload.js": "src/upload/main.js",
    "hash_worker.js": "src/upload/sending/hash_worker.js",
    "videos.js": "src/videos/main.js",
    "collection.js": "src/collection/main.js",
  },
  stream_svc: { "app.css": "src/css/stream.css", ...EVERYWHERE, "library.js": "src/library/main.js", "watch.js": "src/player/main.js", "hls.js": "src/player/hls_library.js", "hls_worker.js": "node_modules/hls.js/dist/hls.worker.js" },
};

const sprite = await iconSprite();
for (const [service, entries] of Object.entries(SERVICES)) {
  const dist = new URL(`../${service}/static/dist/`, here);
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist, { recursive: true });
  for (const [name, source] of Object.entries(entries)) {
    await build({
      entryPoints: [path(source)],
      outfile: fileURLToPath(new URL(name, dist)),
      absWorkingDir: fileURLToPath(here),
      bundle: true,
      format: "esm",
      target: TARGETS,
      minify: true,
      charset: "utf8",
      legalComments: "none",
      logLevel: "warning",
    });
  }
  await writeFile(new URL("icons.svg", dist), sprite);
  await copyFile(new URL("src/images/mark.svg", here), new URL("mark.svg", dist));
  await copyFile(new URL("vendor/lucide/LICENSE", here), new URL("icons.LICENSE.txt", dist));
  if ("hls.js" in entries) await copyFile(new URL("node_modules/hls.js/LICENSE", here), new URL("hls.LICENSE.txt", dist));
  if ("hash_worker.js" in entries) await copyFile(new URL("node_modules/@noble/hashes/LICENSE", here), new URL("hash_worker.LICENSE.txt", dist));
}

/** All icons as symbols of one file; a page names one by `icons.svg#<name>`. */
async function iconSprite() {
  const folder = new URL("vendor/lucide/", here);
  const names = (await readdir(folder)).filter((name) => name.endsWith(".svg")).sort();
  const symbols = await Promise.all(
    names.map(async (name) => {
      const svg = await readFile(new URL(name, folder), "utf8");
      const shapes = /<svg[^>]*>([\s\S]*)<\/svg>/.exec(svg)[1].replace(/\s*\n\s*/g, "");
      return `<symbol id="${name.replace(/\.svg$/, "")}" viewBox="0 0 24 24">${shapes}</symbol>`;
    }),
  );
  return `<!-- Lucide, ISC licence: see icons.LICENSE.txt -->\n<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
}

function path(relative) {
  return fileURLToPath(new URL(relative, here));
}
