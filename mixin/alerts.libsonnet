// The shipped rules, with the configuration applied.
local promql = import 'promql.libsonnet';

{
  local c = $._config,
  // alerts/smtp-tls.rules.yml as JSON, by UPDATE=1 cargo test --test repository: jsonnet 0.18 cannot read its YAML.
  local shipped = import 'rules.json',

  // The one place of each limit: the alert, the shipped text and what takes its place.
  local limits = {
    SmtpTlsChainExpiringSoon: [['< 30 * 86400\n', '< %s\n' % c.limits.chainExpiringSoonSeconds]],
    'SmtpTlsQueueWaiting/warning': [[') > 10\n', ') > %s\n' % c.limits.queueWaiting]] + waiting,
    'SmtpTlsQueueWaiting/critical': [[') >= 100\n', ') >= %s\n' % c.limits.queueWaitingCritical]] + waiting,
    SmtpTlsQueueGrowing: [[') > 100\n', ') > %s\n' % c.limits.queueGrowing]],
    SmtpTlsQueueUnroutable: [
      ['{kind="unreachable"}) > 10\n', '{kind="unreachable"}) > %s\n' % c.limits.queueUnreachable],
      ['{kind="poison"}) > 0', '{kind="poison"}) > %s' % c.limits.queuePoison],
    ],
    SmtpTlsResultsStale: [[') > 1800', ') > %s' % c.limits.resultsStaleSeconds]],
  },
  local waiting = if c.waitingQueues == '' then [] else [['{kind="delivery"', '{%s, kind="delivery"' % c.waitingQueues]],

  local unescaped = std.foldl(
    function(all, character) all && std.length(std.findSubstr(character, c.selector)) == 0, ['\\', '%', '`', '{'], true
  ),
  assert unescaped : 'selector: no \\, %, ` or { please: ' + c.selector,

  // What the configuration says of one alert, by its name or by name and severity.
  local keys(rule) = [rule.alert, rule.alert + '/' + rule.labels.severity],
  local settings(rule, table, none) =
    std.foldl(function(all, key) all + std.get(table, key, none), keys(rule), none),

  local inJob(text) = std.strReplace(
    std.strReplace(text, 'job="smtp-tls"', 'job="%s"' % c.job), 'job=\\"smtp-tls\\"', 'job=\\"%s\\"' % c.job
  ),
  local everywhere(query) = promql.matchOn(promql.select(inJob(query), c.selector), c.clusterLabel),

  // Queries in templates stand in quotes, and name the labels of the alert one by one.
  local inTemplate(text) =
    local query = promql.select(inJob(text), std.strReplace(c.selector, '"', '\\"'));
    if c.clusterLabel == '' then query
    else
      local l = c.clusterLabel;
      local matched = promql.matchOn(query, l);
      std.strReplace(
        std.strReplace(matched, 'job=%q, instance=%q', l + '=%q, job=%q, instance=%q'),
        '$labels.job $labels.instance',
        '$labels.' + l + ' $labels.job $labels.instance'
      ),

  local board(group, rule) =
    if std.member(['SmtpTlsTargetVanished', 'SmtpTlsServedNotInStore', 'SmtpTlsStoreNewerNotServed'], rule.alert) then 'target'
    else if rule.alert == 'SmtpTlsDnssecUnavailable' then 'fleet'
    else std.get({ 'smtp-tls-inside': 'inside', 'smtp-tls-exporter': 'exporter' }, group, 'target'),
  local variables(group, rule) =
    if rule.alert == 'SmtpTlsTargetsMissing' then []
    else (if rule.alert == 'SmtpTlsVantagesDisagree' then [] else ['instance'])
         + (if board(group, rule) == 'target' then ['target'] else []),
  local dashboard(group, rule) =
    local values = ['var-%s={{ $labels.%s | urlquery }}' % [v, v] for v in variables(group, rule)];
    c.dashboardUrl + '/d/smtp-tls-' + board(group, rule) + (if values == [] then '' else '?' + std.join('&', values)),

  local alert(group, rule) =
    local own = settings(rule, c.alerts, {});
    local limited = std.foldl(
      function(expr, change) promql.replaceOnce(expr, change[0], change[1]), settings(rule, limits, []), rule.expr
    );
    rule {
      expr: everywhere(limited),
      labels+: { severity: std.get(own, 'severity', c.severities[rule.labels.severity]) } + c.alertLabels,
      annotations+:
        {
          runbook_url:
            if c.runbookUrl == '' then inTemplate(super.runbook_url) else c.runbookUrl + '/' + rule.alert,
          description: inTemplate(super.description),
        }
        + (if c.dashboardUrl == '' then {} else { dashboard_url: dashboard(group, rule) }),
    } + (if std.objectHas(own, 'for') then { 'for': own['for'] } else {}),

  local isOff(rule) = std.objectHas(rule, 'alert') && std.get(settings(rule, c.alerts, {}), 'off', false),
  local configured(group, rule) =
    if std.objectHas(rule, 'alert') then alert(group, rule) else rule { expr: everywhere(rule.expr) },

  // A name that no rule has would silently change nothing.
  local known = std.set(std.flattenArrays([keys(r) for g in shipped.groups for r in g.rules if std.objectHas(r, 'alert')])),
  local strangers(table) = std.setDiff(std.objectFields(table), known),
  assert strangers(c.alerts) == [] : 'alerts: there is no %s' % strangers(c.alerts),
  assert strangers(limits) == [] : 'limits: there is no %s' % strangers(limits),

  // Recorded series and the alerts on them stay in one group, so that both are of the same moment.
  prometheusAlerts+:: {
    groups+: [g { rules: [configured(g.name, r) for r in g.rules if !isOff(r)] } for g in shipped.groups],
  },
  prometheusRules+:: { groups+: [] },

  // The same for the Prometheus Operator.
  prometheusRule:: {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: c.kubernetes,
    spec: $.prometheusAlerts,
  },
}
