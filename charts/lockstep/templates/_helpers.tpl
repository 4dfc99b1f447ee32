{{/* ---- Names ---- */}}

{{- define "lockstep.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The name that all objects begin with. 63 characters is what a label value, and so `app.kubernetes.io/name`, may hold. */}}
{{- define "lockstep.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "lockstep.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "lockstep.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* The full name with a suffix, cut so that both fit. Takes (list $ "suffix"). */}}
{{- define "lockstep.suffixed" -}}
{{- $suffix := printf "-%s" (index . 1) }}
{{- $room := sub 63 (len $suffix) | int }}
{{- include "lockstep.fullname" (index . 0) | trunc $room | trimSuffix "-" }}{{ $suffix }}
{{- end }}

{{- define "lockstep.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{- define "lockstep.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "lockstep.fullname" .) }}
{{- else }}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{/* ---- Labels ---- */}}

{{/* A Deployment's selector cannot change, so nothing that a user may want to change is in here. */}}
{{- define "lockstep.selectorLabels" -}}
app.kubernetes.io/name: {{ include "lockstep.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "lockstep.labels" -}}
{{- include "lockstep.labelsAnd" (list . dict) }}
{{- end }}

{{/* The labels of every object, and some more. One map, because a label that is named twice would be no YAML. Takes (list $ more). */}}
{{- define "lockstep.labelsAnd" -}}
{{- $root := index . 0 }}
{{- $chart := printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- $own := dict "app.kubernetes.io/version" $root.Chart.AppVersion "app.kubernetes.io/managed-by" $root.Release.Service "helm.sh/chart" $chart }}
{{- toYaml (merge (include "lockstep.selectorLabels" $root | fromYaml) (index . 1) $own $root.Values.commonLabels) }}
{{- end }}

{{/* ---- Scope ---- */}}

{{/* The one namespace that is looked at, or nothing. Scoped rights reach one namespace only, so they imply a scope. */}}
{{- define "lockstep.scope" -}}
{{- if .Values.scopedNamespace }}
{{- .Values.scopedNamespace }}
{{- else if .Values.scopedRBAC }}
{{- include "lockstep.namespace" . }}
{{- end }}
{{- end }}

{{/* "true" when replicas elect a leader. Without one, several replicas would all write. */}}
{{- define "lockstep.leaderElect" -}}
{{- if or .Values.leaderElect (gt (int .Values.replicaCount) 1) (hasKey .Values.extraArgs "enable-leader-election") -}}
true
{{- end }}
{{- end }}

{{- define "lockstep.leaseName" -}}
{{- .Values.leaderElectionID | default (get .Values.extraArgs "leader-election-id") | default "external-secrets-controller" }}
{{- end }}

{{/* "true" when metrics are told only to those who may read them. */}}
{{- define "lockstep.metricsAuth" -}}
{{- if .Values.metrics.listen.auth.enabled }}
{{- if not .Values.metrics.listen.secure.enabled }}
{{- fail "metrics.listen.auth.enabled takes metrics.listen.secure.enabled: without TLS, whoever listens has the token" }}
{{- end -}}
true
{{- end }}
{{- end }}

{{/* ---- The operator's command line ---- */}}

{{/*
The flags that differ from the operator's own defaults, as a map. A map, so that extraArgs can replace a flag instead of giving it twice.
*/}}
{{- define "lockstep.flags" -}}
{{- $v := .Values }}
{{- $flags := dict }}
{{- $live := printf "%s:%s" ($v.livenessProbe.spec.address | default "") (include "lockstep.livePort" .) }}
{{- $clusterWide := not $v.scopedRBAC }}
{{- $push := $v.processPushSecret }}
{{- with include "lockstep.scope" . }}{{ $_ := set $flags "namespace" . }}{{ end }}
{{- with $v.controllerClass }}{{ $_ := set $flags "controller-class" . }}{{ end }}
{{- with $v.storeRequeueInterval }}{{ $_ := set $flags "store-requeue-interval" . }}{{ end }}
{{- if include "lockstep.leaderElect" . }}{{ $_ := set $flags "enable-leader-election" true }}{{ end }}
{{- with $v.leaderElectionID }}{{ $_ := set $flags "leader-election-id" . }}{{ end }}
{{- with $v.leaderElectionLeaseDuration }}{{ $_ := set $flags "leader-election-lease-duration" . }}{{ end }}
{{- with $v.leaderElectionRenewDeadline }}{{ $_ := set $flags "leader-election-renew-deadline" . }}{{ end }}
{{- with $v.leaderElectionRetryPeriod }}{{ $_ := set $flags "leader-election-retry-period" . }}{{ end }}
{{- if ne (int $v.concurrent) 1 }}{{ $_ := set $flags "concurrent" $v.concurrent }}{{ end }}
{{- if ne $v.log.level "info" }}{{ $_ := set $flags "loglevel" $v.log.level }}{{ end }}
{{- if ne $v.log.timeEncoding "epoch" }}{{ $_ := set $flags "zap-time-encoding" $v.log.timeEncoding }}{{ end }}
{{- if ne $v.log.format "json" }}{{ $_ := set $flags "log-format" $v.log.format }}{{ end }}
{{- with $v.audit.log }}{{ $_ := set $flags "audit-log" . }}{{ end }}
{{- if ne (int $v.audit.maxSize) 100 }}{{ $_ := set $flags "audit-log-max-size" $v.audit.maxSize }}{{ end }}
{{- if ne (int $v.audit.maxFiles) 5 }}{{ $_ := set $flags "audit-log-max-files" $v.audit.maxFiles }}{{ end }}
{{- with $v.audit.tokenFile }}{{ $_ := set $flags "audit-log-token-file" . }}{{ end }}
{{- with $v.audit.caFile }}{{ $_ := set $flags "audit-log-ca-file" . }}{{ end }}
{{- if ne (int $v.metrics.listen.port) 8080 }}{{ $_ := set $flags "metrics-addr" (printf ":%d" (int $v.metrics.listen.port)) }}{{ end }}
{{- with $v.metrics.listen.secure }}
{{- if .enabled }}
{{- $_ := set $flags "metrics-secure" true }}
{{- with .certDir }}{{ $_ := set $flags "metrics-cert-dir" . }}{{ end }}
{{- with .certFile }}{{ $_ := set $flags "metrics-cert-name" . }}{{ end }}
{{- with .keyFile }}{{ $_ := set $flags "metrics-key-name" . }}{{ end }}
{{- end }}
{{- end }}
{{- if include "lockstep.metricsAuth" . }}{{ $_ := set $flags "metrics-auth" true }}{{ end }}
{{- if ne $live ":8082" }}{{ $_ := set $flags "live-addr" $live }}{{ end }}
{{- if $v.extendedMetricLabels }}{{ $_ := set $flags "enable-extended-metric-labels" true }}{{ end }}
{{- if $v.enableHTTP2 }}{{ $_ := set $flags "enable-http2" true }}{{ end }}
{{- if ne $v.ownIdentity "everywhere" }}{{ $_ := set $flags "own-identity" $v.ownIdentity }}{{ end }}
{{- if $v.genericTargets.enabled }}{{ $_ := set $flags "unsafe-allow-generic-targets" true }}{{ end }}
{{- if not $v.processSecretStore }}{{ $_ := set $flags "enable-secret-store-reconciler" false }}{{ end }}
{{- if not $push }}{{ $_ := set $flags "enable-push-secret-reconciler" false }}{{ end }}
{{- if not (and $v.processClusterStore $clusterWide) }}{{ $_ := set $flags "enable-cluster-store-reconciler" false }}{{ end }}
{{- if not (and $v.processClusterExternalSecret $clusterWide) }}{{ $_ := set $flags "enable-cluster-external-secret-reconciler" false }}{{ end }}
{{- if not (and $v.processClusterPushSecret $push $clusterWide) }}{{ $_ := set $flags "enable-cluster-push-secret-reconciler" false }}{{ end }}
{{- if include "lockstep.webhook" . }}
{{- $_ := set $flags "webhook-port" $v.webhook.port }}
{{- $_ := set $flags "webhook-service" (include "lockstep.suffixed" (list . "webhook")) }}
{{- if $v.webhook.certManager.enabled }}{{ $_ := set $flags "webhook-cert-dir" $v.webhook.certDir }}{{ end }}
{{- if ne $v.webhook.certificateLife "2160h" }}{{ $_ := set $flags "webhook-certificate-life" $v.webhook.certificateLife }}{{ end }}
{{- /* Of the arguments of ESO's webhook, those that mean something here. */}}
{{- range $flag := list "tls-ciphers" "tls-min-version" }}
{{- with get ($v.webhook.extraArgs | default dict) $flag }}{{ $_ := set $flags (printf "webhook-%s" $flag) . }}{{ end }}
{{- end }}
{{- end }}
{{- range $flag, $value := $v.extraArgs }}{{ $_ := set $flags $flag $value }}{{ end }}
{{- toYaml $flags }}
{{- end }}

{{/* The arguments, one line each, sorted by flag. */}}
{{- define "lockstep.args" -}}
- operator
{{- range $flag, $value := include "lockstep.flags" . | fromYaml }}
{{- if or (kindIs "invalid" $value) (eq (toString $value) "") }}
- --{{ $flag }}
{{- else if kindIs "float64" $value }}
{{- /* Helm reads every number as a float, which prints a large one as 1e+06. */}}
- {{ printf "--%s=%s" $flag (ternary (int64 $value | toString) (toString $value) (eq (floor $value) $value)) | quote }}
{{- else }}
- {{ printf "--%s=%v" $flag $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "lockstep.livePort" -}}
{{- .Values.livenessProbe.spec.port | default 8082 }}
{{- end }}

{{/* ---- The webhook ---- */}}

{{/*
"true" if the API server is to ask. Who may only write in one namespace cannot tell it whom to trust; cert-manager can.
*/}}
{{- define "lockstep.webhook" -}}
{{- $webhook := .Values.webhook }}
{{- if and $webhook.create .Values.createOperator (or (not .Values.scopedRBAC) $webhook.certManager.enabled) -}}
true
{{- end }}
{{- end }}

{{/* ---- The pod ---- */}}

{{- define "lockstep.image" -}}
{{- $repository := .Values.global.repository | default .Values.image.repository }}
{{- if eq (base $repository) "external-secrets" }}
{{- fail (printf "%s is the image of External Secrets Operator, and this chart runs lockstep: leave image.repository and image.tag out of the values, or name a mirror of lockstep's image" $repository) }}
{{- end }}
{{- $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "lockstep.openShift" -}}
{{- if .Capabilities.APIVersions.Has "security.openshift.io/v1" }}true{{ end }}
{{- end }}

{{/* A security context as the user gave it, without our switch, and on OpenShift without what that assigns. Takes (list $ $context). */}}
{{- define "lockstep.securityContext" -}}
{{- $root := index . 0 }}
{{- $context := omit (index . 1) "enabled" }}
{{- $adapt := $root.Values.global.compatibility.openshift.adaptSecurityContext }}
{{- if or (eq $adapt "force") (and (eq $adapt "auto") (include "lockstep.openShift" $root)) }}
{{- $context = omit $context "fsGroup" "runAsUser" "runAsGroup" }}
{{- end }}
{{- toYaml $context }}
{{- end }}

{{/* A probe without the two fields that are not a probe's but say where the operator listens. */}}
{{- define "lockstep.probe" -}}
{{- toYaml (omit . "address" "port") }}
{{- end }}

{{/*
How pods are spread. A constraint counts the pods that its selector finds, and without one it finds none, so it gets ours. Several replicas of which
nothing is said go to different nodes where they can: on one node they would fall together.
*/}}
{{- define "lockstep.spread" -}}
{{- $own := dict "matchLabels" (include "lockstep.selectorLabels" . | fromYaml) }}
{{- $constraints := .Values.topologySpreadConstraints | default .Values.global.topologySpreadConstraints }}
{{- $spread := list }}
{{- if and (not $constraints) (not (.Values.affinity | default .Values.global.affinity)) (gt (int .Values.replicaCount) 1) }}
{{- $constraints = list (dict "maxSkew" 1 "topologyKey" "kubernetes.io/hostname" "whenUnsatisfiable" "ScheduleAnyway") }}
{{- end }}
{{- range $constraints }}
{{- $spread = append $spread (hasKey . "labelSelector" | ternary . (merge (dict "labelSelector" $own) .)) }}
{{- end }}
{{- with $spread }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* ---- Monitoring ---- */}}

{{/* How Prometheus reads a replica. Takes (list $ valuesOfAMonitor). */}}
{{- define "lockstep.endpoint" -}}
{{- $listen := (index . 0).Values.metrics.listen }}
{{- with index . 1 }}
- port: metrics
  interval: {{ .interval }}
  scrapeTimeout: {{ .scrapeTimeout }}
  honorLabels: {{ .honorLabels }}
  {{- if $listen.secure.enabled }}
  scheme: https
  # The certificate may be one that nobody has signed.
  tlsConfig:
    insecureSkipVerify: true
  {{- end }}
  {{- with .metricRelabelings }}
  metricRelabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .relabelings }}
  relabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The label `job` that the Prometheus operator gives to our series: the Service's name, or the PodMonitor's with its namespace. */}}
{{- define "lockstep.job" -}}
{{- $name := include "lockstep.suffixed" (list . "metrics") }}
{{- if .Values.prometheusRule.job }}
{{- .Values.prometheusRule.job }}
{{- else if .Values.podMonitor.enabled }}
{{- .Values.podMonitor.namespace | default (include "lockstep.namespace" .) }}/{{ $name }}
{{- else }}
{{- $name }}
{{- end }}
{{- end }}

