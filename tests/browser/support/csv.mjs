// A file as a spreadsheet reads it.
import { readFile } from "node:fs/promises";

/** The rows of a download as objects by the names of its columns: UTF-8 with its mark, RFC 4180. */
export async function csvRows(download) {
  const text = await readFile(await download.path(), "utf8");
  if (!text.startsWith("\uFEFF")) throw new Error("the file has no byte order mark");
  const cells = [[]];
  for (const [, quoted, plain, end] of text.slice(1).matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    cells.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "\r\n") cells.push([]);
  }
  const [names, ...rows] = cells.filter((row) => row.length > 1);
  return rows.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at]])));
}
