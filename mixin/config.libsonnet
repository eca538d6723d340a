// What may differ from the shipped rules and boards. These defaults render exactly the shipped files.
{
  _config+:: {
    // More matchers for every selector of every rule, annotation and board, as in PromQL: 'job="smtp-tls"' or
    // 'cluster="berlin", job=~"smtp.*"'.
    selector: '',

    // The scrape job whose exporters must be there (SmtpTlsExporterDown, SmtpTlsTargetsMissing).
    job: 'smtp-tls',

    // The label that tells clusters apart where one Prometheus sees several, such as 'cluster'. It joins job and instance
    // wherever rules match or group by them, and becomes a variable of every board.
    clusterLabel: '',

    // Words for the two severities.
    severities: {
      critical: 'critical',
      warning: 'warning',
    },

    // Labels for every alert, such as {team: 'mail'}.
    alertLabels: {},

    // What differs for single alerts, by name, or by NAME/severity where both severities have a rule of that name:
    //   SmtpTlsWeakCrypto: { severity: 'info', 'for': '1d' },
    //   'SmtpTlsQueueWaiting/critical': { 'for': '30m' },
    //   SmtpTlsUndecided: { off: true },
    // Alerts on probes (group smtp-tls-probes) say "10 minutes": their `for` should not be below the shipped one.
    alerts: {},

    // Limits that the exporter does not export with each certificate. Numbers, or PromQL that gives one. Boards have those of
    // SmtpTlsQueueWaiting and SmtpTlsResultsStale as variables, which begin with these values.
    limits: {
      chainExpiringSoonSeconds: '30 * 86400',
      queueWaiting: 10,
      queueWaitingCritical: 100,
      queueGrowing: 100,
      queueUnreachable: 10,
      queuePoison: 0,
      resultsStaleSeconds: 1800,
    },

    // More matchers for the queues in SmtpTlsQueueWaiting: 'next_hop!="other"' leaves out the sum of the many small ones.
    waitingQueues: '',

    // Where readers reach the exporter's pages, which boards link to, and its runbooks: 'https://smtp-tls.bears.test'. Empty:
    // at http://INSTANCE. To be set where `instance` is not the exporter (a scrape of /probe), not to be reached, or HTTPS.
    exporterUrl: '',

    // Where the runbooks are, if elsewhere: runbook_url is this, a slash and the alert's name. Several exporters with TLS:
    // 'https://{{ $labels.instance }}/runbooks'.
    runbookUrl: if self.exporterUrl == '' then '' else self.exporterUrl + '/runbooks',

    // Grafana's address, such as 'https://grafana.bears.test': with it every alert has a dashboard_url.
    dashboardUrl: '',

    // The metadata of the PrometheusRule.
    kubernetes: {
      name: 'smtp-tls',
      labels: { 'app.kubernetes.io/name': 'smtp-tls-exporter' },
    },
  },
}
