// Measures what open chats cost: AURIX_BIN=target/release/aurix node scripts/chat-streams.mjs [STREAMS]
// Opens so many chats and a stream of each on a server of its own, says what memory it took and how long a message needs to its stream.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const streams = Number(process.argv[2] ?? 2_000);
const SAMPLES = 100;
const IDLE_MS = 20_000;
const folder = await mkdtemp(join(tmpdir(), "aurix-streams-"));
const env = { ...process.env, AURIX_DATA_DIR: folder, AURIX_LISTEN: "127.0.0.1:0", AURIX_RATE_LIMITS: "off", AURIX_LOG: "info" };
const command = (...words) => JSON.parse(execFileSync(process.env.AURIX_BIN, [...words, "--json"], { env }));

const { project_id: project } = command("project", "create", "Streams");
const { channel_id: channel } = command("channel", "add", "web", "--project", project);
const { widget_id: widget } = command("widget", "create", "--project", project, "--channel", channel);
const server = spawn(process.env.AURIX_BIN, ["serve"], { env, stdio: ["ignore", "pipe", "pipe"] });
const base = await new Promise((resolve) => {
  for (const output of [server.stdout, server.stderr])
    createInterface({ input: output }).on("line", (line) => /http:\/\/127\.0\.0\.1:\d+/.exec(line) && resolve(/http:\/\/127\.0\.0\.1:\d+/.exec(line)[0]));
});
const status = () => readFileSync(`/proc/${server.pid}/status`, "utf8");
const rssMib = () => Number(/VmRSS:\s+(\d+)/.exec(status())[1]) / 1024;
const cpuMs = () => {
  const fields = readFileSync(`/proc/${server.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
};
const call = async (path, token, body) =>
  (await fetch(`${base}/chat/${widget}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  })).json();

const chats = [];
while (chats.length < streams) {
  const some = Array.from({ length: Math.min(50, streams - chats.length) }, () => call("", undefined, { language: "en" }));
  chats.push(...(await Promise.all(some)).map(({ token }) => ({ token, heard: () => {} })));
}
const before = rssMib();
const open = (chat) =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${chat.token}` };
    request(`${base}/chat/${widget}/events?after=0`, { headers, agent: false }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`stream: ${response.statusCode}`));
      response.setEncoding("utf8").on("data", (text) => chat.heard(text));
      resolve();
    }).on("error", reject).end();
  });
for (let at = 0; at < chats.length; at += 50) await Promise.all(chats.slice(at, at + 50).map(open));
const opened = rssMib();
const cpuBefore = cpuMs();
await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
const idleCpu = (cpuMs() - cpuBefore) / IDLE_MS;
const took = [];
for (let nth = 0; nth < SAMPLES; nth++) {
  const chat = chats[Math.floor((nth * chats.length) / SAMPLES)];
  const heard = new Promise((resolve) => (chat.heard = (text) => text.includes(`number ${nth}`) && resolve()));
  const from = performance.now();
  await call("/messages", chat.token, { client_id: `n${nth}`, text: `message number ${nth}` });
  await heard;
  took.push(performance.now() - from);
}
took.sort((a, b) => a - b);
const round = (number) => Number(number.toFixed(1));
console.log(JSON.stringify({
  streams,
  rss_before_mib: round(before),
  rss_open_mib: round(opened),
  rss_after_messages_mib: round(rssMib()),
  kib_per_stream: round(((opened - before) * 1024) / streams),
  idle_cpu_percent: round(idleCpu * 100),
  message_to_stream_ms: { p50: round(took[SAMPLES / 2]), p99: round(took[SAMPLES - 2]) },
}, null, 2));
server.kill();
await rm(folder, { recursive: true, force: true });
process.exit();