{{/* The label with an object's namespace. Prometheus has put the pod's own namespace into `namespace`, unless it was told to honour our labels. */}}
{{- define "lockstep.namespaceLabel" -}}
{{- $monitor := ternary .Values.podMonitor .Values.serviceMonitor .Values.podMonitor.enabled }}
{{- .Values.prometheusRule.namespaceLabel | default (ternary "namespace" "exported_namespace" $monitor.honorLabels) }}
{{- end }}

{{/* ---- Rights ---- */}}

{{/* Every generator but GeneratorState and ClusterGenerator, which have rules of their own. `cargo xtask chart-test` compares this with the CRDs. */}}
{{- define "lockstep.generators" -}}
- acraccesstokens
- beyondtrustworkloadcredentialsdynamicsecrets
- cloudsmithaccesstokens
- ecrauthorizationtokens
- fakes
- gcraccesstokens
- githubaccesstokens
- gitlabdeploytokens
- grafanas
- mfas
- passwords
- quayaccesstokens
- sshkeys
- stssessiontokens
- uuids
- vaultdynamicsecrets
- webhooks
{{- end }}

{{/* The kinds of external-secrets.io that are reconciled with these values; their status is ours to write. */}}
{{- define "lockstep.reconciled" -}}
{{- $v := .Values }}
{{- $clusterWide := not $v.scopedRBAC }}
- externalsecrets
{{- if $v.processSecretStore }}
- secretstores
{{- end }}
{{- if $v.processPushSecret }}
- pushsecrets
{{- end }}
{{- if and $clusterWide $v.processClusterStore }}
- clustersecretstores
{{- end }}
{{- if and $clusterWide $v.processClusterExternalSecret }}
- clusterexternalsecrets
{{- end }}
{{- if and $clusterWide $v.processClusterPushSecret $v.processPushSecret }}
- clusterpushsecrets
{{- end }}
{{- end }}

