{{- define "rest-connector.fullname" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}{{ $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}{{ end }}{{ end }}
{{- end }}

{{/* Name and instance only: a selector must never change with a version. */}}
{{- define "rest-connector.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "rest-connector.meta" -}}
name: {{ include "rest-connector.fullname" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "rest-connector.selector" . | nindent 2 }}
  app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .Release.Service }}
  helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
  {{- with .Values.commonLabels }}{{ toYaml . | nindent 2 }}{{ end }}
{{- with .Values.commonAnnotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "rest-connector.image" -}}
{{- with default .Values.global.imageRegistry .Values.image.registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end }}
{{- end }}

{{- define "rest-connector.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "rest-connector.fullname" .) .Values.serviceAccount.name }}
{{- else }}{{ default "default" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{/* One number for the end: jobs drain, then the commands get a margin. */}}
{{- define "rest-connector.gracePeriod" -}}{{ add .Values.worker.drainSeconds 15 }}{{- end }}

{{/* The Secrets whose keys jobs may name: the ones that exist, then the release's own. */}}
{{- define "rest-connector.jobSecrets" -}}
{{- $names := .Values.secrets.existingSecrets }}
{{- if .Values.secrets.inline }}{{ $names = append $names (printf "%s-secrets" (include "rest-connector.fullname" .)) }}{{ end }}
{{- $names | toJson }}
{{- end }}

{{- define "rest-connector.secretFolders" -}}
{{- $folders := list }}{{ range include "rest-connector.jobSecrets" . | fromJsonArray }}{{ $folders = append $folders (printf "/etc/rest-connector/secrets/%s" .) }}{{ end }}
{{- join "," $folders }}
{{- end }}

{{/* One proxy's settings; the password stays in its Secret. Takes a dict of prefix and proxy. */}}
{{- define "rest-connector.proxy" -}}
{{- if .proxy.host }}
{{ .prefix }}_HOST: {{ .proxy.host | quote }}
{{ .prefix }}_PORT: {{ .proxy.port | quote }}
{{ .prefix }}_SCHEME: {{ .proxy.scheme | quote }}
{{- with .proxy.user }}
{{ $.prefix }}_USER: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The settings that follow from the chart's other values. */}}
{{- define "rest-connector.settings" -}}
ZEEBE_ADDRESS: {{ .Values.zeebe.address | quote }}
REST_CONNECTOR_JOB_TYPES: {{ .Values.worker.jobTypes | quote }}
REST_CONNECTOR_SLOTS: {{ .Values.worker.slots | quote }}
REST_CONNECTOR_GRACE: {{ .Values.worker.drainSeconds | quote }}
{{- if .Values.zeebe.tls.enabled }}
REST_CONNECTOR_ZEEBE__TLS: "true"
{{- if .Values.zeebe.tls.existingSecret }}
REST_CONNECTOR_ZEEBE__CA_FILE: /etc/rest-connector/zeebe-tls/{{ .Values.zeebe.tls.caKey }}
{{- end }}
{{- end }}
{{- with .Values.caBundle }}{{ if .existingConfigMap }}
REST_CONNECTOR_TLS__CA: /etc/rest-connector/ca/{{ .key }}
{{- end }}{{ end }}
{{- if or .Values.secrets.existingSecrets .Values.secrets.inline }}
REST_CONNECTOR_SECRETS__FOLDERS: {{ include "rest-connector.secretFolders" . | quote }}
{{- end }}
{{- include "rest-connector.proxy" (dict "prefix" "CONNECTOR_HTTP_PROXY" "proxy" .Values.proxy.http) }}
{{- include "rest-connector.proxy" (dict "prefix" "CONNECTOR_HTTPS_PROXY" "proxy" .Values.proxy.https) }}
{{- with .Values.proxy.nonProxyHosts }}
CONNECTOR_HTTP_NON_PROXY_HOSTS: {{ . | quote }}
{{- end }}
{{- end }}

{{/* Settings whose values are in Secrets: the proxies' passwords, then secretSettings. */}}
{{- define "rest-connector.secretSettings" -}}
{{- $found := dict }}
{{- range $prefix, $proxy := dict "CONNECTOR_HTTP_PROXY" .Values.proxy.http "CONNECTOR_HTTPS_PROXY" .Values.proxy.https }}
{{- if and $proxy.host $proxy.existingSecret }}{{ $_ := set $found (print $prefix "_PASSWORD") (dict "name" $proxy.existingSecret "key" $proxy.passwordKey) }}{{ end }}
{{- end }}
{{- merge (dict) .Values.secretSettings $found | toJson }}
{{- end }}

{{- define "rest-connector.checks" -}}
{{- if and .Values.podDisruptionBudget.enabled (ne (toString .Values.podDisruptionBudget.minAvailable) "") (ne (toString .Values.podDisruptionBudget.maxUnavailable) "") }}
{{- fail "podDisruptionBudget: set minAvailable or maxUnavailable, and the other one to \"\"" }}{{ end }}
{{- range list "http" "https" }}{{ $proxy := index $.Values.proxy . }}
{{- if and $proxy.host (not $proxy.port) }}{{ fail (printf "proxy.%s.port is missing: a proxy without a port would not be used" .) }}{{ end }}
{{- end }}
{{- $own := include "rest-connector.settings" . | fromYaml }}
{{- range $name, $_ := .Values.settings }}
{{- if hasKey $own $name }}{{ fail (printf "settings.%s: another value of the chart sets this already, to %q; change that one" $name (get $own $name)) }}{{ end }}
{{- end }}
{{- end }}
