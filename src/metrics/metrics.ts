import type * as Prometheus from 'prom-client';
import type { Metric, OpenMetricsContentType } from 'prom-client';

/** Histogram buckets in seconds, from a memory lookup to the timeout of a client. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * All metrics of the RA. Label values are fixed words (routes, problem types, profiles, states) and ids of CA certificates.
 * They are never a name, an account or an address, so that the number of series is bounded.
 */
export type Metrics = ReturnType<typeof build>;

/** Creates the metrics; loads their library only now, because it is not needed without a metrics listener. */
export async function createMetrics(version: string): Promise<Metrics> {
  return build((await import('prom-client')).default, version);
}

function build(prom: (typeof Prometheus)['default'], version: string) {
  const registry = new prom.Registry();
  prom.collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new prom.Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new prom.Gauge({ name, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new prom.Histogram({ name, help, labelNames, registers, buckets: BUCKETS });
  const openMetrics = new prom.Registry<OpenMetricsContentType>();
  openMetrics.setContentType(prom.openMetricsContentType);
  const metrics = {
    registry,
    /** The same metrics in OpenMetrics format. */
    openMetrics,
    requests: histogram(
      'upki_http_request_duration_seconds',
      'Requests answered, by route.',
      'route',
      'method',
      'status',
    ),
    refusals: counter(
      'upki_refusals_total',
      'Requests refused, by ACME problem or REST code.',
      'route',
      'problem',
    ),
    admissionRefusals: counter(
      'upki_admission_refused_total',
      'Requests refused because of overload.',
      'listener',
    ),
    orders: counter(
      'upki_orders_total',
      'Orders sent to the CA: issued, refused, deferred while it is unreachable, queued.',
      'outcome',
    ),
    validations: counter(
      'upki_validations_total',
      'Attempts to validate a challenge.',
      'type',
      'outcome',
      'problem',
    ),
    validationSeconds: histogram(
      'upki_validation_duration_seconds',
      'Duration of a validation attempt.',
      'type',
    ),
    revocations: counter(
      'upki_revocations_total',
      'Certificates revoked by an ACME client or otherwise.',
      'by',
    ),
    limits: counter('upki_limits_hit_total', 'Requests refused by a limit.', 'limit'),
    storeSeconds: histogram(
      'upki_store_duration_seconds',
      'Duration of operations of the RA’s database.',
      'operation',
      'outcome',
    ),
    caSeconds: histogram(
      'upki_ca_duration_seconds',
      'Duration of operations of the CA.',
      'operation',
      'outcome',
    ),
    queue: gauge('upki_queue_items', 'Tasks of this RA, running and waiting.', 'queue', 'state'),
    up: gauge('upki_up', 'Whether the CA and the databases answered the last query.', 'what'),
    latency: gauge(
      'upki_latency_seconds',
      'How long the CA and the databases took to answer the last query.',
      'what',
    ),
    certificates: gauge('upki_certificates', 'Certificates of the CA.', 'profile', 'state'),
    notRenewed: gauge(
      'upki_certificates_not_renewed',
      'Certificates past their renewal window without a successor.',
      'profile',
    ),
    authorityEnds: gauge(
      'upki_authority_not_after_seconds',
      'When a CA certificate ends, Unix time.',
      'authority',
      'kind',
      'state',
    ),
    raCertificateEnds: gauge(
      'upki_ra_certificate_not_after_seconds',
      'When the certificate of this RA expires, Unix time.',
    ),
    crlThisUpdate: gauge('upki_crl_this_update_seconds', 'When the CRL was made, Unix time.', 'issuer'),
    crlNextUpdate: gauge('upki_crl_next_update_seconds', 'When the CRL ends, Unix time.', 'issuer'),
    crlNumber: gauge('upki_crl_number', 'Number of the CRL (RFC 5280 §5.2.3).', 'issuer'),
    auditRecords: gauge('upki_audit_records', 'Records in the audit log.', 'program'),
    auditBroken: gauge('upki_audit_broken', '1: the chain of the audit log was found broken.', 'program'),
    diskFree: gauge('upki_disk_free_bytes', 'Free disk space of the program.', 'program'),
    dnsSilent: gauge('upki_dns_silent', '1: no DNS server answers anything.'),
    caStarted: gauge('upki_ca_start_time_seconds', 'When the CA that answered was started, Unix time.'),
    backupAt: gauge(
      'upki_backup_last_seconds',
      'Time of the last complete backup, Unix time; absent when none is known.',
      'program',
    ),
    notices: counter('upki_notices_total', 'Notices sent, failed (and retried), dropped.', 'outcome'),
    noticesWaiting: gauge('upki_notices_waiting', 'Notices waiting to be sent by any RA on the store.'),
    build: gauge('upki_build_info', 'Always 1; the version is its label.', 'version'),
  };
  metrics.build.set({ version }, 1);
  for (const metric of registry.getMetricsAsArray()) openMetrics.registerMetric(metric as unknown as Metric);
  return metrics;
}
