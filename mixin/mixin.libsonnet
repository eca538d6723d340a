// Alert rules and dashboards of smtp-tls-exporter, to be adapted by `_config`: see config.libsonnet.
(import 'config.libsonnet')
+ (import 'alerts.libsonnet')
+ (import 'dashboards.libsonnet')
