// Asks Prometheus every query of a dashboard as its panels would, into data frames; knows nothing of drawing.

/** Values of a reader's variables: everything, and on the target dashboard one target. */
function variables(dashboard, target) {
  const chosen = Object.fromEntries(dashboard.templating.list.map((one) => [one.name, one.type === 'textbox' ? one.query : (one.allValue ?? '.+')]));
  const variable = dashboard.templating.list.find((one) => one.name === 'target');
  if (variable && !variable.multi) chosen.target = target;
  return chosen;
}

/** What the bar above the panels says. */
export function variableBar(dashboard, target) {
  const value = (one) => (one.type === 'datasource' ? 'Prometheus' : one.type === 'textbox' ? one.query : one.multi ? 'All' : target);
  return dashboard.templating.list.map((one) => ({ label: one.label, value: value(one) }));
}

/** Data frames of every panel by its id, with Prometheus's numbers still as text. */
export async function answers(url, dashboard, { target, from, to, step, rate }) {
  const values = { ...variables(dashboard, target), __rate_interval: `${rate}s`, __range: `${to - from}s` };
  const filled = (expr) => expr.replace(/\$(\w+)/g, (whole, name) => values[name] ?? whole);
  const frames = {};
  for (const panel of dashboard.panels) {
    const asked = (panel.targets ?? []).map(async (query) => {
      const expr = filled(query.expr);
      const path = query.range
        ? `query_range?query=${encodeURIComponent(expr)}&start=${from}&end=${to}&step=${step}`
        : `query?query=${encodeURIComponent(expr)}&time=${to}`;
      const series = await rows(`${url}/api/v1/${path}`, panel.title);
      const several = panel.targets.length > 1;
      return query.format === 'table' ? [table(query, series, several)] : series.map((one) => line(query, one, step));
    });
    frames[panel.id] = (await Promise.all(asked)).flat();
  }
  return frames;
}

async function rows(url, title) {
  const answer = await (await fetch(url)).json();
  if (answer.status !== 'success') throw new Error(`${title}: ${answer.error}`);
  return answer.data.result.map(({ metric, value, values }) => ({ metric, points: values ?? [value] }));
}

/** One frame a query: the time, a column for each label, and the value, as Grafana's Prometheus data source makes it. */
function table({ refId }, series, several) {
  const labels = [...new Set(series.flatMap((one) => Object.keys(one.metric).sort()))];
  const column = (name) => ({ name, type: 'string', config: { filterable: true }, values: series.map((one) => one.metric[name] ?? '') });
  const value = several ? `Value #${refId}` : 'Value';
  return {
    refId,
    fields: [
      { name: 'Time', type: 'time', config: {}, values: series.map((one) => one.points[0][0] * 1000) },
      ...labels.map(column),
      { name: value, type: 'number', config: {}, values: series.map((one) => one.points[0][1]) },
    ],
  };
}

/** One frame a series, named by the legend. */
function line({ refId, legendFormat }, { metric, points }, step) {
  const name = legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => metric[label] ?? '');
  return {
    refId,
    fields: [
      { name: 'Time', type: 'time', config: { interval: step * 1000 }, values: points.map((point) => point[0] * 1000) },
      { name: 'Value', type: 'number', labels: metric, config: { displayNameFromDS: name }, values: points.map((point) => point[1]) },
    ],
  };
}
