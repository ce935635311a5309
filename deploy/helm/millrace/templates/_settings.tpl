{{/* A setting as the text of a variable: 2000000 stays 2000000, and is not 2e+06. */}}
{{- define "millrace.text" -}}
{{- if kindIs "string" . -}}{{ . }}{{- else -}}{{ toJson . }}{{- end -}}
{{- end -}}

{{/* ms; the platform's own default where nothing is said. */}}
{{- define "millrace.shutdownMs" -}}
{{- $set := .Values.configMaps.app.data.SHUTDOWN_TIMEOUT -}}
{{- if kindIs "invalid" $set -}}30000{{- else -}}{{ include "millrace.text" $set }}{{- end -}}
{{- end -}}

{{/* The drain, what closing takes after it (20 s at most), and some air. */}}
{{- define "millrace.graceSeconds" -}}
{{- if .Values.terminationGracePeriodSeconds -}}
{{- .Values.terminationGracePeriodSeconds | int -}}
{{- else -}}
{{- add (divf (include "millrace.shutdownMs" .) 1000 | ceil | int) 30 (int .Values.preStopSeconds) -}}
{{- end -}}
{{- end -}}

{{/* Where people reach it: as configured, else the first host of the Ingress. */}}
{{- define "millrace.appUrl" -}}
{{- $ingress := .Values.api.ingress -}}
{{- if .Values.configMaps.app.data.APP_URL -}}
{{- .Values.configMaps.app.data.APP_URL -}}
{{- else if and $ingress.enabled $ingress.hosts -}}
{{- printf "%s://%s" (ternary "https" "http" (gt (len $ingress.tls) 0)) (first $ingress.hosts).host -}}
{{- end -}}
{{- end -}}

{{/* Files are kept by a service, and not in a folder that all pods must share. */}}
{{- define "millrace.remoteStorage" -}}
{{- $data := .Values.configMaps.app.data -}}
{{- if or (eq (include "millrace.text" (default "" $data.AWS_ENABLED)) "true") $data.SUPABASE_URL -}}true{{- end -}}
{{- end -}}

{{/* Settings of all roles, as a map of texts. */}}
{{- define "millrace.settings" -}}
{{- $settings := dict "NODE_ENV" "production" "HOST" "0.0.0.0" "PORT" "8500" "METRICS_PORT" "9090" "DATA_DIR" "/data" -}}
{{- $_ := set $settings "QUEUE_BACKEND" .Values.queue.backend -}}
{{- $_ := set $settings "SHUTDOWN_TIMEOUT" (include "millrace.shutdownMs" .) -}}
{{- if and .Values.redis.enabled (eq .Values.queue.backend "redis") -}}
{{- $_ := set $settings "REDIS_HOST" (printf "%s-redis" (include "millrace.fullname" .)) -}}
{{- end -}}
{{- with include "millrace.appUrl" . -}}{{- $_ := set $settings "APP_URL" . -}}{{- end -}}
{{- if .Values.trustProxy -}}
{{- $_ := set $settings "TRUST_PROXY" .Values.trustProxy -}}
{{- else if .Values.api.ingress.enabled -}}
{{- $_ := set $settings "TRUST_PROXY" "loopback,uniquelocal" -}}
{{- end -}}
{{- range $name, $value := .Values.configMaps.app.data -}}
{{- $_ := set $settings $name (include "millrace.text" $value) -}}
{{- end -}}
{{- toYaml $settings -}}
{{- end -}}

{{/* Secrets of a role, a variable each, by reference; the container waits for those that no start does without. */}}
{{- define "millrace.secretEnv" -}}
{{- $values := .root.Values -}}
{{- $secret := include "millrace.secretName" .root -}}
{{- $needed := list "JWT_SECRET" -}}
{{- if not $values.configMaps.app.data.SUPABASE_URL -}}{{- $needed = append $needed "DATABASE_URL" -}}{{- end -}}
{{- if eq .role "api" -}}{{- $needed = append $needed "ADMIN_PASSWORD" -}}{{- end -}}
{{- if and (eq $values.queue.backend "redis") (not $values.configMaps.app.data.REDIS_HOST) -}}
{{- $needed = append $needed "REDIS_URL" -}}
{{- end -}}
{{- range .root.Files.Get "files/secrets.json" | fromJsonArray }}
{{- if and (eq . "DATABASE_URL") $values.postgresql.enabled }}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "millrace.fullname" $.root }}-postgresql
      key: database_url
{{- else if and (hasPrefix "REDIS_" .) (or $values.redis.enabled (ne $values.queue.backend "redis")) }}
{{- else if and (has . (list "ADMIN_PASSWORD" "OIDC_CLIENT_SECRET")) (ne $.role "api") }}
{{- else }}
- name: {{ . }}
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: {{ lower . }}
      {{- if not (has . $needed) }}
      optional: true
      {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* What the schema cannot see, since it is a matter of two values. */}}
{{- define "millrace.check" -}}
{{- $data := .Values.configMaps.app.data -}}
{{- $made := .Values.secrets.data -}}
{{- if and (not .Values.secrets.create) $made -}}
{{- fail "secrets.data is set, but secrets.create is false: put these keys into the Secret that is there, or let the chart make it" -}}
{{- end -}}
{{- if and .Values.postgresql.enabled $made.database_url -}}
{{- fail "secrets.data.database_url is set beside the bundled PostgreSQL: set postgresql.enabled to false, or drop the address" -}}
{{- end -}}
{{- if and .Values.secrets.create (not .Values.postgresql.enabled) (not $made.database_url) (not $data.SUPABASE_URL) -}}
{{- fail "no database: set secrets.data.database_url (or secrets.create=false with a Secret that has database_url), or postgresql.enabled=true" -}}
{{- end -}}
{{- if eq .Values.queue.backend "redis" -}}
{{- if and .Values.redis.enabled (or $made.redis_url $data.REDIS_HOST) -}}
{{- fail "another Redis is set beside the bundled one: set redis.enabled to false, or drop its address" -}}
{{- end -}}
{{- if and .Values.secrets.create (not .Values.redis.enabled) (not $made.redis_url) (not $data.REDIS_HOST) -}}
{{- fail "no Redis: set secrets.data.redis_url (or secrets.create=false with a Secret that has redis_url), or redis.enabled=true, or queue.backend=postgres" -}}
{{- end -}}
{{- end -}}
{{- if not (or .Values.storage.persistentVolume.enabled (include "millrace.remoteStorage" .)) -}}
{{- fail "files would be lost with their pod: set storage.persistentVolume.enabled=true, or AWS_ENABLED or SUPABASE_URL in configMaps.app.data" -}}
{{- end -}}
{{- range $role := list "api" "worker" -}}
{{- $scaling := (get $.Values $role).autoscaling -}}
{{- $least := default (get $.Values $role).replicaCount $scaling.minReplicas | int -}}
{{- if and $scaling.enabled (gt $least (int $scaling.maxReplicas)) -}}
{{- fail (printf "%s.autoscaling.maxReplicas is %d, which is less than the %d it starts from" $role (int $scaling.maxReplicas) $least) -}}
{{- end -}}
{{- end -}}
{{- if le (int (include "millrace.graceSeconds" .)) (add (divf (include "millrace.shutdownMs" .) 1000 | ceil | int) (int .Values.preStopSeconds) | int) -}}
{{- fail "terminationGracePeriodSeconds must be more than preStopSeconds and SHUTDOWN_TIMEOUT together, or running jobs are killed" -}}
{{- end -}}
{{- end -}}
