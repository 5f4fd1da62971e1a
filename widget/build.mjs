// Builds the files that sites load: dist/widget.js, the button, and dist/chat.js, the panel that it loads when it is pressed. They are
// committed, so that `cargo build` needs no Node. `--check` builds in memory, and fails where a committed file differs or is too large.
import { readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const FILES = [
  { name: "widget.js", entry: "src/main.js", format: "iife", gzipBytesMax: 5 * 1024 },
  { name: "chat.js", entry: "src/chat/panel.js", format: "esm", gzipBytesMax: 20 * 1024 },
];

for (const { name, entry, format, gzipBytesMax } of FILES) {
  const { outputFiles } = await build({
    entryPoints: [new URL(entry, import.meta.url).pathname],
    bundle: true,
    minify: true,
    format,
    target: "es2020",
    charset: "utf8",
    write: false,
  });
  const built = Buffer.from(outputFiles[0].contents);
  const gzipBytes = gzipSync(built, { level: 9 }).length;
  const out = new URL("dist/" + name, import.meta.url);
  if (gzipBytes > gzipBytesMax) fail(`${name} is ${gzipBytes} bytes gzipped; the limit is ${gzipBytesMax}`);
  if (!process.argv.includes("--check")) await writeFile(out, built);
  else if (!built.equals(await readFile(out))) fail(`widget/dist/${name} is not the build of widget/src: run npm run build`);
  console.log(`${name}: ${built.length} bytes, ${gzipBytes} gzipped`);
}

function fail(reason) {
  console.error(reason);
  process.exit(1);
}
