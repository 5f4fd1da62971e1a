// Builds dist/: what pages of the console load, with a compressed copy of each. It is committed, so that `cargo build` needs no
// Node. `--check` builds in memory, and fails where a committed file differs or all of them are too large.
import { readFile, readdir, writeFile } from "node:fs/promises";
import { brotliCompressSync, constants } from "node:zlib";
import { build, transform } from "esbuild";

const HERE = new URL("./", import.meta.url);
const OUT = new URL("dist/", HERE);
const BROTLI_BYTES_MAX = 60 * 1024;
/** Sent as they are: their format is compressed already, or they are too small. */
const UNCOMPRESSED = ["inter.woff2", "icon.svg"];

/** Loaded by the pages that need them. */
const ON_DEMAND = ["chart.js"];

const files = new Map();
for (const name of ["icons.svg", "icon.svg", "inter.woff2"]) files.set(name, await readFile(new URL(name, HERE)));
files.set("console.css", await stylesheet());
files.set("console.js", await script("main"));
files.set("chart.js", await script("chart"));

let total = 0;
const built = new Map();
for (const [name, bytes] of files) {
  built.set(name, bytes);
  const sent = UNCOMPRESSED.includes(name) ? bytes : compress(bytes);
  if (sent !== bytes) built.set(`${name}.br`, sent);
  if (!ON_DEMAND.includes(name)) total += sent.length;
  console.log(`${name}: ${bytes.length} bytes, ${sent.length} as sent`);
}
if (total > BROTLI_BYTES_MAX) fail(`the console's files are ${total} bytes as sent; the limit is ${BROTLI_BYTES_MAX}`);

if (process.argv.includes("--check")) {
  const committed = await readdir(OUT);
  for (const name of new Set([...committed, ...built.keys()])) {
    const same = built.has(name) && committed.includes(name) && built.get(name).equals(await readFile(new URL(name, OUT)));
    if (!same) fail(`assets/console/dist/${name} is not the build of assets/console: run npm run build`);
  }
} else {
  for (const [name, bytes] of built) await writeFile(new URL(name, OUT), bytes);
}

/** Without comments and spaces that no browser needs. */
async function stylesheet() {
  const { code } = await transform(await readFile(new URL("console.css", HERE), "utf8"), { loader: "css", minify: true, charset: "utf8" });
  return Buffer.from(code);
}

async function script(name) {
  const { outputFiles } = await build({
    entryPoints: [new URL(`src/${name}.ts`, HERE).pathname],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    write: false,
  });
  return Buffer.from(outputFiles[0].contents);
}

function compress(bytes) {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
}

function fail(reason) {
  console.error(reason);
  process.exit(1);
}
