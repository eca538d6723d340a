// Draws states over time. Grafana's own panel is part of its core and not published, so this is ours, in its likeness.
import { FieldType, dateTime, getFieldDisplayName } from '@grafana/data';
import { VizLegend } from '@grafana/ui';

/** Rows a page, as in Grafana. */
const PAGE = 20;
const AXIS = 24;

/**
 * How a value is shown. Where colours come from thresholds, Grafana merges by threshold before it looks at the mappings:
 * what is left of a value is the step it is in.
 */
function displayOf(field, panel, theme) {
  const { color, thresholds } = panel.fieldConfig.defaults;
  if (!panel.options.mergeValues || color?.mode !== 'thresholds') return field.display;
  return (value) => {
    const step = thresholds.steps.findLast((each) => each.value === null || value >= each.value);
    return { text: `${step.value ?? '-∞'}+`, color: theme.visualization.getColorByName(step.color) };
  };
}

/** Spans of equal display: a gap is where more than two points are missing. */
function spans(times, field, step, display) {
  const found = [];
  times.forEach((time, n) => {
    const value = display(field.values[n]);
    const last = found.at(-1);
    if (last && last.text === value.text && time - last.to <= 3 * step) last.to = time + step;
    else found.push({ from: time, to: time + step, text: value.text, color: value.color });
  });
  return found;
}

function rowsOf(data, panel, theme) {
  return data.map((frame) => {
    const time = frame.fields.find(({ type }) => type === FieldType.time);
    const field = frame.fields.find(({ type }) => type !== FieldType.time);
    return { name: getFieldDisplayName(field, frame, data), spans: spans(time.values, field, time.config.interval, displayOf(field, panel, theme)) };
  });
}

export function StateTimeline({ data, panel, options, width, height, times, theme }) {
  const all = rowsOf(data, panel, theme);
  const perPage = options.perPage ?? PAGE;
  const rows = all.slice(0, perPage);
  const legend = options.legend.showLegend ? legendItems(panel, rows) : [];
  const pages = all.length > perPage ? `rows 1–${perPage} of ${all.length}` : '';
  const plotHeight = height - AXIS - (legend.length > 0 ? 28 : 0) - (pages ? 20 : 0);
  const rowHeight = plotHeight / rows.length;
  const left = 12 + Math.max(...rows.map(({ name }) => name.length)) * 6.4;
  const x = (time) => left + ((Math.min(Math.max(time / 1000, times.from), times.to) - times.from) / (times.to - times.from)) * (width - left);
  const ticks = [0, 0.2, 0.4, 0.6, 0.8].map((share) => (times.from + share * (times.to - times.from)) * 1000);
  return (
    <div style={{ fontSize: 12 }}>
      <svg width={width} height={plotHeight + AXIS} style={{ display: 'block', fill: theme.colors.text.primary }}>
        {rows.map((row, n) => (
          <g key={row.name}>
            <text x={left - 8} y={(n + 0.5) * rowHeight + 4} textAnchor="end">{row.name}</text>
            {row.spans.map((span) => {
              const width = Math.max(1, x(span.to) - x(span.from));
              const written = options.showValue !== 'never' && width > span.text.length * 7;
              return (
                <g key={span.from}>
                  <rect
                    x={x(span.from)}
                    width={width}
                    y={n * rowHeight + (rowHeight * (1 - options.rowHeight)) / 2}
                    height={rowHeight * options.rowHeight}
                    fill={span.color}
                    fillOpacity={panel.fieldConfig.defaults.custom.fillOpacity / 100}
                  />
                  {written && <text x={x(span.from) + 6} y={(n + 0.5) * rowHeight + 4}>{span.text}</text>}
                </g>
              );
            })}
          </g>
        ))}
        {ticks.map((time) => (
          <text key={time} x={x(time)} y={plotHeight + 16} fill={theme.colors.text.secondary}>{dateTime(time).utc().format('HH:mm')}</text>
        ))}
      </svg>
      {legend.length > 0 && <VizLegend items={legend} displayMode="list" placement="bottom" />}
      {pages && <div style={{ textAlign: 'center', color: theme.colors.text.secondary }}>{pages}</div>}
    </div>
  );
}

/** The texts that occur, in the order of the mappings. */
function legendItems(panel, rows) {
  const seen = new Map(rows.flatMap((row) => row.spans.map(({ text, color }) => [text, color])));
  const order = (panel.fieldConfig.defaults.mappings ?? []).flatMap(({ options }) => Object.values(options).map(({ text }) => text));
  const texts = [...seen.keys()].sort((a, b) => order.indexOf(a) - order.indexOf(b));
  return texts.map((label) => ({ label, color: seen.get(label), yAxis: 1 }));
}
