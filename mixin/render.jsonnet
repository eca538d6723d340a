// Everything that the mixin makes, as files: see render.sh. JSON is YAML, too, and jsonnet 0.18 takes minutes to write YAML.
function(config={})
  local made = (import 'mixin.libsonnet') + config;
  local boards(folder, all) = { [folder + '/' + name]: all[name] for name in std.objectFields(all) };
  { 'smtp-tls.rules.yml': made.prometheusAlerts, 'prometheusrule.yml': made.prometheusRule }
  + boards('dashboards', made.grafanaDashboards)
  + boards('upload', made.grafanaUploads)
