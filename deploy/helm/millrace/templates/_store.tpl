{{/* Whether a store is bundled: root and store. */}}
{{- define "millrace.bundles" -}}
{{- if eq .store "redis" -}}
{{- and .root.Values.redis.enabled (eq .root.Values.queue.backend "redis") -}}
{{- else -}}
{{- .root.Values.postgresql.enabled -}}
{{- end -}}
{{- end -}}

{{/* A store of one pod with its own disk: root, store, port, user, folder, and the container's own part as `container`. */}}
{{- define "millrace.store" -}}
{{- $own := get .root.Values .store -}}
{{- $name := printf "%s-%s" (include "millrace.fullname" .root) .store -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  labels:
    {{- include "millrace.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .store }}
spec:
  selector:
    {{- include "millrace.selector" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .store }}
  ports:
    - name: {{ .store }}
      port: {{ .port }}
      targetPort: {{ .store }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $name }}
  labels:
    {{- include "millrace.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .store }}
spec:
  replicas: 1
  serviceName: {{ $name }}
  selector:
    matchLabels:
      {{- include "millrace.selector" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .store }}
  template:
    metadata:
      labels:
        {{- include "millrace.labels" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .store }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 999
        runAsGroup: 999
        fsGroup: 999
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: {{ .store }}
          image: {{ $own.image }}
          securityContext:
            {{- toYaml .root.Values.securityContext | nindent 12 }}
          {{- .container | trim | nindent 10 }}
          ports:
            - name: {{ .store }}
              containerPort: {{ .port }}
          resources:
            {{- toYaml $own.resources | nindent 12 }}
          volumeMounts:
            - name: data
              mountPath: {{ .folder }}
            - name: temporary
              mountPath: /tmp
            - name: temporary
              mountPath: /var/run/{{ .store }}
      volumes:
        - name: temporary
          emptyDir: {}
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        {{- with $own.storageClass }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests:
            storage: {{ $own.size }}
{{- end -}}
