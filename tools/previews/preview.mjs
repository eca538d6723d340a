// Draws a picture of every dashboard from what a real Prometheus answers: see README.md.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

import { build } from 'esbuild';
import sharp from 'sharp';

import { answers, variableBar } from './ask.mjs';
import { buildProgram, end, endAll, startDemo, startPrometheus, startPublished } from './world.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const DASHBOARDS = ['fleet', 'target', 'inside', 'exporter'];
const WIDTH = 1400;
/** Seconds between two scrapes of an exporter. */
const SCRAPE = 5;

const { values: given } = parseArgs({
  options: {
    minutes: { type: 'string', default: '8' },
    out: { type: 'string', default: join(root, 'docs/pictures') },
    program: { type: 'string' },
    prometheus: { type: 'string' },
    target: { type: 'string', default: 'hybrid-relay' },
    theme: { type: 'string', default: 'dark' },
  },
});
const minutes = Number(given.minutes);
if (!(minutes >= 1 && minutes <= 20160)) throw new Error('--minutes: expected a number from 1 to 20160');

const folder = mkdtempSync(join(tmpdir(), 'previews-'));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => cleanUp().then(() => process.exit(1)));
try {
  const url = given.prometheus ?? (await watchedDemo());
  await drawAll(url);
} finally {
  await cleanUp();
}

async function cleanUp() {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
}

/**
 * A Prometheus that has watched the demo, and mail domains that publish policies, for `minutes`. Half-way the demo starts
 * anew, with new certificates.
 */
async function watchedDemo() {
  const program = given.program ?? buildProgram(root);
  const published = await startPublished(root, program, folder);
  const prometheus = await startPrometheus(root, folder, SCRAPE);
  console.log(`watching the demo for ${minutes} minutes: ${prometheus.url}`);
  for (const last of [false, true]) {
    const demo = await startDemo(program, folder);
    prometheus.scrape(demo, published);
    await pause(minutes * 30_000);
    if (!last) await end(demo);
  }
  return prometheus.url;
}

async function drawAll(url) {
  mkdirSync(given.out, { recursive: true });
  const page = await bundle();
  const to = Math.floor(Date.now() / 1000);
  // At most as many points as a panel has pixels; the rates as with the scrape interval of examples/prometheus.yml.
  const step = Math.max(SCRAPE, Math.ceil((minutes * 60) / 1000));
  const times = { from: to - minutes * 60, to, step, rate: Math.max(240, step + 60) };
  for (const name of DASHBOARDS) {
    const dashboard = JSON.parse(readFileSync(join(root, `dashboards/smtp-tls-${name}.json`), 'utf8'));
    const frames = await answers(url, dashboard, { ...times, target: given.target });
    const source = given.prometheus ? 'a Prometheus' : 'a real Prometheus over made-up servers';
    const variables = variableBar(dashboard, given.target);
    const data = { dashboard, frames, times, width: WIDTH, theme: given.theme, variables, source };
    await draw(name, page, data);
  }
}

/** The page that draws one dashboard: its script and its style, without data. */
async function bundle() {
  const cjs = (name, file = 'index') => join(here, `node_modules/@grafana/${name}/dist/cjs/${file}.cjs`);
  const built = await build({
    entryPoints: [join(here, 'page.jsx')],
    bundle: true,
    write: false,
    outdir: folder,
    minify: true,
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
    // The ESM builds do not find each other's default exports.
    alias: { '@grafana/ui/unstable': cjs('ui', 'unstable'), '@grafana/ui': cjs('ui'), '@grafana/data': cjs('data'), '@grafana/i18n': cjs('i18n') },
    loader: { '.ttf': 'empty', '.woff': 'empty', '.woff2': 'empty', '.svg': 'dataurl' },
    logLevel: 'error',
  });
  const text = (extension) => built.outputFiles.find((file) => file.path.endsWith(extension))?.text ?? '';
  return { script: text('.js'), style: text('.css') };
}

async function draw(name, { script, style }, data) {
  const rows = Math.max(...data.dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  const height = rows * 38 + 150;
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  const code = script.replaceAll('</script', '<\\/script');
  const html = `<!doctype html><meta charset="utf-8"><style>${style}</style><div id="page"></div><script>window.PREVIEW = ${json}</script><script>${code}</script>`;
  const server = await serve(html);
  const shot = join(folder, `${name}.png`);
  const picture = join(given.out, `preview-${name}.png`);
  const said = await chromium([
    `--window-size=${WIDTH},${height}`, `--screenshot=${shot}`, `http://127.0.0.1:${server.address().port}/`,
  ]);
  server.close();
  // A palette takes a third of the room.
  await sharp(shot).png({ palette: true, effort: 10, dither: 0.3 }).toFile(picture);
  const complaints = said.split('\n').filter((line) => line.includes('CONSOLE') && !line.includes('i18next is made'));
  if (complaints.length > 0) {
    console.error(`${name}: ${complaints.slice(0, 20).join('\n')}`);
    process.exitCode = 1;
  }
  console.log(picture);
}

/** The page, and the icons and fonts that Grafana's components fetch. */
function serve(html) {
  const modules = join(here, 'node_modules');
  const weights = { Regular: 400, Medium: 500 };
  const server = createServer(({ url }, response) => {
    const [, icon] = /^\/build\/img\/icons\/(\w+\/[\w-]+\.svg)$/.exec(url) ?? [];
    // What has another font gets Inter, too.
    const [font, weight] = /^\/fonts\/(?:inter\/Inter-(\w+)|.+)\.woff2$/.exec(url) ?? [];
    const file = icon
      ? join(modules, '@grafana/ui/dist/public/img/icons', icon)
      : font && join(modules, `@fontsource/inter/files/inter-latin-${weights[weight] ?? 400}-normal.woff2`);
    response.setHeader('Content-Type', icon ? 'image/svg+xml' : file ? 'font/woff2' : 'text/html');
    response.end(file ? readFileSync(file) : html);
  });
  return new Promise((ready) => server.listen(0, '127.0.0.1', () => ready(server)));
}

/** Runs Chromium once and returns what it said. */
async function chromium(args) {
  const profile = join(folder, 'chromium');
  const fixed = ['--headless', '--disable-gpu', '--disable-lcd-text', '--hide-scrollbars', '--lang=en-GB', '--virtual-time-budget=10000', '--enable-logging=stderr', '--v=0'];
  // As root, it does not start with its sandbox. The page is ours.
  const root = process.getuid() === 0 ? ['--no-sandbox'] : [];
  const env = { ...process.env, TZ: 'UTC' };
  try {
    const all = [...fixed, ...root, `--user-data-dir=${profile}`, ...args];
    return (await promisify(execFile)('chromium', all, { timeout: 120_000, env })).stderr;
  } catch (error) {
    throw new Error(`chromium: ${error.message}`);
  }
}
