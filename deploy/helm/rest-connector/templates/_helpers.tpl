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
{{- with .Values.image.registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end }}
{{- end }}

{{- define "rest-connector.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "rest-connector.fullname" .) .Values.serviceAccount.name }}
{{- else }}{{ default "default" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{/* One number for the end: jobs drain, then the commands get a margin. */}}
{{- define "rest-connector.gracePeriod" -}}{{ add .Values.worker.drainSeconds 15 }}{{- end }}

{{- define "rest-connector.secretFolders" -}}
{{- $folders := list }}{{ range .Values.secrets.existingSecrets }}{{ $folders = append $folders (printf "/etc/rest-connector/secrets/%s" .) }}{{ end }}
{{- join "," $folders }}
{{- end }}
