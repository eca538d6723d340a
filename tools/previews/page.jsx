// Lays out one dashboard as Grafana would and draws its panels.
import { ThemeContext, createTheme, dateTime, transformDataFrame } from '@grafana/data';
import { GlobalStyles, PanelChrome, PortalContainer } from '@grafana/ui';
import { initPluginTranslations } from '@grafana/i18n';
import { Component } from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { lastValueFrom } from 'rxjs';

import { PanelBody } from './panels.jsx';
import { registerTransformations } from './registry.js';

const { dashboard, frames, times, width, theme: mode, variables, source } = window.PREVIEW;
const LABEL = `Preview drawn with Grafana’s components from ${source}; not a Grafana screenshot. ` +
  'Page, variables and state timelines are drawn by the preview itself.';
const theme = createTheme({ colors: { mode } });
const text = theme.colors.text;

/** Grafana's grid: 24 columns, rows of 30 pixels, gaps of 8. */
const MARGIN = 16;
const COLUMN = (width - 2 * MARGIN + 8) / 24;
const ROW = 38;

/** A panel that cannot be drawn says why instead of emptying the page. */
class Guard extends Component {
  state = {};

  static getDerivedStateFromError(error) {
    return { error };
  }

  render() {
    return this.state.error ? <pre>{String(this.state.error.stack)}</pre> : this.props.children;
  }
}

function Panel({ panel, series }) {
  const { x, y, w, h } = panel.gridPos;
  const place = { position: 'absolute', left: x * COLUMN, top: y * ROW };
  return (
    <div style={place}>
      <PanelChrome width={w * COLUMN - 8} height={h * ROW - 8} title={panel.title} description={panel.description}>
        {(innerWidth, innerHeight) => (
          <Guard>
            <PanelBody {...{ panel, series, times, theme }} width={innerWidth} height={innerHeight} />
          </Guard>
        )}
      </PanelChrome>
    </div>
  );
}

/** What stands below it, in one line. */
function Row({ panel }) {
  const { x, y, h } = panel.gridPos;
  const place = { position: 'absolute', left: x * COLUMN, top: y * ROW, height: h * ROW - 8 };
  return <b style={{ ...place, color: text.primary, display: 'flex', alignItems: 'center' }}>⌄ {panel.title}</b>;
}

function Variable({ label, value }) {
  const edge = `1px solid ${theme.colors.border.medium}`;
  const box = { border: edge, borderRadius: 2, padding: '4px 10px', display: 'inline-block' };
  return (
    <span style={{ marginRight: 12 }}>
      <span style={{ ...box, background: theme.colors.background.secondary, borderRight: 0 }}>{label}</span>
      <span style={{ ...box, color: text.primary }}>{value}</span>
    </span>
  );
}

function Page({ series }) {
  const clock = (time) => dateTime(time * 1000).utc().format('YYYY-MM-DD HH:mm');
  const rows = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  return (
    <div style={{ width, padding: MARGIN, background: theme.colors.background.canvas, color: text.secondary, boxSizing: 'border-box' }}>
      <div style={{ color: theme.colors.warning.text, marginBottom: 12 }}>{LABEL}</div>
      <div style={{ display: 'flex', justifyContent: 'space-between', marginBottom: 12 }}>
        <b style={{ color: text.primary, fontSize: 18 }}>{dashboard.title}</b>
        <span>{clock(times.from)} to {clock(times.to)} UTC</span>
      </div>
      <div style={{ marginBottom: 12 }}>
        {variables.map((variable) => <Variable key={variable.label} {...variable} />)}
      </div>
      <div style={{ position: 'relative', height: rows * ROW }}>
        {dashboard.panels.map((panel) => (
          panel.type === 'row' ? <Row key={panel.id} panel={panel} /> : <Panel key={panel.id} panel={panel} series={series[panel.id]} />
        ))}
      </div>
    </div>
  );
}

/** Numbers come as text, because JSON has no NaN. */
function parsed(frame) {
  const number = (field) => ({ ...field, values: field.values.map((value) => Number(value.replace('Inf', 'Infinity'))) });
  const fields = frame.fields.map((field) => (field.type === 'number' ? number(field) : field));
  return { ...frame, fields, length: fields[0].values.length };
}

async function start() {
  window.__grafana_public_path__ = '/';
  await initPluginTranslations('previews');
  registerTransformations();
  const series = {};
  for (const panel of dashboard.panels) {
    series[panel.id] = await lastValueFrom(transformDataFrame(panel.transformations ?? [], frames[panel.id].map(parsed)));
  }
  const root = createRoot(document.getElementById('page'));
  const styled = (children) => <ThemeContext.Provider value={theme}><GlobalStyles />{children}</ThemeContext.Provider>;
  // The components measure their texts, so the fonts come first.
  flushSync(() => root.render(styled(null)));
  await Promise.all([400, 500].map((weight) => document.fonts.load(`${weight} 14px Inter`)));
  root.render(styled(<><Page series={series} /><PortalContainer /></>));
}

start();
