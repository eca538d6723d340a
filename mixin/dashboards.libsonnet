// The shipped boards, with the configuration applied.
local promql = import 'promql.libsonnet';

{
  local c = $._config,
  local shipped = {
    'smtp-tls-exporter.json': import '../dashboards/smtp-tls-exporter.json',
    'smtp-tls-fleet.json': import '../dashboards/smtp-tls-fleet.json',
    'smtp-tls-inside.json': import '../dashboards/smtp-tls-inside.json',
    'smtp-tls-target.json': import '../dashboards/smtp-tls-target.json',
  },

  local ofCluster = if c.clusterLabel == '' then '' else '%s=~"$%s"' % [c.clusterLabel, c.clusterLabel],
  local matchers = std.join(', ', [m for m in [c.selector, ofCluster] if m != '']),
  local everywhere(query) = promql.matchOn(promql.select(query, matchers), c.clusterLabel),

  // Everything that asks Prometheus: panels, also those in rows, variables and annotations.
  local panel(p) =
    p
    + (if c.exporterUrl == '' then {} else { fieldConfig+: { overrides: linked(super.overrides) } })
    + (if std.objectHas(p, 'targets') then { targets: [t { expr: everywhere(t.expr) } for t in p.targets] } else {})
    + (if std.objectHas(p, 'panels') then { panels: std.map(panel, p.panels) } else {}),
  local limits = {
    results_stale: c.limits.resultsStaleSeconds,
    queue_waiting: c.limits.queueWaiting,
    queue_critical: c.limits.queueWaitingCritical,
  },
  local typed(v, value) =
    v { query: value, current+: { text: value, value: value }, options: [o { text: value, value: value } for o in super.options] },
  local variable(v) =
    if v.type == 'textbox' then typed(v, std.toString(limits[v.name]))
    else if v.type == 'query' then
      v { definition: everywhere(v.definition), query+: { query: everywhere(super.query) } }
    else v,
  // Alerts have lost the labels that rules do not group by, all but that of the clusters: what tells ours is their name.
  local annotation(a) =
    a { expr: if std.startsWith(a.expr, 'ALERTS{') then promql.select(a.expr, ofCluster) else everywhere(a.expr) },

  // The links from rows to the exporter.
  local linked(value) =
    if std.isArray(value) then std.map(linked, value)
    else if std.isObject(value) then
      value + { [key]: linked(value[key]) for key in std.objectFields(value) if !std.isString(value[key]) }
      + (if std.objectHas(value, 'url') then { url: std.strReplace(value.url, 'http://${__value.text}', c.exporterUrl) } else {})
    else value,

  // The clusters come first: the other variables depend on them. `like` is the variable of jobs.
  local clusters(like) =
    local query = std.strReplace(
      promql.select(std.strReplace(like.definition, ', job)', ', %s)' % c.clusterLabel), c.selector), '{}', ''
    );
    like { name: c.clusterLabel, label: 'Cluster', definition: query, query+: { query: query }, allValue: '.*' },
  local variables(list) =
    local configured = std.map(variable, list);
    if c.clusterLabel == '' then configured
    else
      local jobs = [v for v in list if v.name == 'job'][0];
      [v for v in configured if v.type == 'datasource']
      + [clusters(jobs)]
      + [v for v in configured if v.type != 'datasource'],

  local configured(board) =
    board {
      panels: std.map(panel, super.panels),
      templating+: { list: variables(super.list) },
      annotations+: { list: std.map(annotation, super.list) },
    },

  // For an upload by hand, or to grafana.com: the dialog asks which data source is meant.
  local panelTypes(panels) =
    std.set(std.flattenArrays([[p.type] + panelTypes(std.get(p, 'panels', [])) for p in panels])),
  local asking(value) =
    if std.isString(value) then
      std.strReplace(std.strReplace(value, '${datasource:queryparam}&', ''), '${datasource}', '${DS_PROMETHEUS}')
    else if std.isArray(value) then std.map(asking, value)
    else if std.isObject(value) then { [key]: asking(value[key]) for key in std.objectFields(value) }
    else value,
  local uploaded(board) =
    asking(board) {
      __inputs: [{
        name: 'DS_PROMETHEUS',
        label: 'Prometheus',
        description: 'The Prometheus that scrapes smtp-tls-exporter.',
        type: 'datasource',
        pluginId: 'prometheus',
        pluginName: 'Prometheus',
      }],
      __requires:
        [
          { type: 'grafana', id: 'grafana', name: 'Grafana', version: '10.0.0' },
          { type: 'datasource', id: 'prometheus', name: 'Prometheus', version: '1.0.0' },
        ]
        + [{ type: 'panel', id: t, name: t, version: '' } for t in panelTypes(board.panels) if t != 'row'],
      templating+: { list: [v for v in super.list if v.type != 'datasource'] },
    },

  grafanaDashboards+:: { [name]: configured(shipped[name]) for name in std.objectFields(shipped) },
  grafanaUploads+:: { [name]: uploaded($.grafanaDashboards[name]) for name in std.objectFields($.grafanaDashboards) },
}
