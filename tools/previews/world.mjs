// Starts the demo, mail domains that publish policies, and a Prometheus that scrapes both with the shipped rules; knows
// nothing of dashboards.
import { spawn, spawnSync } from 'node:child_process';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const running = new Set();
// However this process ends, nothing of it stays.
process.once('exit', () => running.forEach((child) => child.kill('SIGINT')));

/** Starts a program whose output goes to `log`, and whose temporary files go beside it. */
function start(program, args, log) {
  const out = openSync(log, 'w');
  const env = { ...process.env, TMPDIR: dirname(log) };
  const child = spawn(program, args, { stdio: ['ignore', out, out], env });
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

/** Builds an executable with cargo's `choice`, and returns its path. */
function build(root, choice) {
  const args = ['build', ...choice, '--message-format=json-render-diagnostics'];
  const built = spawnSync('cargo', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'] });
  if (built.status !== 0) throw new Error(`cargo could not build: ${choice.join(' ')}`);
  const messages = built.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return messages.findLast((message) => message.executable).executable;
}

/** Builds the program, which plays the demo, and returns its executable. */
export function buildProgram(root) {
  return build(root, ['--release', '--bin', 'smtp-tls-exporter']);
}

/** The mail domains of the tests that publish policies, with an exporter that watches them. */
export async function startPublished(root, program, folder) {
  const domains = start(build(root, ['-p', 'testkit', '--example', 'published']), [], join(folder, 'domains.log'));
  const config = await until(domains, () => /^Configuration: (.+)$/m.exec(readFileSync(domains.log, 'utf8'))?.[1]);
  const address = `127.0.0.1:${await freePort()}`;
  const args = [`--config.file=${config}`, `--web.listen-address=${address}`];
  const child = start(program, args, join(folder, 'published.log'));
  await until(child, async () => (await fetch(`http://${address}/-/ready`).catch(() => null))?.ok);
  return { instance: 'published:10465', address };
}

/** The running demo; its metrics are served at `address`. */
export async function startDemo(program, folder) {
  const child = start(program, ['demo'], join(folder, 'demo.log'));
  const metrics = /^Metrics: http:\/\/(\S+)\/metrics$/m;
  child.instance = 'demo:10465';
  child.address = await until(child, () => metrics.exec(readFileSync(child.log, 'utf8'))?.[1]);
  return child;
}

/** A Prometheus whose `url` is ready; what it scrapes is told by `scrape`. */
export async function startPrometheus(root, folder, seconds) {
  const targets = join(folder, 'targets.json');
  const config = join(folder, 'prometheus.yml');
  // JSON is YAML as well. The exporters take whatever port is free; their labels stay the same.
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
  child.scrape = (...exporters) => {
    const groups = exporters.map(({ instance, address }) => ({ targets: [address], labels: { instance } }));
    writeFileSync(targets, JSON.stringify(groups));
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