{{/* ---- CRDs ---- */}}

{{/*
Helm deletes what the release had and this chart does not have. ESO's chart has CRDs without the annotation that keeps them, so an upgrade from it
that leaves some out (installCRDs: false leaves out all) would delete them, and with them every object and every Secret that an ExternalSecret owns.
Takes (list $ namesOfCrdsInThisChart).
*/}}
{{- define "lockstep.refuseToDropCrds" -}}
{{- $root := index . 0 }}
{{- $ours := index . 1 }}
{{- $release := $root.Release }}
{{- /* Who may only write in one namespace may not list CRDs, and cannot delete them either. */}}
{{- if and $release.IsUpgrade (or $root.Values.installCRDs (not $root.Values.scopedRBAC)) }}
{{- $lost := list }}
{{- range (lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "").items }}
{{- $notes := .metadata.annotations | default dict }}
{{- $owned := and (eq (get $notes "meta.helm.sh/release-name") $release.Name) (eq (get $notes "meta.helm.sh/release-namespace") $release.Namespace) }}
{{- if and $owned (ne (get $notes "helm.sh/resource-policy") "keep") (not (has .metadata.name $ours)) }}
{{- $lost = append $lost .metadata.name }}
{{- end }}
{{- end }}
{{- with $lost }}
{{- fail (printf "this upgrade would delete CRDs that are not part of the new chart, and all their objects with them. Keep them first:\n\n  kubectl annotate crd %s helm.sh/resource-policy=keep\n" (join " " .)) }}
{{- end }}
{{- end }}
{{- end }}

