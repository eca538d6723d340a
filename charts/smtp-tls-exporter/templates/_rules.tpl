{{/*
The shipped rules with what the values change. Every change looks for the text that it replaces, and fails if the rules no
longer have it.
*/}}
{{- define "smtp-tls-exporter.rules" -}}
{{- $changes := .Values.prometheusRule -}}
{{- $limits := dict
  "SmtpTlsQueueWaiting/warning" (list "> 10\\b" (printf "> %d" (int $changes.limits.queueWaiting)))
  "SmtpTlsQueueWaiting/critical" (list ">= 100\\b" (printf ">= %d" (int $changes.limits.queueWaitingCritical)))
  "SmtpTlsQueueGrowing/warning" (list "> 100\\b" (printf "> %d" (int $changes.limits.queueGrowing)))
  "SmtpTlsQueueUnroutable/warning" (list "> 10\\b" (printf "> %d" (int $changes.limits.queueUnroutable)))
  "SmtpTlsResultsStale/warning" (list "> 1800\\b" (printf "> %d" (int $changes.limits.resultsStaleSeconds)))
-}}
{{- $text := .Files.Get "files/smtp-tls.rules.yml" -}}
{{- $job := "job=\"smtp-tls\"" -}}
{{- if not (contains $job $text) }}{{ fail (printf "files/smtp-tls.rules.yml has no %s" $job) }}{{ end -}}
{{- $text = replace $job (printf "job=%q" .Values.jobName) $text -}}
{{- $runbooks := $changes.runbookBaseUrl | default (printf "%s://%s/runbooks" .Values.web.scheme (include "smtp-tls-exporter.address" .)) | trimSuffix "/" -}}
{{- $boards := dict
  "" "smtp-tls-target?var-instance={{ $labels.instance | urlquery }}&var-target={{ $labels.target | urlquery }}"
  "smtp-tls-inside" "smtp-tls-inside?var-instance={{ $labels.instance | urlquery }}"
  "smtp-tls-exporter" "smtp-tls-exporter"
-}}
{{- $known := list -}}
{{- $groups := list -}}
{{- range $group := (fromYaml $text).groups -}}
{{- $rules := list -}}
{{- range $rule := $group.rules -}}
{{- if not $rule.alert -}}
{{- $rules = append $rules $rule -}}
{{- else -}}
{{- $key := printf "%s/%s" $rule.alert $rule.labels.severity -}}
{{- $known = append (append $known $rule.alert) $key -}}
{{- with get $limits $key -}}
{{- if not (regexMatch (first .) $rule.expr) }}{{ fail (printf "%s has no limit %s" $key (first .)) }}{{ end -}}
{{- $_ := set $rule "expr" (regexReplaceAll (first .) $rule.expr (last .)) -}}
{{- $_ := unset $limits $key -}}
{{- end -}}
{{- $change := mergeOverwrite (dict) (deepCopy (get $changes.alerts $rule.alert | default dict)) (deepCopy (get $changes.alerts $key | default dict)) -}}
{{- $severity := $change.severity | default (get $changes.severities $rule.labels.severity) | default $rule.labels.severity -}}
{{- $labels := mergeOverwrite (deepCopy $rule.labels) $changes.alertLabels ($change.labels | default dict) (dict "severity" $severity) -}}
{{- $_ := set $rule "labels" $labels -}}
{{- with $change.for }}{{ $_ := set $rule "for" . }}{{ end -}}
{{- $_ := set $rule.annotations "runbook_url" (printf "%s/%s" $runbooks $rule.alert) -}}
{{- $_ := unset $rule.annotations "dashboard_url" -}}
{{- with $changes.dashboardBaseUrl -}}
{{- $board := get $boards $group.name | default (get $boards "") -}}
{{- if eq $rule.alert "SmtpTlsDnssecUnavailable" }}{{ $board = "smtp-tls-fleet" }}{{ end -}}
{{- $_ := set $rule.annotations "dashboard_url" (printf "%s/d/%s" (trimSuffix "/" .) $board) -}}
{{- end -}}
{{- with $change.annotations }}{{ $_ := set $rule "annotations" (mergeOverwrite $rule.annotations .) }}{{ end -}}
{{- if ne (toString (get $change "enabled")) "false" }}{{ $rules = append $rules $rule }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if $rules }}{{ $groups = append $groups (merge (dict "rules" $rules) $group) }}{{ end -}}
{{- end -}}
{{- with keys $limits }}{{ fail (printf "files/smtp-tls.rules.yml has no alert %s" (first .)) }}{{ end -}}
{{- range $name, $_ := $changes.alerts -}}
{{- if not (has $name $known) }}{{ fail (printf "prometheusRule.alerts: there is no alert %s" $name) }}{{ end -}}
{{- end -}}
{{- toYaml $groups -}}
{{- end }}
