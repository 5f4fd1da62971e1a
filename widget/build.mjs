// Builds dist/widget.js, the file that sites load. It is committed, so that `cargo build` needs no Node.
// `--check` builds in memory, and fails where the committed file differs or is too large.
import { readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const OUT = new URL("dist/widget.js", import.meta.url);
const GZIP_BYTES_MAX = 5 * 1024;

const { outputFiles } = await build({
  entryPoints: [new URL("src/main.js", import.meta.url).pathname],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  charset: "utf8",
  write: false,
});
const built = Buffer.from(outputFiles[0].contents);
const gzipBytes = gzipSync(built, { level: 9 }).length;

if (gzipBytes > GZIP_BYTES_MAX) fail(`widget.js is ${gzipBytes} bytes gzipped; the limit is ${GZIP_BYTES_MAX}`);
if (process.argv.includes("--check")) {
  if (!built.equals(await readFile(OUT))) fail("widget/dist/widget.js is not the build of widget/src: run npm run build");
} else {
  await writeFile(OUT, built);
}
console.log(`widget.js: ${built.length} bytes, ${gzipBytes} gzipped`);

function fail(reason) {
  console.error(reason);
  process.exit(1);
}