{{/* ---- Values without effect ---- */}}

{{/*
"true" if this kind of the Prometheus operator is wanted and the cluster can take it, or is to be taken as if it could. Takes (list $ value kind).
*/}}
{{- define "lockstep.monitoringKind" -}}
{{- $root := index . 0 }}
{{- $name := index . 1 }}
{{- $kind := index . 2 }}
{{- $settings := get $root.Values $name }}
{{- if $settings.enabled }}
{{- $known := $root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" $kind) }}
{{- if and (eq $settings.renderMode "failIfMissing") (not $known) }}
{{- fail (printf "%[1]s.enabled is set, but the cluster has no monitoring.coreos.com/v1 %[2]s. Install the Prometheus operator's CRDs first, or set %[1]s.renderMode to skipIfMissing" $name $kind) }}
{{- end }}
{{- if or $known (eq $settings.renderMode "alwaysRender") -}}
true
{{- end }}
{{- end }}
{{- end }}

{{/* The budget would let no pod go if there is only one. */}}
{{- define "lockstep.podDisruptionBudget" -}}
{{- if and .Values.podDisruptionBudget.enabled (gt (int .Values.replicaCount) 1) -}}
true
{{- end }}
{{- end }}

{{/*
Values of ESO's chart that were set and change nothing, one a line, with the reason. What asks for nothing (empty, or just switched off) is not named.
*/}}
{{- define "lockstep.withoutEffect" -}}
{{- $v := .Values }}
{{- $why := dict
      "bitwarden-sdk-server" "it is not part of this chart"
      "certController" "nothing needs one"
      "vault" "a login is always shared by all objects of a store"
}}
{{- $switches := list "create" "enabled" "enableTokenCache" }}
{{- range $name, $reason := $why }}
{{- $asked := false }}
{{- range $key, $setting := get $v $name }}
{{- if not (and (has $key $switches) (eq (toString $setting) "false")) }}{{ $asked = true }}{{ end }}
{{- end }}
{{- if $asked }}
{{ $name }}: {{ $reason }}
{{- end }}
{{- end }}
{{- $used := list "create" "port" "failurePolicy" "annotations" "secretAnnotations" "certificateLife" "certDir" "certManager" "service" }}
{{- $unused := list }}
{{- range $key, $setting := $v.webhook }}
{{- $isUsed := or (has $key $used) (eq $key "extraArgs") }}
{{- if and $setting (not $isUsed) }}{{ $unused = append $unused (printf "webhook.%s" $key) }}{{ end }}
{{- end }}
{{- range $flag, $setting := omit ($v.webhook.extraArgs | default dict) "tls-ciphers" "tls-min-version" }}
{{- $unused = append $unused (printf "webhook.extraArgs.%s" $flag) }}
{{- end }}
{{- with $unused }}
{{ join ", " . }}: the webhook runs in the operator's pod
{{- end }}
{{- if dig "enabled" false $v.crds.conversion }}
crds.conversion: no version needs one
{{- end }}
{{- if $v.image.flavour }}
image.flavour: there is only one
{{- end }}
{{- if and $v.podDisruptionBudget.enabled (not (include "lockstep.podDisruptionBudget" .)) }}
podDisruptionBudget: for one replica it would block every drain of its node
{{- end }}
{{- range $name, $kind := dict "podMonitor" "PodMonitor" "prometheusRule" "PrometheusRule" "serviceMonitor" "ServiceMonitor" }}
{{- if and (get $v $name).enabled (not (include "lockstep.monitoringKind" (list $ $name $kind))) }}
{{ $name }}: the cluster has no such kind
{{- end }}
{{- end }}
{{- end }}
