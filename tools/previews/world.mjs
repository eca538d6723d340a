// Starts the demo and a Prometheus that scrapes it with the shipped rules; knows nothing of dashboards.
import { spawn, spawnSync } from 'node:child_process';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const running = new Set();
// However this process ends, nothing of it stays.
process.once('exit', () => running.forEach((child) => child.kill('SIGINT')));

/** Starts a program whose output goes to `log`. */
function start(program, args, log) {
  const out = openSync(log, 'w');
  const child = spawn(program, args, { stdio: ['ignore', out, out] });
  child.log = log;
  child.ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`ended with ${signal ?? code}`));
  });
  child.ended.then((how) => {
    running.delete(child);
    child.how = how;
  });
  running.add(child);
  return child;
}

export async function end(child) {
  child.kill('SIGINT');
  await child.ended;
}

export async function endAll() {
  await Promise.all([...running].map(end));
}

/** Waits until `found` returns something, and gives up when the program has ended or after 30 s. */
async function until(child, found) {
  for (let left = 300; left > 0 && !child.how; left -= 1) {
    const result = await found();
    if (result) return result;
    await pause(100);
  }
  throw new Error(`${child.spawnfile} ${child.how ?? 'is not ready'}: ${readFileSync(child.log, 'utf8').slice(-2000)}`);
}

/** Builds the program, which plays the demo, and returns its executable. */
export function buildProgram(root) {
  const args = ['build', '--release', '--message-format=json-render-diagnostics'];
  const built = spawnSync('cargo', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'] });
  if (built.status !== 0) throw new Error('cargo could not build the program');
  const messages = built.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return messages.findLast((message) => message.target?.kind.includes('bin') && message.executable).executable;
}

/** The running demo, and the address where it serves its metrics. */
export async function startDemo(program, folder) {
  const child = start(program, ['demo'], join(folder, 'demo.log'));
  const metrics = /^Metrics: http:\/\/(\S+)\/metrics$/m;
  child.address = await until(child, () => metrics.exec(readFileSync(child.log, 'utf8'))?.[1]);
  return child;
}

/** A Prometheus whose `url` is ready; what it scrapes is told by `scrape`. */
export async function startPrometheus(root, folder, seconds) {
  const targets = join(folder, 'targets.json');
  const config = join(folder, 'prometheus.yml');
  // JSON is YAML as well. The demo takes another port when its own is taken; the label stays the same.
  const interval = `${seconds}s`;
  const settings = {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: [join(root, 'alerts/smtp-tls.rules.yml')],
    scrape_configs: [{ job_name: 'smtp-tls', file_sd_configs: [{ files: [targets], refresh_interval: '1s' }] }],
  };
  writeFileSync(config, JSON.stringify(settings));
  writeFileSync(targets, '[]');
  const address = `127.0.0.1:${await freePort()}`;
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=${address}`];
  const child = start('prometheus', args, join(folder, 'prometheus.log'));
  child.url = `http://${address}`;
  child.scrape = (exporter) => {
    const target = { targets: [exporter], labels: { instance: 'demo:10465' } };
    writeFileSync(targets, JSON.stringify([target]));
  };
  await until(child, async () => (await fetch(`${child.url}/-/ready`).catch(() => null))?.ok);
  return child;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
