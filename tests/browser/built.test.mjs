// The committed widget is what its source builds, and small.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import assert from "node:assert/strict";
import { test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

const GZIP_BYTES_MAX = 5 * 1024;
const WIDGET = new URL("../../widget/", import.meta.url);

test("widget/dist/widget.js is what widget/src builds", async () => {
  await promisify(execFile)(process.execPath, [new URL("build.mjs", WIDGET).pathname, "--check"]);
});

test("widget.js is at most 5 KiB gzipped", async () => {
  const gzipBytes = gzipSync(await readFile(new URL("dist/widget.js", WIDGET))).length;
  assert.ok(gzipBytes <= GZIP_BYTES_MAX, `${gzipBytes} bytes`);
});
