// The committed widget is what its source builds, and small.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import assert from "node:assert/strict";
import { test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

const WIDGET = new URL("../../widget/", import.meta.url);

test("widget/dist is what widget/src builds", async () => {
  await promisify(execFile)(process.execPath, [new URL("build.mjs", WIDGET).pathname, "--check"]);
});

for (const [name, kib] of [["widget.js", 5], ["chat.js", 20]])
  test(`${name} is at most ${kib} KiB gzipped`, async () => {
    const gzipBytes = gzipSync(await readFile(new URL(`dist/${name}`, WIDGET))).length;
    assert.ok(gzipBytes <= kib * 1024, `${gzipBytes} bytes`);
  });
